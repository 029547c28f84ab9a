"""The lines of an ini file as uWSGI takes them (core/ini.c of its sources). Pure.

https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html#ini-files
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.uwsgi.entries import Entry, Parsed, short
from portico.hops.uwsgi.option_names import ALIASES, FLAGS

_BOM = "\ufeff"
_BLANK = " \t\r"


def parse(text: str, section: str) -> Parsed:
    """The settings of one section; a section that comes again is merged. Every text is an ini file."""
    lines = _Lines(section)
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        lines.take(number, line.strip(_BLANK), start + len(line) - len(line.lstrip(_BLANK)))
        start += len(line) + 1
    return Parsed(tuple(lines.entries), (*lines.no_section(), *lines.problems))


class _Lines:
    """Takes the lines one after another. uWSGI has no inline comments, no quotes and no continued lines."""

    def __init__(self, section: str) -> None:
        self.asked = section
        self.section: str | None = None
        self.sections: list[tuple[int, str]] = []
        self.entries: list[Entry] = []
        self.problems: list[tuple[int, str]] = []

    def take(self, number: int, line: str, start: int) -> None:
        if not line or line[0] in ";#":
            return
        if line[0] == "[":
            # uWSGI cuts the last character off, whatever it is.
            self.section = line[1:-1]
            self.sections.append((number, line))
            if self.section.startswith(self.asked + ":"):
                self._note(number, f"the section {line} counts only when it is asked for by name")
            return
        if self.section is None:
            if line.startswith(_BOM):
                self.sections.append((number, line))
            self._note(number, f"`{short(line)}` stands before any section and is ignored")
        elif self.section == self.asked:
            self._entry(number, line, start)

    def _entry(self, number: int, line: str, start: int) -> None:
        name, sign, value = (part.strip(_BLANK) for part in line.partition("="))
        if not sign and ALIASES.get(name, name) not in FLAGS and not name.startswith("end"):
            self._note(number, f"`{short(line)}` is no `key = value`")
        if comment := re.search(r"\s[#;]", value):
            rest = short(value[comment.start() :])
            self._note(number, f"`{rest}` is part of the value of `{name}`: there are no comments behind a value")
        self.entries.append(Entry(name, value, number, ((start, start + len(name)),)))

    def _note(self, number: int, text: str) -> None:
        self.problems.append((number, text))

    def no_section(self) -> Iterator[tuple[int, str]]:
        if any(line[1:-1] == self.asked for _, line in self.sections):
            return
        if not self.sections:
            yield 0, f"there is no section [{self.asked}], so all of it is ignored"
            return
        number, line = next((entry for entry in self.sections if self.asked in entry[1].lower()), self.sections[0])
        said = "a byte order mark before " + line.removeprefix(_BOM) if line.startswith(_BOM) else line
        yield number, f"there is no section [{self.asked}], so all of it is ignored; there is {said}"
