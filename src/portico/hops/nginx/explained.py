"""Portico's own nginx files, read back: each directive with the comment above it. Pure.

Not a parser of any nginx configuration: it relies on how the templates are written, one directive to a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from portico.model.explained import COMMENT, Line, said

#: Blocks whose entries are data: the comment above the block speaks for all.
DATA = ("map", "geo", "types")
_OWN = re.compile(r"nginx\.extra_(main|http|server|location)")
_ENDS = (";", "{", "}")


def explained(text: str, own: Mapping[str, int]) -> tuple[Line, ...]:
    """Each directive of nginx.conf, uwsgi_params or mime.types as rendered. `own` says how many lines the user's raw ones
    take, by their key (`nginx.extra_http`): they follow a comment that names it."""
    reader = _Reader(own)
    for number, line in enumerate(text.splitlines(), 1):
        reader.take(number, line)
    return tuple(reader.lines)


class _Reader:
    def __init__(self, own: Mapping[str, int]) -> None:
        self._own = own
        self._left = 0
        self._comments: list[str] = []
        self._blocks: list[str] = []
        self._whole = True
        self._about: tuple[str, tuple[str, ...]] = ("", ())
        self.lines: list[Line] = []

    def take(self, number: int, line: str) -> None:
        """One line of the file, in order."""
        if self._left:
            self._left -= 1
            self._of_user(number, line)
        elif not self._whole:
            last = self.lines[-1]
            self.lines[-1] = Line(**{**vars(last), "text": f"{last.text}\n{line}", "value": f"{last.value}\n{line.strip()}"})
            self._whole = line.rstrip().endswith(_ENDS)
        elif line.strip().startswith(COMMENT):
            self._comment(line)
        elif line.strip() == "}":
            self._blocks.pop()
        elif line.strip() and not line.strip().startswith("#"):
            self._directive(number, line.rstrip())

    def _comment(self, line: str) -> None:
        self._comments.append(line)
        keys = said(self._comments)[1]
        if keys and _OWN.fullmatch(keys[0]):
            self._left, self._about, self._comments = self._own.get(keys[0], 0), said(self._comments), []

    def _of_user(self, number: int, line: str) -> None:
        name = re.match(r"\s*([^\s;{}#]+)", line)
        if name:
            value = line.strip()[len(name[1]) :].strip()
            self.lines.append(Line(number, line.rstrip(), name[1], value, *self._about, "own", tuple(self._blocks)))

    def _directive(self, number: int, line: str) -> None:
        name, _, value = line.strip().partition(" ")
        is_entry = bool(self._blocks) and self._blocks[-1].split()[0] in DATA
        if not is_entry:
            self._about, self._comments = said(self._comments), []
        why, keys = self._about
        inside = tuple(self._blocks)
        if is_entry and self._blocks[-1] == "types":
            why = f"Files named {', '.join(f'*.{ending}' for ending in value.strip('; ').split())} are sent as {name}."
        kind = "entry" if is_entry else "directive"
        self.lines.append(Line(number, line, name.rstrip(";"), value.strip(" ;{"), why, keys, kind, inside))  # type: ignore[arg-type]
        if line.endswith("{"):
            self._blocks.append(line.strip().removesuffix("{").strip())
        self._whole = line.endswith(_ENDS)
