"""The text of `portico tune`: what was tried, the figures and their picture, what they speak for, what to know before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from portico.actions.tune.pictures import bars
from portico.cli import plot_text
from portico.cli.drawing import padded, width, wrapped
from portico.model.units import human_bytes

Data = Mapping[str, Any]
_HEADS = ("", "requests/s", "p50 ms", "p99 ms", "1 client ms", "CPU us", "memory", "failed")


def text(data: Data) -> str:
    """The whole screen."""
    lines = [*_head(data), ""]
    if any(row["rounds"] for row in data["settings"]):
        lines += [*_table(data), ""]
        for picture in bars(data):
            lines += [*plot_text.text(picture, min(width(), 100), colour=True), ""]
    lines += [*_recommendation(data)]
    lines += _listed("Before you follow it:" if data["toml"] else "To know:", _caveats(data))
    lines += _listed("How it was measured:", data["notes"])
    lines += ["", *_next(data)]
    return "\n".join(lines).rstrip("\n")


def _head(data: Data) -> Iterator[str]:
    paths = ", ".join(f"GET {path}" for path in data["paths"][:4])
    more = f" and {len(data['paths']) - 4} more" if len(data["paths"]) > 4 else ""
    yield f"{paths}{more} for {data['host']}, {data['clients']} clients, {data['cores']} cores"
    first = data["first"]
    if "wall_us" in first:
        waits = f", {first['share']:.0%} of its time waiting" if first["waits"] else ", hardly waiting"
        yield f"one request alone: {first['wall_us'] / 1000:.1f} ms, {first['cpu_us'] / 1000:.2f} ms of CPU{waits}"
    now = next((row for row in data["settings"] if row["present"] and row["lost"] + row["bad"]), None)
    if now:
        told = f"Requests failed with the present setting: {now['lost']} lost, {now['bad']} not 2xx (see below)."
        yield click.style(told, fg="red")
    if data["interrupted"]:
        yield click.style("Stopped before the end: this is what was measured by then.", fg="yellow")


def _table(data: Data) -> Iterator[str]:
    rows = [_HEADS, *(_row(row) for row in data["settings"] if row["rounds"])]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADS))]
    marks = [""] + [_mark(row, data) for row in data["settings"] if row["rounds"]]
    for number, (row, mark) in enumerate(zip(rows, marks, strict=True)):
        cells = [padded(row[0], widths[0]), *(f"{cell:>{wide}}" for cell, wide in zip(row[1:], widths[1:], strict=True))]
        line = f"  {'  '.join(cells)}  {mark}".rstrip()
        yield click.style(line, bold=True) if mark or not number else line
    left = [row for row in data["settings"] if row["failed"]]
    yield from (f"  {row['processes']} x {row['threads']}  not measured: {row['failed']}" for row in left)
    yield f"  processes x threads; medians of {max(row['rounds'] for row in data['settings'])} rounds (range: middle half)"


def _row(row: Data) -> tuple[str, ...]:
    rate = row["per_s"]
    failed = row["lost"] + row["bad"]
    return (
        f"{row['processes']} x {row['threads']}",
        f"{rate['median']:,.0f} ({rate['lower']:,.0f}-{rate['upper']:,.0f})",
        f"{row['p50_ms']['median']:.1f}",
        f"{row['p99_ms']['median']:.1f}",
        f"{row['alone_ms']['median']:.1f}",
        f"{row['cpu_us']['median']:,.0f}",
        human_bytes(round(row["pss_bytes"]["median"])),
        f"{failed:,}" if failed else "0",
    )


def _mark(row: Data, data: Data) -> str:
    marks = ["now"] if row["present"] else []
    if row["recommended"]:
        marks.append("recommended" if data["recommendation"]["outcome"] == "change" else "stays")
    return f"<- {', '.join(marks)}" if marks else ""


def _recommendation(data: Data) -> Iterator[str]:
    found = data["recommendation"]
    heads = {
        "change": f"Recommended: {found['processes']} processes x {found['threads']} threads",
        "keep": f"Keep {found['processes']} processes x {found['threads']} threads",
        "none": "No recommendation",
    }
    yield click.style(heads[found["outcome"]], bold=True)
    for why in found["why"]:
        yield from wrapped(why, width(), "  ")
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
        first, *rest = wrapped(row, width(), "    ")
        lines += [f"  - {first.strip()}", *rest]
    return lines


def _next(data: Data) -> Iterator[str]:
    for index, step in enumerate(data["next"]):
        yield f"  {'next' if not index else '':<6} {step}"
    if data["svg"]:
        yield f"  plot   {data['svg']}"
