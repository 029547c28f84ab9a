"""The same page with other numbers of clients: what more of them get, and what they cost."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from portico.actions.bench.asked import Asked, Page
from portico.actions.bench.measure import once
from portico.actions.bench.seen import Once
from portico.actions.bench.target import Target
from portico.export.plot_svg import svg
from portico.model.errors import PorticoError
from portico.model.file import File
from portico.model.plot import Line, Plot
from portico.model.result import Result
from portico.system import files

Data = dict[str, Any]
_CLIENTS = (1, 2, 4, 8, 16, 32, 64, 128)
#: Every number of clients is met so often, and each time for a part of the time that a page is in a round.
_SWEEPS, _SHARE, _LEAST_S = 3, 0.25, 0.2


def counts(asked: Asked) -> list[int]:
    """The numbers of clients, ascending."""
    return sorted({*_CLIENTS, asked.clients})


def curve(asked: Asked, found: Target, listed: Sequence[Page], say: Callable[[str], None]) -> list[Data]:
    """For each page the points of its curve, medians of a few sweeps over all numbers of clients."""
    many = counts(asked)
    sweeps = min(_SWEEPS, asked.rounds)
    seen: dict[tuple[int, int], list[Once]] = {}
    for number in range(sweeps):
        for clients in many:
            for at, page in enumerate(listed):
                one = once(found, page, clients, max(_LEAST_S, asked.seconds * _SHARE))
                seen.setdefault((at, clients), []).append(one)
        say(f"sweep {number + 1} of {sweeps} over {many[0]} to {many[-1]} clients")
    return [
        {"path": page.path, "points": [_point(clients, seen[at, clients]) for clients in many]}
        for at, page in enumerate(listed)
    ]


def _point(clients: int, every: Sequence[Once]) -> Data:
    measured = [one.measured for one in every]
    cpu = [sum(one.cpu_us.values()) / max(1, one.measured.answers + one.others) for one in every]
    return {
        "clients": clients,
        "per_s": statistics.median(one.answers / one.seconds for one in measured),
        "p50_ms": statistics.median(one.latency_us(0.5) for one in measured) / 1000,
        "p99_ms": statistics.median(one.latency_us(0.99) for one in measured) / 1000,
        "cpu_us": statistics.median(cpu),
        "lost": sum(sum(one.lost.values()) for one in measured),
    }


def with_svg(result: Result, path: Path, say: Callable[[str], None]) -> Result:
    """Write the picture of its curve, if there is one; where that cannot be, what was measured is told all the same."""
    if "curve" not in result.data:
        return result
    try:
        files.write(path.absolute().parent, File(path.name, svg(picture(result.data["curve"])), 0o644))
    except PorticoError as error:
        return replace(result, findings=(*result.findings, *error.findings), code=error.code)
    say(f"wrote {path}")
    return result


def picture(curves: Sequence[Mapping[str, Any]]) -> Plot:
    """Requests a second over clients."""
    lines = tuple(
        Line(told["path"], tuple((point["clients"], point["per_s"]) for point in told["points"]), main=not at)
        for at, told in enumerate(curves)
    )
    return Plot("Requests a second with so many clients", "clients", "requests a second", lines, log_x=True)
