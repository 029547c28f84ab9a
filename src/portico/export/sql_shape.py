"""SQL without its values: what two statements have in common that a loop asked. Pure."""

from __future__ import annotations

import re

#: As often as this, one statement is likelier a loop than a view that needs it.
REPEATED = 3
_LITERAL = re.compile(r"'(?:[^']|'')*'|%s|%\(\w+\)s|\$\d+|\b\d+(?:\.\d+)?\b|\?")
_LIST = re.compile(r"\(\?(?:, ?\?)+\)")


def shape(statement: str) -> str:
    """A statement without its values: two with the same shape are one, asked twice."""
    return _LIST.sub("(?)", _LITERAL.sub("?", statement))
