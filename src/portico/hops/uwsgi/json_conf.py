"""A JSON file as uWSGI takes it (core/json.c of its sources, with jansson). Pure."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from portico.hops.uwsgi.entries import MOST_OPTIONS, Entry, Parsed, short

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.S)
_MOST_TOKENS = 8 * MOST_OPTIONS
_INT_MIN, _INT_MAX = -(1 << 31), (1 << 31) - 1


def parse(text: str, section: str) -> Parsed:
    """The settings of the object `section`. A key that comes again keeps its place and takes the later value."""
    try:
        root = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return Parsed(error=(error.lineno, error.colno, error.msg[0].lower() + error.msg[1:]))
    except (ValueError, RecursionError) as error:
        return Parsed(error=(1, 1, "it is nested too deep" if isinstance(error, RecursionError) else str(error)))
    if not isinstance(root, dict) or not isinstance(root.get(section), dict):
        return Parsed(error=(1, 1, f"there is no object `{section}`, without which uWSGI does not start"))
    lines = _Lines(text)
    keys = {key.name: key for key in _keys(text, section, lines)}
    entries: list[Entry] = []
    problems: list[tuple[int, str]] = []
    for name, value in root[section].items():
        key = keys.get(name) or _Key(name, 1)
        if len(entries) > MOST_OPTIONS:
            break
        for at, part in enumerate(value[: MOST_OPTIONS + 1] if isinstance(value, list) else [value]):
            said = _text(part)
            line = key.lines[at] if at < len(key.lines) else key.line
            if said is None:
                problems.append(
                    (line, f"uWSGI ignores the value of `{short(name)}`: it is no text, whole number or true/false")
                )
            else:
                problems += _large(name, part, line)
                entries.append(Entry(name, said, line, tuple(key.spans)))
    return Parsed(tuple(entries), tuple(problems))


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return "0"
    if value is True:
        return "1"
    return str(value) if isinstance(value, int) else None


def _large(name: str, value: Any, line: int) -> Iterator[tuple[int, str]]:
    if isinstance(value, int) and not _INT_MIN <= value <= _INT_MAX:
        yield line, f"uWSGI cuts the number of `{short(name)}` off at 32 bits: write it as text"


@dataclass
class _Key:
    name: str
    line: int
    spans: list[tuple[int, int]] = field(default_factory=list)
    #: Of each item of its list, or of its only value.
    lines: list[int] = field(default_factory=list)


class _Lines:
    """Line numbers of offsets that only grow."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.line = 1

    def of(self, offset: int) -> int:
        self.line += self.text.count("\n", self.offset, offset)
        self.offset = offset
        return self.line


def _keys(text: str, section: str, lines: _Lines) -> list[_Key]:
    """The keys of the object `section` (of the last one, when there are several) in a text that is JSON."""
    walk = _Walk(section, lines)
    for match in itertools.islice(_TOKEN.finditer(text), _MOST_TOKENS):
        walk.take(match[0], match.start(), match.end())
    return list(walk.found.values())


class _Walk:
    """Goes through the tokens of valid JSON. Depth 1 is inside the root, 2 inside its values, 3 inside lists of those."""

    def __init__(self, section: str, lines: _Lines) -> None:
        self.section = section
        self.lines = lines
        self.found: dict[str, _Key] = {}
        self.name = ""
        self.key: _Key | None = None
        self.depth = 0
        self.inside = self.expects_key = False
        self.in_object: list[bool] = []

    def take(self, word: str, start: int, end: int) -> None:
        if word in ("{", "["):
            self._value(start)
            self._open(word)
        elif word in ("}", "]"):
            self.depth -= 1
            self.in_object.pop()
            self.inside = self.inside and self.depth >= 2
            self.expects_key = False
        elif word == ",":
            self.expects_key = self.in_object[-1]
        elif word == ":":
            self.expects_key = False
        elif self.expects_key:
            self._name(word, start, end)
        else:
            self._value(start)

    def _open(self, word: str) -> None:
        self.depth += 1
        self.in_object.append(word == "{")
        self.expects_key = word == "{"
        if self.depth == 2 and word == "{" and self.name == self.section:
            self.inside, self.found, self.key = True, {}, None

    def _name(self, word: str, start: int, end: int) -> None:
        if self.depth == 1:
            self.name = json.loads(word)
        elif self.depth == 2 and self.inside:
            name = json.loads(word)
            line = self.lines.of(start)
            self.key = self.found.setdefault(name, _Key(name, line))
            self.key.line, self.key.lines = line, []
            self.key.spans.append((start + 1, end - 1))

    def _value(self, start: int) -> None:
        """Of a list that is the value its items count, not the list."""
        if not self.inside or self.key is None:
            return
        if self.depth == 3 and not self.in_object[-1]:
            self.key.lines.append(self.lines.of(start))
