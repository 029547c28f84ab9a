"""How long a run may take, and what a loaded stack did with the time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.air import Failed, OnAir
from bench.results import Figures
from portico.model.load import Measured, Request
from portico.system.load import run

#: Connections that are kept open, each of which asks in turn: what a busy page has, and no stack refuses.
CLIENTS = 8


@dataclass(frozen=True)
class Effort:
    """`rounds` of about `seconds` of load each. `scale` shortens what is counted instead (1.0: a full run)."""

    rounds: int = 5
    seconds: float = 0.7
    scale: float = 1.0
    quick: bool = False

    def count(self, full: int, least: int = 1) -> int:
        """How many of something that a full run does `full` times."""
        return max(least, round(full * self.scale))


QUICK = Effort(rounds=2, seconds=0.25, scale=0.03, quick=True)


def loaded(
    air: OnAir, requests: tuple[Request, ...], *, seconds: float = 0.0, count: int = 0, clients: int = CLIENTS, each: int = 1
) -> Figures:
    """Load the stack once. `each`: so many requests make one of what is counted (a page with its files).

    Answers cpu_us (of all its processes, for one), per_s, p50_ms and p99_ms (of a request), lost (requests without a whole
    answer) and answers. Raises Failed if anything was answered with 400 or more, or nothing at all.
    """
    before = air.spent_us()
    measured = run(air.load(requests, clients, seconds=seconds, count=count))
    # What an answer costs after its last byte (log lines, closing) belongs to it.
    time.sleep(0.03)
    spent = air.spent_us() - before
    _complain(measured)
    return {
        "cpu_us": spent * each / measured.good,
        "per_s": measured.per_s / each,
        "p50_ms": measured.latency_us(0.5) / 1000,
        "p99_ms": measured.latency_us(0.99) / 1000,
        "lost": float(sum(measured.lost.values())),
        "answers": float(measured.good),
    }


def _complain(measured: Measured) -> None:
    bad = {status: number for status, number in measured.statuses.items() if status >= 400}
    if bad:
        told = ", ".join(f"{status} to {number}" for status, number in sorted(bad.items()))
        raise Failed(f"answered {told} of {measured.answers} requests")
    if not measured.good:
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(measured.lost.items()))
        raise Failed(f"answered nothing ({reasons or 'no time'})")
