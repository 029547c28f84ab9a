"""What was seen: plain values of one measurement, and the figures of several. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from portico.actions.bench.floor import Floor
from portico.model.load import Measured

K = TypeVar("K", bound=Hashable)
#: A mean of fewer looks says nothing.
_LEAST_LOOKS = 5
#: Below that share uWSGI had nothing to do with a page.
BY_NGINX = 0.05
HOPS = ("nginx", "uwsgi router", "uwsgi workers", "uwsgi rest", "uwsgi master")


@dataclass(frozen=True)
class Once:
    """One load on one page. `cpu_us`: of all processes of a hop together; `by_app` and `others`: requests that uWSGI took
    and that visitors made meanwhile (None: not known). `machine` and `client` are shares of all cores and of one. `queue`
    is the longest listen queue, `busy` the threads in a request at each look. `throttled` is the share of the
    periods of a CPU quota in which it held us back. `floor` is None where there is none."""

    measured: Measured
    cpu_us: Mapping[str, float]
    by_app: int | None
    others: int
    machine: float
    client: float
    queue: int | None
    busy: tuple[int, ...]
    throttled: float = 0.0
    floor: Floor | None = None

    @property
    def served(self) -> int:
        """Answers to us and to visitors, at least 1."""
        return max(1, self.measured.answers + self.others)


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and the quartiles around it."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread | None:
        if not values:
            return None
        if len(values) == 1:
            return Spread(values[0], values[0], values[0])
        quartiles = statistics.quantiles(values, n=4, method="inclusive")
        return Spread(statistics.median(values), quartiles[0], quartiles[2])


@dataclass(frozen=True)
class Figures:
    """All rounds of one page. `per_s`: answers a second of whatever status. `cpu_us`: microseconds a request, by hop;
    `total_us` of all of them. `floor_us` is the application's alone, `floor_wall_us` by the clock and `floor_waits_us` of
    that not for a CPU. `by_app` is the share of the requests that uWSGI took. `busy` is the mean number of threads in a
    request, of `slots`, None where it was not measured: there were too few looks, or they cannot be true of the requests
    that were served. `worker` is the share of a core that each worker process took, None where that was not measured."""

    statuses: Mapping[int, int]
    lost: Mapping[str, int]
    per_s: Spread
    p50_ms: float
    p90_ms: float
    p99_ms: float
    cpu_us: Mapping[str, float]
    total_us: Spread
    floor_us: Spread | None
    floor_wall_us: float | None
    floor_waits_us: float | None
    floor_statuses: tuple[int, ...]
    by_app: float | None
    others: int
    queue: int | None
    busy: float | None
    slots: int
    worker: float | None
    processes: int
    machine: float
    client: float
    throttled: float = 0.0

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def status(self) -> int:
        """The status of most answers, 0 without any."""
        return max(self.statuses, key=lambda status: self.statuses[status], default=0)

    @property
    def failed(self) -> int:
        """Answers of 500 and above."""
        return sum(number for status, number in self.statuses.items() if status >= 500)

    @property
    def is_good(self) -> bool:
        """Whether it is the page that was measured: nearly every answer was a 2xx."""
        fine = sum(number for status, number in self.statuses.items() if 200 <= status < 300)
        return fine >= 0.99 * max(1, self.answers)


def figures(rounds: Sequence[Once], slots: int, processes: int) -> Figures:
    """What the rounds of one page come to. `slots` are threads that take requests, in `processes`."""
    # Where nothing was answered there is no latency, and nothing that an answer costs.
    answered = [one for one in rounds if one.measured.answers] or list(rounds)
    floors = [one.floor for one in rounds if one.floor]
    waits = [floor.waits_us for floor in floors if floor.waits_us is not None]
    known = [(one.by_app, one.served) for one in rounds if one.by_app is not None]
    queues = [one.queue for one in rounds if one.queue is not None]
    by_app = sum(number for number, _ in known) / sum(number for _, number in known) if known else None
    worker = _worker(rounds, processes, by_app)
    return Figures(
        statuses=_summed(one.measured.statuses for one in rounds),
        lost=_summed(one.measured.lost for one in rounds),
        per_s=_spread([one.measured.answers / one.measured.seconds for one in rounds]),
        p50_ms=statistics.median(one.measured.latency_us(0.5) for one in answered) / 1000,
        p90_ms=statistics.median(one.measured.latency_us(0.9) for one in answered) / 1000,
        p99_ms=statistics.median(one.measured.latency_us(0.99) for one in answered) / 1000,
        cpu_us=_by_hop(answered),
        total_us=_spread([sum(one.cpu_us.values()) / one.served for one in answered]),
        floor_us=Spread.of([floor.cpu_us for floor in floors]),
        floor_wall_us=statistics.median(floor.wall_us for floor in floors) if floors else None,
        floor_waits_us=statistics.median(waits) if waits else None,
        floor_statuses=tuple(sorted(_summed(floor.statuses for floor in floors))),
        by_app=by_app,
        others=sum(one.others for one in rounds),
        queue=max(queues) if queues else None,
        busy=_busy([number for one in rounds for number in one.busy], by_app, (worker or 0.0) * processes),
        slots=slots,
        worker=worker,
        processes=processes,
        machine=statistics.median(one.machine for one in rounds),
        client=statistics.median(one.client for one in rounds),
        throttled=statistics.median(one.throttled for one in rounds),
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread.of(values) or Spread(0.0, 0.0, 0.0)


def _summed(counts: Iterable[Mapping[K, int]]) -> dict[K, int]:
    """The most frequent first."""
    total: Counter[K] = Counter()
    for one in counts:
        total.update(one)
    return dict(total.most_common())


def _by_hop(rounds: Sequence[Once]) -> dict[str, float]:
    there = [hop for hop in HOPS if any(hop in one.cpu_us for one in rounds)]
    return {hop: statistics.median(one.cpu_us.get(hop, 0.0) / one.served for one in rounds) for hop in there}


def _busy(looks: Sequence[int], by_app: float | None, cores: float) -> float | None:
    """The mean; None where it says nothing. `cores` is how many of them the workers took: at least as many threads were
    in a request."""
    if len(looks) < _LEAST_LOOKS:
        return None
    mean = statistics.fmean(looks)
    served = by_app is not None and by_app >= BY_NGINX
    return None if served and (not mean or mean < cores / 2) else mean


def _worker(rounds: Sequence[Once], processes: int, by_app: float | None) -> float | None:
    """The share of a core that a worker process took."""
    if not processes:
        return 0.0
    if not any(one.cpu_us.get("uwsgi workers") for one in rounds) and (by_app is None or by_app >= BY_NGINX):
        return None
    shares = [one.cpu_us.get("uwsgi workers", 0.0) / 1e6 / max(one.measured.seconds, 1e-9) / processes for one in rounds]
    return statistics.median(shares)
