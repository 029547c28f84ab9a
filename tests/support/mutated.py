"""Texts with some of them gone, doubled, exchanged or written over, as a hand, an editor or a broken disk leaves them."""

from __future__ import annotations

import random
import re

#: Pieces of a text, and how many of them are taken at once.
_WAYS = ((re.compile(r"[^\n]*\n|[^\n]+"), 2), (re.compile(r"\w+|\s+|.", re.DOTALL), 12))
#: Characters and words of nginx's language and uWSGI's, and what belongs to none.
DEBRIS = (
    *("", "{", "}", ";", '"', "'", "\\", "#", "$", "${", "(", "`", " ", "include a;", "include *;", "if () {"),
    *("%(", "%(x)", "@(", "$(", "=", "[", "]", "<", ">", ":", "[uwsgi]", "ini = :x", "null"),
    *("for = a b", "endfor =", "if-env = X", "endif ="),
    *("\r\n", "\n", "\t", "\0", "\ufeff", "\u00a0", "é", "🙂", "-1", "99999999999999999999"),
)


def mutated(text: str, chance: random.Random, most: int = 5) -> str:
    """The text after one to `most` changes of lines or of words."""
    for _ in range(chance.randint(1, most)):
        pattern, many = chance.choice(_WAYS)
        if pieces := pattern.findall(text):
            _change(pieces, many, chance)
        text = "".join(pieces)
    return text


def _change(pieces: list[str], many: int, chance: random.Random) -> None:
    start = chance.randrange(len(pieces))
    end = start + chance.randint(0, many)
    action = chance.randrange(4)
    if action == 0:
        pieces[start:end] = [chance.choice(DEBRIS)]
    elif action == 1:
        pieces[start:start] = pieces[start:end]
    elif action == 2:
        pieces[start:end] = pieces[start:end][::-1]
    else:
        pieces[start] = chance.choice(pieces)
