"""The figures as pictures: bars for a terminal, lines over processes x threads for a page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portico.model.plot import Bar, Bars, Line, Mark, Plot

Data = Mapping[str, Any]


def bars(data: Data) -> tuple[Bars, Bars]:
    """Requests a second and p99 of every setting, with quartiles."""
    clients = data["clients"]
    rate = Bars(f"{clients} clients", "requests per second", tuple(_bar(row, data, "per_s") for row in _measured(data)))
    slow = Bars(f"{clients} clients", "p99, ms", tuple(_bar(row, data, "p99_ms") for row in _measured(data, "p99_ms")))
    return rate, slow


def plots(data: Data) -> tuple[Plot, Plot]:
    """The same over how many requests can be in the application at a time, a line for each number of processes."""
    where = f"{', '.join(data['paths'][:3])} at {data['clients']} clients"
    return (
        _plot(data, f"Requests per second: {where}", "requests per second", "per_s"),
        _plot(data, f"99 of 100 requests are faster than: {where}", "p99, ms", "p99_ms"),
    )


def _plot(data: Data, title: str, y: str, figure: str) -> Plot:
    chosen = data["recommendation"]["processes"]
    rows = _measured(data, figure)
    lines = []
    for processes in sorted({row["processes"] for row in rows}):
        own = sorted((row for row in rows if row["processes"] == processes), key=lambda row: row["slots"])
        points = tuple((float(row["slots"]), float(row[figure]["median"])) for row in own)
        lines.append(Line(f"{processes} processes", points, processes == chosen))
    return Plot(title, "processes x threads", y, tuple(lines), log_x=True, marks=_marks(data))


def _marks(data: Data) -> tuple[Mark, ...]:
    now, then = data["present"], data["recommendation"]
    marks = [Mark(float(now["processes"] * now["threads"]), f"now: {now['processes']} x {now['threads']}")]
    if then["outcome"] == "change":
        slots = float(then["processes"] * then["threads"])
        marks.append(Mark(slots, f"recommended: {then['processes']} x {then['threads']}"))
    return tuple(marks)


def _measured(data: Data, figure: str = "per_s") -> Sequence[Data]:
    return [row for row in data["settings"] if row[figure]]


def _bar(row: Data, data: Data, figure: str) -> Bar:
    found = row[figure]
    notes = [word for word, says in (("now", row["present"]), ("recommended", _is_new(row, data))) if says]
    notes += [f"{row['lost'] + row['bad']} failed"] if row["lost"] + row["bad"] else []
    return Bar(
        f"{row['processes']} x {row['threads']}",
        found["median"],
        found["lower"],
        found["upper"],
        main=row["recommended"],
        faint=bool(row["lost"] or row["bad"] or row["failed"]),
        note=", ".join(notes),
    )


def _is_new(row: Data, data: Data) -> bool:
    return bool(row["recommended"]) and data["recommendation"]["outcome"] == "change"
