"""How many processes and threads are worth trying. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Thread counts that are tried; one in between behaves like its neighbours.
_LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
#: One worker's Python runs one thread at a time, so that more threads than this only wait for each other.
MOST_THREADS = _LADDER[-1]
#: A worker that is replaced, or killed by harakiri, must not be the only one.
LEAST_PROCESSES = 2
_MOST = 8
#: Waiting below this cannot be told from what nginx, the kernel and the load itself take.
_SURE_US = 1_000.0
_SURE_SHARE = 0.3


@dataclass(frozen=True, order=True)
class Size:
    """Workers of one uWSGI, and threads in each."""

    processes: int
    threads: int

    @property
    def slots(self) -> int:
        """How many requests can be in the application at a time."""
        return self.processes * self.threads

    def __str__(self) -> str:
        return f"{self.processes} x {self.threads}"


@dataclass(frozen=True)
class Nature:
    """What one request costs while it is alone, in microseconds: `wall_us` from sending it to the whole answer, `cpu_us` of
    it nginx and uWSGI compute, `load_us` whoever sends it does. Means of all paths asked."""

    wall_us: float
    cpu_us: float
    load_us: float = 0.0

    @property
    def waiting_us(self) -> float:
        """The rest: the application waits for a database, another service, a disk, a lock."""
        return max(0.0, self.wall_us - self.cpu_us - self.load_us)

    @property
    def share(self) -> float:
        """Of the time in which the page is made, how much is waiting: 0 to 1."""
        made = self.waiting_us + self.cpu_us
        return self.waiting_us / made if made else 0.0

    @property
    def waits(self) -> bool:
        """Whether it waits long enough for more threads to be of use."""
        return self.waiting_us >= _SURE_US and self.share >= _SURE_SHARE

    def bound_per_s(self, slots: int) -> float:
        """Requests a second that so many at a time cannot exceed, whatever else is idle."""
        return slots * 1e6 / max(1.0, self.waiting_us + self.cpu_us)

    def slots(self, cores: int, clients: int) -> int:
        """Requests that have to be in the application at a time to keep every core busy, which is throughput times the time
        of one (Little's law, https://doi.org/10.1287/opre.9.3.383); never more than there are clients."""
        if not self.waits:
            return min(cores, clients)
        made = cores * (self.waiting_us + self.cpu_us)
        return clients if made >= clients * self.cpu_us else math.ceil(made / self.cpu_us)


def candidates(
    present: Size,
    nature: Nature,
    cores: int,
    clients: int,
    processes: Sequence[int] = (),
    threads: Sequence[int] = (),
) -> tuple[Size, ...]:
    """The settings to try, the present one first. Of `processes` and `threads`, where given, all pairs; for one that is not
    given its sensible values."""
    if processes or threads:
        some = processes or tuple(dict.fromkeys((max(LEAST_PROCESSES, cores), present.processes)))
        many = threads or tuple(dict.fromkeys(size.threads for size in _around(nature, cores, clients)))
        return tuple(dict.fromkeys((present, *(Size(one, other) for one in some for other in many))))
    return tuple(dict.fromkeys((present, *_around(nature, cores, clients))))[:_MOST]


def _around(nature: Nature, cores: int, clients: int) -> Iterator[Size]:
    """The most promising first."""
    base = max(LEAST_PROCESSES, cores)
    slots = nature.slots(cores, clients)
    if slots <= 2 * base:
        yield from (
            Size(base, 1),
            Size(base, 2),
            Size(2 * base, 1),
            Size(base, 4),
            Size(base + base // 2, 1),
            Size(2 * base, 2),
        )
        if base // 2 >= LEAST_PROCESSES:
            yield Size(base // 2, 2)
        return
    wanted = math.ceil(slots / base)
    full = _rung(wanted)
    yield Size(base, full)
    if wanted > MOST_THREADS:
        yield Size(math.ceil(slots / MOST_THREADS), MOST_THREADS)
    yield from (Size(base, _rung(full / 2)), Size(2 * base, _rung(full / 2)), Size(base, _rung(full / 4)))
    if base * _rung(full * 2) <= clients:
        yield Size(base, _rung(full * 2))
    yield from (Size(2 * base, _rung(full / 4)), Size(base, 2))


def _rung(threads: float) -> int:
    """The next count on the ladder, upwards."""
    return next((count for count in _LADDER if count >= threads), MOST_THREADS)
