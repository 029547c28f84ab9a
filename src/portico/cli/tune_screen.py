"""The text of `portico tune`: what was tried, the figures and their picture, what they speak for, what to know before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from portico.actions.tune.pictures import bars
from portico.cli import plot_text
from portico.cli.drawing import cells, width, wrapped
from portico.cli.tune_table import table

Data = Mapping[str, Any]
_NARROWEST, _WIDEST_PICTURE = 30, 100


def text(data: Data) -> str:
    """The whole screen."""
    lines = [*_head(data), ""]
    if any(row["rounds"] for row in data["settings"]):
        lines += [*table(data, _columns()), ""]
        for picture in bars(data) if data["enough"] else ():
            lines += [*plot_text.text(picture, min(_columns(), _WIDEST_PICTURE), colour=True), ""]
    lines += [*_recommendation(data)]
    lines += _listed("Before you follow it:" if data["toml"] else "To know:", _caveats(data))
    lines += _listed("How it was measured:", data["notes"])
    lines += ["", *_next(data)]
    return "\n".join(lines).rstrip("\n")


def _columns() -> int:
    return width(_NARROWEST)


def _head(data: Data) -> Iterator[str]:
    for line, colour in _said_first(data):
        yield from (click.style(row, fg=colour) if colour else row for row in wrapped(line, _columns()))


def _said_first(data: Data) -> Iterator[tuple[str, str | None]]:
    paths = ", ".join(f"GET {path}" for path in data["paths"][:4])
    more = f" and {len(data['paths']) - 4} more" if len(data["paths"]) > 4 else ""
    yield f"{paths}{more} for {data['host']}, {data['clients']} clients, {data['cores']} cores", None
    first = data["first"]
    if "wall_us" in first:
        waits = f", {first['share']:.0%} of its time waiting" if first["waits"] else ", hardly waiting"
        yield f"one request alone: {first['wall_us'] / 1000:.1f} ms, {first['cpu_us'] / 1000:.2f} ms of CPU{waits}", None
    now = next((row for row in data["settings"] if row["present"] and row["lost"] + row["bad"]), None)
    if now:
        told = f"Requests failed with the present setting: {now['lost']} lost, {now['bad']} not 2xx (see below)."
        yield told, "red"
    if data["interrupted"]:
        yield _stopped(data), "yellow"


def _stopped(data: Data) -> str:
    if data["enough"]:
        return "Stopped before the end: this is what was measured by then."
    if any(row["rounds"] for row in data["settings"]):
        return "Stopped before enough was measured to compare anything: no picture was made."
    return "Stopped before anything was measured."


def _recommendation(data: Data) -> Iterator[str]:
    found = data["recommendation"]
    heads = {
        "change": f"Recommended: {found['processes']} processes x {found['threads']} threads",
        "keep": f"Keep {found['processes']} processes x {found['threads']} threads",
        "none": "No recommendation",
    }
    yield click.style(heads[found["outcome"]], bold=True)
    for why in found["why"]:
        yield from wrapped(why, _columns(), "  ")
    if data["toml"]:
        yield ""
        yield click.style(f"{data['file']}{', written' if data['written'] else ''}:", bold=True)
        shown = data["change"] if data["written"] else data["toml"]
        yield from (f"    {_coloured(line) if data['written'] else line}" for line in shown.split("\n"))


def _coloured(line: str) -> str:
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=colour) if colour else line


def _caveats(data: Data) -> list[str]:
    rows = []
    for one in data["caveats"]:
        evidence = f" [{'; '.join(one['evidence'])}]" if one["evidence"] else ""
        rows.append(f"{one['about']}: {one['says']}{evidence}")
    return rows


def _listed(heading: str, rows: Sequence[str]) -> list[str]:
    if not rows:
        return []
    lines = ["", click.style(heading, bold=True)]
    for row in rows:
        first, *rest = wrapped(row, _columns(), "    ")
        lines += [f"  - {first.strip()}", *rest]
    return lines


def _next(data: Data) -> Iterator[str]:
    for index, step in enumerate(data["next"]):
        command, mark, comment = step.partition("   # ")
        first = f"  {'next' if not index else '':<6} "
        if not mark or cells(first + step) <= _columns():
            yield first + step
        else:
            yield first + command
            yield from wrapped(f"# {comment}", _columns(), " " * len(first))
    if data["svg"]:
        yield f"  plot   {data['svg']}"
