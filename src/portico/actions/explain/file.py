"""`portico explain nginx.conf`: each line of a rendered file, why it is there and where its value came from."""

from __future__ import annotations

from typing import Any

from portico.actions.explain.keys import place_of, told
from portico.actions.explain.subject import Subject
from portico.model.explained import Line

_PARAM = "A variable of every request, from a file of yours."
_YOURS = "From a file of yours, which has no comment of Portico's."


def file_data(name: str, about: Subject) -> dict[str, Any]:
    """`result`: `file`, `path`, `live`, `release`, and `lines`, each with `line`, `text`, `name`, `value`, `why`, `inside`,
    `kind`, `origin` (default, detected, file, flag; `template` for what is the same in every stack), and `from`: the keys of
    portico.toml behind it with their values and origins."""
    text = about.texts[name]
    return {
        "file": name,
        "path": str(text.path),
        "live": about.is_live,
        "release": about.release or None,
        "project": str(about.where.project),
        "lines": [line_data(line, about) for line in about.lines[name]],
    }


def line_data(line: Line, about: Subject) -> dict[str, Any]:
    """One line as JSON-ready data."""
    keys = [told(key, about) for key in line.keys]
    why = line.why
    if not why:
        why = _PARAM if line.name == "uwsgi_param" else _YOURS
    if line.kind == "own":
        keys = [{**key, "value": None, "from": place_of(line, about)} for key in keys]
    return {
        "line": line.number,
        "text": line.text,
        "name": line.name,
        "value": line.value,
        "why": why,
        "kind": line.kind,
        "inside": list(line.inside),
        "origin": keys[0]["origin"] if keys else "template",
        "from": keys,
    }
