"""The text of `portico explain`: the drawing of the flow, or the lines of a file, or what a name stands for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

import click

from portico.cli import drawing, explain_hop, explain_names
from portico.cli.drawing import padded, shortened, wrapped

Data = Mapping[str, Any]


def text(data: Data) -> str:
    """Whichever of the three it is."""
    lines = {"flow": _flow, "file": _file, "names": explain_names.lines}[data["about"]](data)
    notes = [line for note in data["notes"] for line in ("", *wrapped(note, drawing.width()))]
    return "\n".join(line.rstrip() for line in (*lines, *notes))


def _bold(value: str) -> str:
    return click.style(value, bold=True)


def _dim(value: str) -> str:
    return click.style(value, dim=True)


def _flow(data: Data) -> Iterator[str]:
    state = f"release {data['release']} is live" if data["running"] else "not running: this is what `portico up` would start"
    columns = drawing.width()
    yield from wrapped(f"{_bold(data['name'])} {data['url'] or ''} {state}", columns)
    yield ""
    between = {one["from"]: one for one in data["between"]}
    for hop in data["hops"]:
        rows = explain_hop.rows(hop, data["project"], columns - 4)
        yield from drawing.box(_bold(hop["hop"]), hop["title"], rows, columns)
        if hop["hop"] in between:
            yield from _arrows(between[hop["hop"]], columns)
    yield ""
    yield from wrapped(f"Where everything lies; a path without a folder in front is one of {data['project']}", columns)
    yield from _paths(data, columns)
    yield ""
    yield from wrapped(
        "Further: portico explain nginx.conf (or uwsgi.ini, uwsgi_params): why each line is there. portico explain NAME: a "
        "key, a directive, a variable, a finding, a path.",
        columns,
    )


def _arrows(seam: Data, columns: int) -> Iterator[str]:
    """The request down on the left, the answer up on the right."""
    half = (columns - 6) // 2
    yield "  │ " + _dim(shortened(seam["over"], columns - 4))
    left, right = _cell(seam["there"], half), _cell(seam["back"], half)
    for number, (one, two) in enumerate(zip_longest(left, right, fillvalue="")):
        yield f"  │ {padded(one, half)}{'│' if number else '▲'} {two}"
    yield f"  ▼ {' ' * half}│"


def _cell(side: Data, columns: int) -> list[str]:
    rows = [line for row in side["example"] for line in _broken(row, columns - 2)]
    return [*map(_bold, _broken(side["format"], columns - 2)), *rows]


def _broken(row: str, columns: int) -> list[str]:
    return textwrap.wrap(row, columns, subsequent_indent="  ", drop_whitespace=True) or [""]


def _paths(data: Data, columns: int) -> Iterator[str]:
    """Group by group: the name that `portico explain` knows it by, where it lies, and what it is."""
    margin = 4 + max(len(row["name"]) for row in data["paths"])
    group = ""
    for row in data["paths"]:
        if row["group_of"] != group:
            group = row["group_of"]
            yield ""
            yield f"  {group}"
        path = row["path"] if row["name"] == "project" else explain_hop.short(row["path"], data["project"])
        yield padded(f"    {_bold(row['name'])}", margin + 2) + shortened(path, columns - margin - 2)
        state = f"{row['mode']} {row['owner']}:{row['group']}" if row["mode"] else _absence(row)
        told = f"{row['what']}. {state}. Read by {row['reads']}; written by {row['writes']}."
        yield from (_dim(line) for line in wrapped(told, columns, " " * (margin + 2)))


def _absence(row: Data) -> str:
    if row["exists"] is None:
        return "Hidden from this account"
    return "Leads to nothing" if row["type"] == "link" else "Not there yet"


def _file(data: Data) -> Iterator[str]:
    state = f"of release {data['release']}, live" if data["live"] else "not there yet: this is what `portico up` would write"
    columns = drawing.width()
    yield from wrapped(f"{_bold(data['file'])} {data['path']} {state}", columns)
    before = ""
    for line in data["lines"]:
        is_new = line["why"] != before or line["kind"] == "directive"
        if is_new:
            yield ""
        yield from _line(line, columns, is_new)
        before = line["why"]


def _line(line: Data, columns: int, is_new: bool) -> Iterator[str]:
    margin = f"{line['line']:>4}  "
    first, *more = line["text"].splitlines() or [""]
    yield _dim(margin) + _bold(first)
    yield from (" " * len(margin) + _bold(row) for row in more)
    indent = " " * (len(margin) + len(first) - len(first.lstrip()) + 2)
    if is_new and not (line["kind"] == "entry" and "types" in line["inside"]):
        yield from wrapped(line["why"], columns, indent)
    if is_new or line["kind"] == "own":
        for key in line["from"]:
            yield indent + click.style(explain_names.origin(key), fg="cyan")
