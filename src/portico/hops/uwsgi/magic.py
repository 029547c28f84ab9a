"""Magic variables: `%d`, `%n`, ... stand for facts of a file's path, and uWSGI replaces them in its text before reading it.

https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html#magic-variables, and
config_magic_table_fill in core/uwsgi.c of its sources. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

#: Facts of the machine, the account, the moment and the build, which no text tells.
UNKNOWN = frozenset("hivVkuUgGtTjbrIJ")
_ALWAYS = {"%": "%", "(": "%(", "[": "\x1b"}
_MAGIC = re.compile(r"%(.)", re.S)
#: Of a text that becomes larger no configuration is read.
LARGEST = 16 << 20


def of_file(path: str, written: str, section: str | None) -> dict[str, str]:
    """What follows from the absolute `path` of a file, the name it was given by and the section it was asked for."""
    folder, _, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    known = {
        "o": written,
        "p": path,
        "s": name,
        "d": folder + "/",
        "c": folder.rpartition("/")[2],
        "e": suffix if dot else "",
        "n": stem if dot else name,
        "x": section or "",
    }
    parts = [part for part in folder.split("/") if part]
    return known | {str(number): part for number, part in enumerate(parts[:10])}


def first(table: Mapping[str, str]) -> dict[str, str]:
    """The same of the file that was read first, whose letters are capitals in all others."""
    return {letter.upper(): value for letter, value in table.items() if letter in "odspcenx"}


def substituted(text: str, table: Mapping[str, str]) -> tuple[str, tuple[int, ...]]:
    """The text as uWSGI reads it, and of each of its lines the number it has in the file. What is not known stays.

    A `%` in front of anything else disappears with it, a line end too. Raises ValueError when the text grows beyond LARGEST.
    """
    parts: list[str] = []
    numbers = [1]
    line, at, size = 1, 0, 0

    def take(part: str, counts: bool) -> None:
        nonlocal line, size
        parts.append(part)
        size += len(part)
        for _ in range(part.count("\n")):
            line += 1 if counts else 0
            numbers.append(line)

    for match in _MAGIC.finditer(text):
        take(text[at : match.start()], True)
        at = match.end()
        letter = match[1]
        line += letter == "\n"
        take(match[0] if letter in UNKNOWN else _ALWAYS.get(letter) or table.get(letter, ""), False)
        if size > LARGEST:
            raise ValueError(f"magic variables make it larger than {LARGEST >> 20} MiB")
    take(text[at:], True)
    return "".join(parts), tuple(numbers)


def facts_in(raw: str) -> list[str]:
    """The letters in a value as it is written that stand for what no text tells."""
    return [letter for letter in _MAGIC.findall(raw) if letter in UNKNOWN] if "%" in raw else []


def line_of(line: int, numbers: Sequence[int]) -> int:
    """The line in the file of one that was read. An error may lie behind the last line."""
    return numbers[max(1, min(line, len(numbers))) - 1]
