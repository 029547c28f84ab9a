"""What was measured of each setting. Plain values and their quartiles."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from portico.actions.tune.sizes import Size


@dataclass(frozen=True)
class Round:
    """One turn of one setting. At the concurrency asked: good answers a second, latencies, CPU of nginx and uWSGI for each
    answer, memory of uWSGI (PSS) behind it, requests `lost` and answers that were not 2xx (`bad`). `alone_ms`: the median
    latency of one client alone. Without any answer there is no latency and no CPU for each (None). `others`: the part of
    the cores, 0 to 1, that other processes took meanwhile. `reasons`: how many were lost why (`reset`, `timeout`, ...), or
    answered with which status instead of 2xx. `many` and `alone`: how many requests failed, and were made, with many
    clients and with one."""

    per_s: float
    p50_ms: float | None
    p99_ms: float | None
    alone_ms: float | None
    cpu_us: float | None
    pss_bytes: float
    lost: int = 0
    bad: int = 0
    others: float = 0.0
    reasons: tuple[tuple[str, int], ...] = ()
    many: tuple[int, int] = (0, 0)
    alone: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Row:
    """One setting. `failed`: why it was not measured, or no further."""

    size: Size
    rounds: tuple[Round, ...] = ()
    failed: str = ""

    @property
    def lost(self) -> int:
        return sum(one.lost for one in self.rounds)

    @property
    def bad(self) -> int:
        return sum(one.bad for one in self.rounds)

    @property
    def reasons(self) -> dict[str, int]:
        """Of all rounds."""
        found: dict[str, int] = {}
        for reason, count in (pair for one in self.rounds for pair in one.reasons):
            found[reason] = found.get(reason, 0) + count
        return found

    @property
    def clean(self) -> bool:
        """Measured, and every request was answered well."""
        return bool(self.rounds) and not self.failed and not self.lost and not self.bad

    def values(self, name: str) -> list[float]:
        """That figure of every round that has it."""
        return [float(value) for one in self.rounds if (value := getattr(one, name)) is not None]

    def median(self, name: str) -> float:
        return self.spread(name).median

    def spread(self, name: str) -> Spread:
        return spread(self.values(name))


@dataclass(frozen=True)
class Spread:
    """Quartiles."""

    lower: float
    median: float
    upper: float


@dataclass(frozen=True)
class Judged:
    """`outcome`: `change` to `size`, `keep` the present one, or `none` where nothing can be recommended. `best` has the most
    requests a second, `near` are as good as it. `why`: sentences."""

    outcome: str
    size: Size | None
    why: tuple[str, ...]
    best: Size | None = None
    near: tuple[Size, ...] = field(default=())


def spread(values: Sequence[float]) -> Spread:
    """The quartiles of some values, both ends included; of one value, that. Zeros of none."""
    if len(values) < 2:
        only = values[0] if values else 0.0
        return Spread(only, only, only)
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(lower, median, upper)
