"""Portico's own uwsgi.ini, read back: each option with the comment above it. Pure."""

from __future__ import annotations

from portico.model.explained import COMMENT, Line, said

_SECTION = "Options for uWSGI; it reads no other section of this file."
_TYPE = "Files named {} are sent as {}."


def explained(text: str, own: int = 0) -> tuple[Line, ...]:
    """Each option of uwsgi.ini or pool.ini as rendered. `own` says how many lines the user's raw ones take: they follow a
    comment that names `uwsgi.extra`."""
    lines: list[Line] = []
    comments: list[str] = []
    about: tuple[str, tuple[str, ...]] = ("", ())
    left = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if left:
            left -= 1
            if line and line[0] not in "#;":
                lines.append(Line(number, raw.rstrip(), *_pair(line), *about, "own"))
        elif line.startswith(COMMENT):
            comments.append(line)
            about = said(comments)
            left = own if about[1] == ("uwsgi.extra",) else 0
        elif line and line[0] not in "#;":
            section = line.startswith("[")
            why, keys = (_SECTION, ()) if section else said(comments)
            lines.append(Line(number, raw.rstrip(), *_pair(line.strip("[]")), why, keys))
            comments = []
    return tuple(lines)


def explained_types(text: str) -> tuple[Line, ...]:
    """Each line of uwsgi-mime.types."""
    lines = []
    for number, raw in enumerate(text.splitlines(), 1):
        name, *endings = raw.split() or [""]
        if name and not name.startswith("#"):
            why = _TYPE.format(", ".join(f"*.{ending}" for ending in endings), name)
            lines.append(Line(number, raw.rstrip(), name, " ".join(endings), why, (), "entry"))
    return tuple(lines)


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip()
