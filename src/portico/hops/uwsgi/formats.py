"""The formats of uWSGI's configuration files: which one a file has, and its entries. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from portico.hops.uwsgi import ini_lines, json_conf, magic, xml_conf, yaml_conf
from portico.hops.uwsgi.entries import Parsed

Format = Literal["ini", "yaml", "xml", "json"]

#: By the end of a name, as uWSGI goes by it (uwsgi_opt_load in core/uwsgi.c).
SUFFIXES: dict[str, Format] = {
    ".ini": "ini",
    ".xml": "xml",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".js": "json",
}
#: By the option that loads a file.
LOADERS: dict[str, Format] = {
    "ini": "ini",
    "xml": "xml",
    "xmlconfig": "xml",
    "yaml": "yaml",
    "yml": "yaml",
    "json": "json",
    "js": "json",
}
_PARSERS = {"ini": ini_lines.parse, "yaml": yaml_conf.parse, "xml": xml_conf.parse, "json": json_conf.parse}


def by_name(name: str) -> Format | None:
    """The format that the end of a file's name stands for."""
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def by_text(text: str) -> Format:
    """The format of a file whose name does not tell it."""
    begin = text.lstrip("\ufeff \t\r\n")[:1]
    return "xml" if begin == "<" else "json" if begin == "{" else "ini"


def parse(kind: Format, text: str, section: str = "uwsgi") -> Parsed:
    """The entries of the section that is asked for. Never raises, whatever the text is."""
    return _PARSERS[kind](text, section)


def raw_values(
    parsed: Parsed, text: str, read: str, kind: Format, section: str, numbers: Sequence[int]
) -> tuple[list[str], bool]:
    """The values before magic variables were replaced, and whether each is known: a `%` in front of a line end takes that
    with it, so that one entry is read where the text has two. `numbers` are those of `magic.substituted`."""
    before = parsed if text == read else parse(kind, text, section)
    if len(before.entries) == len(parsed.entries):
        return [entry.value for entry in before.entries], True
    at_line = {(entry.line, entry.name): entry.value for entry in before.entries}
    places = [(magic.line_of(entry.line, numbers), entry.name) for entry in parsed.entries]
    return [at_line.get(place, entry.value) for place, entry in zip(places, parsed.entries, strict=True)], False
