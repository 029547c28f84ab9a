"""A hop of this project as text: its role, its processes, its files and sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from portico.cli.drawing import shortened, wrapped

Data = Mapping[str, Any]
_LABEL = 9


def rows(hop: Data, project: str, columns: int) -> Iterator[str]:
    """The inside of its box, each line at most that wide."""
    yield from wrapped(hop["role"], columns)
    yield from (click.style(line, dim=True) for line in wrapped(hop["why"], columns))
    for label, value in (*_process(hop), *_parts(hop, project)):
        for number, line in enumerate(wrapped(value, columns - _LABEL)):
            head = "" if number else label
            yield f"{head:<{_LABEL}}{shortened(line, columns - _LABEL)}"


def _process(hop: Data) -> Iterator[tuple[str, str]]:
    process = hop["process"]
    if hop["hop"] == "client":
        return
    if "says" in process:
        yield "process", process["says"]
    for one in process.get("each", ()):
        if one["pid"]:
            workers = [pid for pid in one["workers"] or one["pids"] if pid and pid != one["pid"]]
            pids = " ".join(map(str, workers)) or "none"
            yield "process", f"{one['name']}: master {one['pid']}, workers {pids} as {one['user']}"
        else:
            yield "process", f"{one['name']}: {one['state']}"
    if "would" in process and not process["each"]:
        yield "process", f"none yet; would be {process['would']}"


def _parts(hop: Data, project: str) -> Iterator[tuple[str, str]]:
    if hop.get("callable"):
        yield "callable", f"{hop['callable']} · Python {hop['python_version']}"
    if hop.get("settings"):
        yield "settings", f"{hop['settings']} · in {hop['directory']}"
    for one in hop["sockets"]:
        mode = f" {one['mode']}" if one["mode"] else ""
        yield "socket", f"{short(one['address'], project)}{mode} · {one['what']}"
    if hop["hop"] in ("nginx", "uwsgi"):
        for one in hop["files"]:
            is_named = one["path"].endswith(one["what"])
            yield "file", short(one["path"], project) + ("" if is_named else f" · {one['what']}")
    for one in hop.get("serves", ()):
        folder = short(one["folder"], project)
        yield "answers", f"{one['url']} from {folder}: files, which the application never sees"
    for one in hop.get("others", ()):
        yield "also", f"{one}: a uWSGI on another machine"


def short(path: str, project: str) -> str:
    """In the project: relative to it."""
    return path.removeprefix(f"{project}/") if path != project else "."
