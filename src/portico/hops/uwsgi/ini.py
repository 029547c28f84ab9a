"""A uWSGI configuration file as options, read the way uWSGI reads it (core/ini.c and core/config.c of its sources). Pure.

https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from portico.hops.uwsgi.option_names import ALIASES, FLAGS, KNOWN
from portico.model.directive import Option

_OTHER_KINDS = {".yaml": "YAML", ".yml": "YAML", ".xml": "XML", ".json": "JSON", ".js": "JSON"}
_INCLUDES = ("ini", "include", "inherit", "config")
#: An address that is not a file: `fd://3`, `exec://program`, `http://...`.
_SCHEME = re.compile(r"[\w+]+://")
_OFF = ("false", "off", "no", "0")
_BOM = "\ufeff"


def parse(text: str, file: str, section: str = "uwsgi") -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """The options of a file in order, and what is odd about it, one sentence each with its `file:line`.

    `file` is absolute. `section` is the one that uWSGI was asked for (`--ini FILE:SECTION`); one that comes again is merged.
    Second names are replaced by the first (`venv` by `home`); other names are as written, since `_` is not `-` to uWSGI.
    """
    for suffix, kind in _OTHER_KINDS.items():
        if file.endswith(suffix):
            return (), (f"{file}: {kind} configuration is not read",)
    reader = _Reader(file, section)
    for number, line in enumerate(text.split("\n"), 1):
        reader.take(number, line.strip())
    return _expanded(reader.options, file), (*reader.no_section(), *reader.problems)


class _Reader:
    """Takes the lines one after another. uWSGI has no inline comments, no quotes and no continued lines."""

    def __init__(self, file: str, section: str) -> None:
        self.file = file
        self.asked = section
        self.section: str | None = None
        self.sections: list[tuple[int, str]] = []
        self.options: list[Option] = []
        self.problems: list[str] = []

    def take(self, number: int, line: str) -> None:
        if not line or line[0] in ";#":
            return
        if line[0] == "[":
            # uWSGI cuts the last character off, whatever it is.
            self.section = line[1:-1]
            self.sections.append((number, line))
            if self.section.startswith(self.asked + ":"):
                self.note(number, f"the section {line} counts only when it is asked for by name")
            return
        if self.section is None:
            if line.startswith(_BOM):
                self.sections.append((number, line))
            self.note(number, f"`{_short(line)}` stands before any section and is ignored")
        elif self.section == self.asked:
            self.option(number, line)

    def option(self, number: int, line: str) -> None:
        name, sign, value = (part.strip() for part in line.partition("="))
        option = normal(Option(name, value, f"{self.file}:{number}", value))
        if not sign and option.name not in FLAGS:
            self.note(number, f"`{_short(line)}` is no `key = value`")
        if comment := re.search(r"\s[#;]", value):
            rest = value[comment.start() :].strip()
            self.note(number, f"`{_short(rest)}` is part of the value of `{name}`: there are no comments behind a value")
        if name.startswith(("if-", "if", "for")) and name in KNOWN:
            self.note(number, f"what stands under `{_short(line)}` was taken as if it held")
        self.options += with_set(option)

    def note(self, number: int, text: str) -> None:
        self.problems.append(f"{self.file}:{number}: {text}")

    def no_section(self) -> Iterator[str]:
        if any(line[1:-1] == self.asked for _, line in self.sections):
            return
        if not self.sections:
            yield f"{self.file}: there is no section [{self.asked}], so all of it is ignored"
            return
        number, line = next((entry for entry in self.sections if self.asked in entry[1].lower()), self.sections[0])
        said = "a byte order mark before " + line.removeprefix(_BOM) if line.startswith(_BOM) else line
        yield f"{self.file}:{number}: there is no section [{self.asked}], so all of it is ignored; there is {said}"


def _short(text: str) -> str:
    """A line for people, without what may be a secret behind a `=`."""
    return text.partition("=")[0].strip()[:60]


def normal(option: Option) -> Option:
    """Under its first name; a flag is `true` or `false`, as uWSGI takes its text."""
    name = ALIASES.get(option.name, option.name)
    if name in FLAGS:
        return replace(option, name=name, value="false" if option.value.lower() in _OFF else "true")
    return replace(option, name=name)


def with_set(option: Option) -> tuple[Option, ...]:
    """An option, and where it is `set = name=value` the option that it sets."""
    name, sign, value = option.value.partition("=")
    if option.name != "set" or not sign:
        return (option,)
    return option, normal(Option(name, value, option.where, value))


def includes(options: Sequence[Option]) -> tuple[str, ...]:
    """The configuration files that the options pull in, in order, as written: uWSGI looks for them from the folder it was
    started in. Without the section that may follow (`base.ini:production`)."""
    return tuple(path for option in options if option.name in _INCLUDES and (path := file_of(option.value)))


def file_of(value: str) -> str:
    """The file of `FILE` or `FILE:SECTION`; empty when it is none (standard input, a URL, a section of the same file)."""
    if value == "-" or _SCHEME.match(value):
        return ""
    head, sign, _ = value.partition(".ini:")
    return head + ".ini" if sign else value.partition(":")[0]


_MAGIC = re.compile(r"%(?:\((?P<name>[^)]*)\)|(?P<letter>(?s:.))|$)")
#: Facts of the machine and the moment, which the text does not tell.
_UNKNOWN = frozenset("hivVkuUgGtTjbr")
_DEPTH = 5
#: Placeholders made of placeholders grow without end; in one file so many are followed.
_MOST_FOLLOWED = 20_000


def _expanded(options: list[Option], file: str) -> tuple[Option, ...]:
    placeholders: dict[str, str] = {}
    for option in options:
        if option.name == "set-placeholder":
            name, _, value = option.value.partition("=")
            placeholders.setdefault(name, value)
        placeholders.setdefault(option.name, option.value)
    magic = _of_path(file)
    left = [_MOST_FOLLOWED]
    return tuple(replace(option, value=_expand(option.value, magic, placeholders, left, _DEPTH)) for option in options)


def _of_path(file: str) -> dict[str, str]:
    """The magic variables that follow from the path: https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html."""
    folder, _, name = file.rpartition("/")
    parts = folder.strip("/").split("/")
    stem, _, suffix = name.rpartition(".")
    known = {"d": folder + "/", "p": file, "o": file, "s": name, "n": stem or name, "e": suffix, "c": parts[-1], "%": "%"}
    return known | {str(number): part for number, part in enumerate(parts[:10])}


def _expand(value: str, magic: dict[str, str], placeholders: dict[str, str], left: list[int], depth: int) -> str:
    def one(match: re.Match[str]) -> str:
        name, letter = match["name"], match["letter"]
        if name is not None:
            found = placeholders.get(name)
            left[0] -= 1
            if found is None or not depth or left[0] < 0:
                return match[0]
            return _expand(found, magic, placeholders, left, depth - 1)
        if letter is None:
            return ""
        return match[0] if letter in _UNKNOWN or letter == "(" else magic.get(letter, "")

    return _MAGIC.sub(one, value) if "%" in value else value
