"""`portico explain PATH`: a file, a folder or a socket of the stack, and what lies in one of its folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from portico.actions.explain.path_table import look, path_table
from portico.actions.explain.subject import Subject
from portico.system.look.paths import real

Match = dict[str, Any]


def rendered_file(name: str, about: Subject) -> str:
    """The rendered file that a name or a path means; empty for anything else."""
    if name in about.texts:
        return name
    if "/" in name:
        wanted = _candidates(name, about)
        return next((file for file, text in about.texts.items() if real(str(text.path)) in wanted), "")
    return ""


def path_matches(name: str, about: Subject) -> list[Match]:
    """Rows of the path table that are called so or lie there; else the folder of it that holds the path; else what a path
    of a URL leads to."""
    rows = path_table(about)
    called = [row for row in rows if name in (row["name"], Path(row["path"]).name)]
    if not called and "/" in name:
        wanted = _candidates(name, about)
        called = [row for row in rows if wanted & {real(row["path"]), row["path"]}]
    if called:
        return [{"kind": "path", **row, "lines": _lines(row["path"], about)} for row in called]
    return (_url(name, about) or _within(name, rows, about)) if "/" in name else []


def _candidates(name: str, about: Subject) -> set[str]:
    """A relative path starts here, or in the project, whose `.portico` may lie elsewhere."""
    found = {real(name, str(Path.cwd())), real(name, str(about.where.project))}
    dot = f"{about.where.dot}/"
    return found | {real(path.replace(dot, f"{about.where.state}/", 1)) for path in found if path.startswith(dot)}


def _lines(path: str, about: Subject) -> list[Match]:
    return [
        {"file": file, "line": line.number, "text": line.text, "why": line.why}
        for file, lines in about.lines.items()
        for line in lines
        if path in line.text
    ]


def _within(name: str, rows: list[Match], about: Subject) -> list[Match]:
    """The innermost folder of the stack around a path that exists."""
    for path in sorted(_candidates(name, about)):
        holders = [row for row in rows if row["type"] == "folder" and path.startswith(real(row["path"]) + "/")]
        if holders and os.path.lexists(path):
            row = max(holders, key=lambda one: len(real(one["path"])))
            what = f"part of {row['path']}: {row['what']}"
            own = {"name": name, "what": what, "path": path, "reads": row["reads"], "writes": row["writes"]}
            return [{"kind": "path", **own, **look(path), "lines": []}]
    return []


def _url(name: str, about: Subject) -> list[Match]:
    """The path of a URL that is answered from a folder: the prefix goes, the folder comes."""
    served = next((one for one in about.plan.site.maps if name.startswith(one.url)), None)
    if served is None:
        return []
    rest = name.removeprefix(served.url)
    path = f"{served.root.rstrip('/')}/{rest}"
    what = f"a URL that {served.served_by} answers itself: {served.url} stands for {served.root}/, so the file is {path}"
    reads = "nginx's workers" if served.served_by == "nginx" else "uWSGI"
    return [
        {"kind": "path", "name": name, "what": what, "path": path, "reads": reads, "writes": "", **look(path), "lines": []}
    ]
