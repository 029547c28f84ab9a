"""The same page with other numbers of clients: what more of them get, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from portico.actions.bench.asked import Asked, Page
from portico.actions.bench.measure import once
from portico.actions.bench.target import Target
from portico.model.plot import Line, Plot

Data = dict[str, Any]
_CLIENTS = (1, 2, 4, 8, 16, 32, 64, 128)
#: A point is measured for a part of the time that a page is in a round.
_SHARE, _LEAST_S = 0.5, 0.2


def curve(asked: Asked, found: Target, listed: Sequence[Page], say: Callable[[str], None]) -> list[Data]:
    """For each page the points of its curve."""
    counts = sorted({*_CLIENTS, asked.clients})
    every: list[Data] = [{"path": page.path, "points": []} for page in listed]
    for clients in counts:
        for page, told in zip(listed, every, strict=True):
            seen = once(found, page, clients, max(_LEAST_S, asked.seconds * _SHARE))
            measured = seen.measured
            told["points"].append(
                {
                    "clients": clients,
                    "per_s": measured.answers / measured.seconds,
                    "p50_ms": measured.latency_us(0.5) / 1000,
                    "p99_ms": measured.latency_us(0.99) / 1000,
                    "cpu_us": sum(seen.cpu_us.values()) / max(1, measured.answers + seen.others),
                    "lost": sum(measured.lost.values()),
                }
            )
        latest = [told["points"][-1]["per_s"] for told in every]
        say(f"{clients} clients: {', '.join(f'{per_s:,.0f}/s' for per_s in latest)}")
    return every


def picture(curves: Sequence[Mapping[str, Any]]) -> Plot:
    """Requests a second over clients."""
    lines = tuple(
        Line(told["path"], tuple((point["clients"], point["per_s"]) for point in told["points"]), main=not at)
        for at, told in enumerate(curves)
    )
    return Plot("Requests a second with so many clients", "clients", "requests a second", lines, log_x=True)
