"""What a configuration file of uWSGI says, whatever its format: names and values with their places. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

#: No configuration that somebody wrote has more options, or more lines; reading much larger ones would take minutes.
MOST_OPTIONS = 20_000
MOST_LINES = 50_000
TOO_MANY = f"more than {MOST_OPTIONS} options"


@dataclass(frozen=True)
class Entry:
    """One setting as the file has it, before any logic. `line` counts from 1; `spans` are the places of its name in the text
    (two in XML: both tags), as offsets of characters."""

    name: str
    value: str
    line: int
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Parsed:
    """A file as its entries. `problems` are what is odd, each with its line (0: of the whole file). `error` is a line, a
    column (both from 1) and a sentence when the text is no such file at all; then there are no entries."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[tuple[int, str], ...] = ()
    error: tuple[int, int, str] | None = None


def short(text: str) -> str:
    """A line for people, without what may be a secret behind a `=`."""
    return text.partition("=")[0].strip()[:60]


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
