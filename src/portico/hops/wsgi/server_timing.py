"""The Server-Timing header: durations that an application tells its client (https://www.w3.org/TR/server-timing/)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_SPACE = " \t"
#: https://www.rfc-editor.org/rfc/rfc9110#name-tokens
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
#: What a value ends at; within quotes only the quote ends it.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?$)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
#: As much of a text as is a number (https://html.spec.whatwg.org/#rules-for-parsing-floating-point-number-values).
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


def server_timing(headers: Iterable[Sequence[str]]) -> list[dict[str, Any]]:
    """The entries of all Server-Timing headers in `headers`, which are pairs of name and value, in the order they came:
    `name`, `duration_ms` (None where the entry names none, or none that is a finite number of at least 0) and `description`
    (empty where there is none).

    Junk never fails: an entry whose name is no token is left out, and so is a parameter whose name is none. Of a
    parameter given twice, the first counts, as in browsers.
    """
    values = (value for name, value in headers if name.lower() == "server-timing")
    return [entry for value in values for entry in _entries(value)]


def _entries(value: str) -> Iterator[dict[str, Any]]:
    for parts in _split(value):
        name = parts[0].strip(_SPACE)
        if not _TOKEN.fullmatch(name):
            continue
        said = _parameters(parts[1:])
        yield {"name": name, "duration_ms": _milliseconds(said.get("dur", "")), "description": said.get("desc", "")}


def _split(value: str) -> Iterator[list[str]]:
    """The parts between semicolons, for each entry between commas; what stands in quotes separates nothing."""
    parts, at, start = [], 0, 0
    while at < len(value):
        letter = value[at]
        if letter == '"':
            quoted = _QUOTED.match(value, at)
            at = quoted.end() if quoted else len(value)
            continue
        if letter in ",;":
            parts.append(value[start:at])
            start = at + 1
        if letter == ",":
            yield parts
            parts = []
        at += 1
    yield [*parts, value[start:]]


def _parameters(parts: Iterable[str]) -> dict[str, str]:
    """Name to value, the first of each; a parameter that is no token before an equals sign is passed over."""
    said: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        name = name.strip(_SPACE).lower()
        if _TOKEN.fullmatch(name):
            said.setdefault(name, _value(value.strip(_SPACE)))
    return said


def _value(text: str) -> str:
    quoted = _QUOTED.match(text)
    if quoted:
        return _ESCAPED.sub(r"\1", quoted[1])
    token = _TOKEN.match(text)
    return token[0] if token else ""


def _milliseconds(text: str) -> float | None:
    number = _NUMBER.match(text)
    milliseconds = float(number[0]) if number else math.nan
    return milliseconds if math.isfinite(milliseconds) and milliseconds >= 0 else None
