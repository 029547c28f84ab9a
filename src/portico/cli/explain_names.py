"""The text of `portico explain NAME`: everything that is called so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from portico.cli import drawing, explain_hop
from portico.cli.drawing import wrapped
from portico.cli.value import shown

Data = Mapping[str, Any]
_KINDS = {
    "key": "a key of portico.toml",
    "directive": "a directive of nginx",
    "option": "an option of uWSGI",
    "variable": "a variable of the request",
    "path": "a path of the stack",
    "hop": "a hop",
}
_MARGIN = 10
_MOST_LINES = 12


def origin(key: Data) -> str:
    """`nginx.gzip = true   default (why)`."""
    value = "" if key["value"] is None else f" = {shown(key['value'], 'none')}"
    return f"{key['key']}{value}   {_source(key)}"


def _source(entry: Data) -> str:
    return str(entry["origin"]) + (f": {entry['from']}" if entry["from"] else "")


def lines(data: Data) -> Iterator[str]:
    """Each match, one below the other."""
    columns = drawing.width()
    for number, match in enumerate(data["matches"]):
        if number:
            yield ""
        kind = _KINDS.get(match["kind"], match.get("severity", ""))
        yield f"{click.style(match['name'], bold=True)}  {kind}"
        if match["kind"] == "hop":
            yield from (f"  {row}" for row in explain_hop.rows(match, data["project"], columns - 2))
            continue
        yield from wrapped(match["what"], columns, "  ")
        rows = _finding(match) if match["kind"] == "finding" else _rows(match)
        for label, value in rows:
            yield from _row(label, value, columns)


def _row(label: str, value: str, columns: int) -> Iterator[str]:
    """A label once, then its text; what is in lines already stays so."""
    first = True
    for part in value.splitlines() or [""]:
        for line in wrapped(part, columns, " " * _MARGIN):
            yield f"  {label:<{_MARGIN - 3}} {line[_MARGIN:]}" if first else line
            first = False


def _finding(match: Data) -> Iterator[tuple[str, str]]:
    for name in ("why", "shows", "example", "cure"):
        if match[name]:
            yield name, match[name]
    for label, name in (("causes", "leads_to"), ("from", "caused_by")):
        if match[name]:
            yield label, "\n".join(f"{one['id']} {one['title']}" for one in match[name])
    yield "page", match["page"]
    if match["source"]:
        yield "source", match["source"]


def _rows(match: Data) -> Iterator[tuple[str, str]]:
    if "origin" in match:
        yield "value", f"{shown(match['value'], 'none')}   {_source(match)}"
    if match.get("path"):
        yield "lies", f"{match['path']}  {_state(match)}"
        yield "read", f"by {match['reads']}" + (f"; written by {match['writes']}" if match["writes"] else "")
    found = match.get("lines", ())
    if found:
        yield "stands", "\n".join(_place(line) for line in found[:_MOST_LINES])
    if len(found) > _MOST_LINES:
        yield "", f"and {len(found) - _MOST_LINES} more"
    keys = {key["key"]: key for line in found for key in line.get("from", ())} if match["kind"] != "key" else {}
    if keys:
        yield "from", "\n".join(map(origin, keys.values()))
    if match.get("near"):
        yield "near", ", ".join(match["near"])


def _place(line: Data) -> str:
    return f"{line['file']}:{line['line']}  {line['text'].splitlines()[0].strip()}"


def _state(match: Data) -> str:
    if not match["exists"]:
        return "not there yet" if match["exists"] is False else "hidden from this account"
    return f"{match['mode']} {match['owner']}:{match['group']}"
