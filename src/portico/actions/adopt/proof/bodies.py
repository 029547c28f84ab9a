"""Where two bodies differ, once all is left aside that differs from one answer to the next; and an excerpt of that place,
without secrets. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Sequence

from portico.model.proof import Difference

_WORD = re.compile(r"([A-Za-z0-9_.:+=~-]+)")
_BY_ITSELF = "it differs from one answer to the next on the same side, too"
#: An excerpt has so many characters, of which so many before the first that differs.
_SHOWN, _BEFORE = 44, 16
#: So many words and characters on each side of that place are looked at, so that no secret is cut before it is known.
_WORDS, _AROUND = 120, 1200
_SAMPLE = 1 << 16
_HIDDEN = "…"
_NAMED = r"(?:csrf|token|nonce|secret|passw|session|key|auth|signature)"
#: A field of a form or a `meta` whose name says that its value is for one client only.
_FIELD = re.compile(rf"(?is)<(?:input|meta)\b[^>]*?(?:name|id|property)=[\"']?[\w:.-]*{_NAMED}[^>]*>")
_FIELD_VALUE = re.compile(r"(?i)((?:value|content)=)(\"[^\"]*\"|'[^']*'|[^\s>]+)")
_NONCE = re.compile(r"(?i)(\bnonce(?:=|-)[\"']?)[\w+/=-]+")
_SAYS = r"(?:csrf\w*|token\w*|nonce|secret\w*|passw\w*|session\w*|(?:api|secret|private)[_-]?key|authorization|signature)"
_GIVEN = re.compile(rf"(?i)([\w-]*{_SAYS}[\"']?\s*[:=]\s*[\"']?)[^\s\"'<>,;&}}]+")
#: What is long and a mixture is no word of a page.
_MIXTURE = re.compile(r"(?=[\w+=~-]*[0-9])(?=[\w+=~-]*[A-Za-z])[\w+=~-]{24,}", re.ASCII)


def differing(old: Sequence[bytes], new: Sequence[bytes], clean: Callable[[str], str]) -> Difference | None:
    """What is to be said of the bodies of several answers of each side, of which the first are compared; None when they are
    alike. `clean` takes known secrets out of a text."""
    if old[0] == new[0]:
        return None
    split = [[_WORD.split(body.decode("latin-1")) for body in side] for side in (old, new)]
    if any(words[::2] != side[0][::2] for side in split for words in side):
        # Not one shape: nothing can be said about where it varies.
        return Difference("body", _size(old[0]), _size(new[0]), True, _BY_ITSELF)
    before, after = split[0][0], split[1][0]
    varying = {at for side in split for words in side for at, word in enumerate(words) if word != side[0][at]}
    at = _first(before, after, varying)
    if at is None:
        return None
    place = len("".join(before[:at])) + _alike("".join(before[at : at + 1]), "".join(after[at : at + 1]))
    sizes = [f"{_size(body)}, at byte {place}" for body in (old[0], new[0])]
    if not (_is_text(old[0]) and _is_text(new[0])):
        return Difference("body", sizes[0], sizes[1])
    texts = _excerpts(_around(before, at, varying), _around(after, at, varying), clean)
    return Difference("body", f"{sizes[0]}: {texts[0]}", f"{sizes[1]}: {texts[1]}")


def _size(body: bytes) -> str:
    return f"{len(body)} bytes"


def _first(before: Sequence[str], after: Sequence[str], varying: Collection[int]) -> int | None:
    """The number of the first word that differs and does not do so by itself."""
    pairs = enumerate(zip(before, after, strict=False))
    found = next((at for at, (one, other) in pairs if one != other and at not in varying), None)
    shorter = min(len(before), len(after))
    return shorter if found is None and len(before) != len(after) else found


def _alike(one: str, other: str) -> int:
    """How many characters both begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def _is_text(body: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body[:_SAMPLE])
    except UnicodeDecodeError:
        return False
    return b"\0" not in body[:_SAMPLE]


def _around(words: Sequence[str], at: int, varying: Collection[int]) -> tuple[str, str]:
    """The text before that word and the text from it on."""

    def text(start: int, end: int) -> str:
        found = (_HIDDEN.encode().decode("latin-1") if one in varying else words[one] for one in range(start, end))
        return "".join(found).encode("latin-1").decode("utf-8", "replace")

    head, tail = text(max(0, at - _WORDS), min(at, len(words))), text(at, min(at + _WORDS, len(words)))
    return head[-_AROUND:], tail[:_AROUND]


def _excerpts(old: tuple[str, str], new: tuple[str, str], clean: Callable[[str], str]) -> tuple[str, str]:
    """Both places, masked; where all that differs is secret, that."""
    texts = [_discreet(clean("".join(side))) for side in (old, new)]
    if texts[0] == texts[1]:
        return ("a value that is not shown", "another value that is not shown")
    place = _alike(*texts)
    first, second = (_excerpt(text, place) for text in texts)
    return first, second


def _discreet(text: str) -> str:
    text = _FIELD.sub(lambda found: _FIELD_VALUE.sub(rf'\1"{_HIDDEN}"', found[0]), text)
    text = _GIVEN.sub(rf"\1{_HIDDEN}", _NONCE.sub(rf"\1{_HIDDEN}", text))
    return _MIXTURE.sub(_HIDDEN, text)


def _excerpt(text: str, place: int) -> str:
    start = max(0, place - _BEFORE)
    cut = text[start : start + _SHOWN]
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in cut)
    return f"{'…' if start else ''}{shown}{'…' if start + _SHOWN < len(text) else ''}" or "its end"
