"""The table of `portico tune`: as many columns as the terminal has room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from portico.cli.drawing import padded, wrapped
from portico.model.units import human_bytes

Data = Mapping[str, Any]
_SIZE, _RATE, _FAILED = "", "requests/s", "failed"
_HEADS = (_SIZE, _RATE, "p50 ms", "p99 ms", "1 client ms", "CPU us", "memory", _FAILED)
#: What goes first where there is no room; the last ones stay.
_DISPENSABLE = ("CPU us", "1 client ms", "p50 ms", "memory")


def table(data: Data, columns: int) -> Iterator[str]:
    """Rows of at most `columns` columns (at least 40 are needed): the quartiles go first, then what decides least."""
    measured = [row for row in data["settings"] if row["rounds"]]
    heads, rows = _fitting(measured, columns)
    marks = [""] + [_mark(row, data) for row in measured]
    widths = _widths(rows)
    for number, (row, mark) in enumerate(zip(rows, marks, strict=True)):
        cells = [padded(row[0], widths[0]), *(f"{cell:>{wide}}" for cell, wide in zip(row[1:], widths[1:], strict=True))]
        line = f"  {'  '.join(cells)}"
        fits = len(line) + 2 + len(mark) <= columns
        for part in (f"{line}  {mark}",) if fits else (line, f"    {mark}"):
            yield click.style(part.rstrip(), bold=True) if mark or not number else part.rstrip()
    for row in data["settings"]:
        if row["failed"]:
            yield from wrapped(f"{row['processes']} x {row['threads']}  not measured: {row['failed']}", columns, "  ")
    rounds = max(row["rounds"] for row in data["settings"])
    range_of = " (range: middle half)" if any("(" in row[1] for row in rows[1:]) else ""
    left = [name for name in _HEADS if name not in heads]
    wider = f"; a wider terminal shows {', '.join(left)}" if left else ""
    yield from wrapped(f"processes x threads; medians of {_rounds(rounds)}{range_of}{wider}", columns, "  ")


def _rounds(count: int) -> str:
    return f"{count} {'round' if count == 1 else 'rounds'}"


def _fitting(measured: Sequence[Data], columns: int) -> tuple[list[str], list[tuple[str, ...]]]:
    """The heads that fit, and all rows with them."""
    heads, spread = list(_HEADS), True
    wanted = [*_DISPENSABLE]
    while True:
        rows = [tuple(heads), *(tuple(_cells(row, spread)[head] for head in heads) for row in measured)]
        if sum(_widths(rows)) + 2 * len(heads) <= columns or not (spread or wanted):
            return heads, rows
        if spread:
            spread = False
        else:
            heads.remove(wanted.pop(0))


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _cells(row: Data, spread: bool) -> dict[str, str]:
    rate = row["per_s"]
    failed = row["lost"] + row["bad"]
    values = (
        f"{row['processes']} x {row['threads']}",
        f"{rate['median']:,.0f}" + (f" ({rate['lower']:,.0f}-{rate['upper']:,.0f})" if spread else ""),
        _median(row["p50_ms"], ".1f"),
        _median(row["p99_ms"], ".1f"),
        _median(row["alone_ms"], ".1f"),
        _median(row["cpu_us"], ",.0f"),
        human_bytes(round(row["pss_bytes"]["median"])),
        f"{failed:,}" if failed else "0",
    )
    return dict(zip(_HEADS, values, strict=True))


def _median(quartiles: Data | None, form: str) -> str:
    """`-` where nothing was answered."""
    return f"{quartiles['median']:{form}}" if quartiles else "-"


def _mark(row: Data, data: Data) -> str:
    marks = ["now"] if row["present"] else []
    if row["recommended"]:
        marks.append("recommended" if data["recommendation"]["outcome"] == "change" else "stays")
    return f"<- {', '.join(marks)}" if marks else ""
