"""The text of `portico adopt`: a proof's verdict, the site, what becomes of its lines, portico.toml, the proof, what to type
next. Findings follow it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from portico.actions.adopt.folded import Row, folded
from portico.cli import adopt_proof
from portico.cli.drawing import cells, shortened, width, wrapped
from portico.model.adoption import Carried

Data = Mapping[str, Any]

#: What is shown of each fate: a heading, or nothing where a count says enough.
_SHOWN = (
    ("differs", "Portico does these otherwise"),
    ("raw", "Copied as raw lines"),
    ("left", "Not carried over: these need your hands"),
)
_COUNTED = (("key", "by a key"), ("same", "the same"), ("raw", "raw"), ("differs", "otherwise"), ("left", "left"))


def text(data: Data) -> str:
    """The whole screen."""
    lines = [*([adopt_proof.verdict(data["proof"]), ""] if data["proof"] else []), *_head(data), "", f"  {_counts(data)}"]
    ledger, folder = [Carried(**line) for line in data["lines"]], _folder(data)
    for fate, heading in _SHOWN:
        rows = folded(ledger, fate, lambda place: place.removeprefix(folder))
        lines += ["", f"{_bold(heading)}:", *(text for row in rows for text in _row(row, fate))] if rows else []
    lines += ["", _bold("portico.toml") + (f", written to {data['written']}:" if data["written"] else ":"), ""]
    lines += [f"    {line}" if line else "" for line in data["toml"].rstrip("\n").split("\n")]
    lines += ["", *adopt_proof.lines(data["proof"])] if data["proof"] else []
    lines += ["", *(f"  ?       {one['reason']}" for one in data["unknown"])] if data["unknown"] else []
    lines += ["", *_next(data["next"])]
    return "\n".join(lines)


def _bold(value: str) -> str:
    return click.style(value, bold=True)


def _head(data: Data) -> Iterator[str]:
    server = data["server"]
    if server:
        yield f"  nginx   {server['where']}  server {' '.join(server['names']) or 'without a name'}"
    for name in data["uwsgi"]:
        yield f"  uwsgi   {name}"


def _counts(data: Data) -> str:
    counts = data["counts"]
    parts = [f"{counts[fate]} {said}" for fate, said in _COUNTED if counts.get(fate)]
    return f"{sum(counts.values())} lines: {', '.join(parts)}"


def _folder(data: Data) -> str:
    """The folder that the named files share; places in it are told without it."""
    files = [name for name in (data["nginx"], *data["uwsgi"]) if name]
    return os.path.commonpath([os.path.dirname(name) for name in files]).rstrip("/") + "/" if files else ""  # noqa: PTH120


def _row(row: Row, fate: str) -> Iterator[str]:
    columns = width()
    yield f"  {row.where}  {shortened(row.text, max(30, columns - cells(row.where) - 4))}"
    to = f"→ [{row.key}]" if fate == "raw" else ""
    said = " ".join(part for part in (to, row.why) if part)
    if said:
        yield from wrapped(said, columns, "      ")


def _next(steps: Sequence[str]) -> Iterator[str]:
    for index, step in enumerate(steps):
        yield f"  {'next' if not index else '':<6} {step}"
