"""One window of load on one setting, and what it took."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from portico.actions.tune.contenders import Contender
from portico.actions.tune.rows import Round
from portico.actions.tune.sizes import Nature
from portico.model.load import Load, Measured
from portico.system import usage
from portico.system.load import run
from portico.system.machine_load import CpuTime

#: Of the time that a setting is loaded, so much more goes to one client alone.
ALONE = 1 / 3
_QUICK = 0.1


@dataclass(frozen=True)
class Window:
    """What came of a load, and CPU for each answer, in microseconds: of nginx and uWSGI (`server_us`) and of who sent it
    (`load_us`). `others`: the part of the machine's cores, 0 to 1, that was taken by anybody else."""

    measured: Measured
    server_us: float
    load_us: float
    others: float = 0.0

    @property
    def bad(self) -> int:
        """Answers that are not 2xx."""
        return sum(count for status, count in self.measured.statuses.items() if not 200 <= status < 300)

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """What was lost, why, and what else than 2xx was answered."""
        statuses = ((f"status {status}", count) for status, count in self.measured.statuses.items() if status // 100 != 2)
        return (*self.measured.lost.items(), *statuses)

    @property
    def failed(self) -> tuple[int, int]:
        """Requests that failed, and all."""
        lost = sum(self.measured.lost.values())
        return self.bad + lost, self.measured.answers + lost

    @property
    def mean_us(self) -> float:
        latencies = self.measured.latencies_us
        return sum(latencies) / len(latencies) if latencies else 0.0


def window(contender: Contender, load: Load, clients: int, seconds: float, count: int = 0) -> Window:
    """Put that load on it. Raises PorticoError for what `system.load.run` cannot do."""
    contender.live()
    pids = usage.tree(*contender.roots)
    before = _Reading(pids)
    there = replace(load, host=contender.host, port=contender.port, clients=clients, seconds=seconds, count=count)
    measured = run(there)
    spent = _Reading(pids).since(before)
    answers = max(1, measured.answers)
    return Window(measured, spent.server_us / answers, spent.own_us / answers, spent.others)


class _Reading:
    """What was spent until now."""

    def __init__(self, pids: Collection[int]) -> None:
        self.server_us = usage.cpu_us(pids)
        self.own_us = time.process_time() * 1e6
        self.machine = CpuTime.now()
        self.others = 0.0

    def since(self, before: _Reading) -> _Reading:
        """What was spent between the two. A worker that was replaced has taken its figures with it."""
        self.server_us = max(0.0, self.server_us - before.server_us)
        self.own_us -= before.own_us
        whole_us = (self.machine.all - before.machine.all) * 1e6
        ours_us = self.server_us + self.own_us
        busy = before.machine.share_until(self.machine)
        self.others = max(0.0, busy - ours_us / whole_us) if whole_us > 0 else 0.0
        return self


def nature(alone: Sequence[Window]) -> Nature:
    """What a request costs, from a window with one client for each page. Its time is that of the quickest tenth: the others
    may have waited for a core that other processes had, and nobody can tell that from waiting for a database."""
    count = max(1, len(alone))
    quick_us = sum(one.measured.latency_us(_QUICK) for one in alone) / count
    cpu_us = sum(one.server_us for one in alone) / count
    # A mean, of slower ones as well: the quick ones had no more than their own time.
    return Nature(quick_us, min(cpu_us, quick_us), sum(one.load_us for one in alone) / count)


def one_round(contender: Contender, load: Load, clients: int, seconds: float) -> tuple[Round, Window]:
    """Many clients, then one alone."""
    many = window(contender, load, clients, seconds)
    pss = usage.pss_bytes(usage.tree(*contender.uwsgi))
    alone = window(contender, load, 1, seconds * ALONE)
    measured = many.measured
    found = Round(
        per_s=measured.per_s,
        p50_ms=_ms(measured, 0.5),
        p99_ms=_ms(measured, 0.99),
        alone_ms=_ms(alone.measured, 0.5),
        cpu_us=many.server_us if measured.answers else None,
        pss_bytes=pss,
        lost=sum(measured.lost.values()) + sum(alone.measured.lost.values()),
        bad=many.bad + alone.bad,
        others=many.others,
        reasons=(*many.reasons, *alone.reasons),
        many=many.failed,
        alone=alone.failed,
    )
    return found, many


def _ms(measured: Measured, share: float) -> float | None:
    return measured.latency_us(share) / 1000 if measured.answers else None
