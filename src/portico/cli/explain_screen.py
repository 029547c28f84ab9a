"""The text of `portico explain`: the drawing of the flow, or the lines of a file, or what a name stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from portico.cli import drawing, explain_names
from portico.cli.drawing import padded, shortened, wrapped

Data = Mapping[str, Any]


def text(data: Data) -> str:
    """Whichever of the three it is."""
    lines = {"flow": _flow, "file": _file, "names": explain_names.lines}[data["about"]](data)
    return "\n".join(line.rstrip() for line in lines)


def _bold(value: str) -> str:
    return click.style(value, bold=True)


def _dim(value: str) -> str:
    return click.style(value, dim=True)


def _flow(data: Data) -> Iterator[str]:
    state = f"release {data['release']} is live" if data["running"] else "not running: this is what `portico up` would start"
    yield f"{_bold(data['name'])}  {data['url'] or ''}  {state}"
    yield ""
    columns = drawing.width()
    between = {one["from"]: one for one in data["between"]}
    for hop in data["hops"]:
        rows = list(_hop_rows(hop, data["project"], columns - 4))
        yield from drawing.box(_bold(hop["hop"]), hop["title"], rows, columns)
        if hop["hop"] in between:
            yield from _arrows(between[hop["hop"]], columns)
    yield ""
    yield _bold("Where everything lies") + "  (r: who reads it, w: who writes it)"
    yield from _paths(data, columns)
    yield ""
    yield from wrapped(
        "Further: portico explain nginx.conf (or uwsgi.ini, uwsgi_params): why each line is there. portico explain NAME: a "
        "key, a directive, a variable, a finding, a path.",
        columns,
    )


def _hop_rows(hop: Data, project: str, columns: int) -> Iterator[str]:
    yield from wrapped(hop["role"], columns)
    yield from (_dim(line) for line in wrapped(hop["why"], columns))
    rows = [*_process(hop), *_parts(hop, project)]
    for label, value in rows:
        head = f"{label:<8} "
        first, *more = wrapped(value, columns, " " * len(head))
        yield head + shortened(first.strip(), columns - len(head))
        yield from (shortened(line, columns) for line in more)


def _process(hop: Data) -> Iterator[tuple[str, str]]:
    process = hop["process"]
    if hop["hop"] == "client":
        return
    if "says" in process:
        yield "process", process["says"]
    for one in process.get("each", ()):
        if one["pid"]:
            workers = one["workers"] or [pid for pid in one["pids"] if pid != one["pid"]]
            yield "process", f"{one['name']}: master {one['pid']}, workers {_numbers(workers)} as {one['user']}"
        else:
            yield "process", f"{one['name']}: {one['state']}"
    if "would" in process and not process["each"]:
        yield "process", f"none yet; would be {process['would']}"


def _numbers(pids: list[int]) -> str:
    return " ".join(map(str, pids)) or "none"


def _parts(hop: Data, project: str) -> Iterator[tuple[str, str]]:
    if hop.get("callable"):
        yield "callable", f"{hop['callable']}  (Python {hop['python_version']})"
    if hop.get("settings"):
        yield "settings", f"{hop['settings']}  in {hop['directory']}"
    for one in hop["sockets"]:
        mode = f"  {one['mode']}" if one["mode"] else ""
        yield "socket", f"{_short(one['address'], project)}{mode}  {one['what']}"
    if hop["hop"] in ("nginx", "uwsgi"):
        for one in hop["files"]:
            yield (
                "file",
                f"{_short(one['path'], project)}" + ("" if one["path"].endswith(one["what"]) else f"  {one['what']}"),
            )
    for one in hop.get("serves", ()):
        yield "answers", f"{one['url']} from {_short(one['folder'], project)}: files, never seen by the application"
    for one in hop.get("others", ()):
        yield "also", f"{one}: a uWSGI on another machine"


def _short(path: str, project: str) -> str:
    """In the project: relative to it."""
    return path.removeprefix(f"{project}/") if path != project else "."


def _arrows(seam: Data, columns: int) -> Iterator[str]:
    """The request down on the left, the answer up on the right."""
    half = (columns - 4) // 2
    there, back = seam["there"], seam["back"]
    yield "  │ " + _dim(shortened(seam["over"], columns - 4))
    left = [_bold(there["format"]), *there["example"]]
    right = [_bold(back["format"]), *back["example"]]
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else ""
        two = right[number] if number < len(right) else ""
        up = "▲" if number == 0 else "│"
        yield f"  │ {padded(_fit(one, half - 3), half - 3)} {up} {_fit(two, half - 1)}"
    yield f"  ▼ {' ' * (half - 3)} │"


def _fit(value: str, columns: int) -> str:
    return value if drawing.cells(value) <= columns else click.unstyle(value)[: columns - 1] + "…"


def _paths(data: Data, columns: int) -> Iterator[str]:
    for row in data["paths"]:
        state = f"{row['mode']} {row['owner']}:{row['group']}" if row["mode"] else _absence(row)
        path = shortened(row["path"], columns - 4)
        yield f"  {_bold(row['name'])}  {row['what']}"
        gap = columns - 4 - drawing.cells(path) - drawing.cells(state)
        yield f"    {path}  {' ' * max(0, gap - 2)}{_dim(state)}" if gap > 1 else f"    {path}"
        if gap <= 1:
            yield f"    {_dim(state)}"
        yield from (_dim(line) for line in wrapped(f"r {row['reads']}; w {row['writes']}", columns, "    "))


def _absence(row: Data) -> str:
    if row["exists"] is None:
        return "hidden from this account"
    return "leads to nothing" if row["kind"] == "link" else "not there yet"


def _file(data: Data) -> Iterator[str]:
    state = f"of release {data['release']}, live" if data["live"] else "not there yet: this is what `portico up` would write"
    yield f"{_bold(data['file'])}  {data['path']}  {state}"
    columns = drawing.width()
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
        for key in line["from"]:
            yield indent + click.style(explain_names.origin(key), fg="cyan")
