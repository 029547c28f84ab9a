"""nginx's regular expressions (PCRE) for Python's `re`."""

from __future__ import annotations

import re
from functools import lru_cache

#: Where the two write the same thing differently.
_TRANSLATED = {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)", r"\h": r"[ \t]", r"\R": r"(?:\r\n|\n|\r)", r"\e": r"\x1b"}
_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "xdigit": "0-9A-Fa-f",
    "space": r"\s",
    "word": r"\w",
    "punct": r"!-/:-@\[-`{-~",
}
_PARTS = re.compile(r"\\.|\[:(?P<class>[a-z]+):\]|\(\?(?:<(?P<angle>[A-Za-z_]\w*)>|'(?P<quote>[A-Za-z_]\w*)')", re.DOTALL)


@lru_cache(maxsize=512)
def pattern(text: str, caseless: bool = False) -> re.Pattern[str] | None:
    """Compiled; None when Python cannot express it. It is searched for, not anchored, as in nginx."""
    try:
        return re.compile(_PARTS.sub(_translate, text), re.ASCII | (re.IGNORECASE if caseless else 0))
    except (re.error, OverflowError, RecursionError):
        return None


def _translate(match: re.Match[str]) -> str:
    if name := match["angle"] or match["quote"]:
        return f"(?P<{name}>"
    if match["class"]:
        return _CLASSES.get(match["class"], match[0])
    return _TRANSLATED.get(match[0], match[0])
