"""One window of load on one setting, and what it took."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
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


@dataclass(frozen=True)
class Window:
    """What came of a load, and for each answer in microseconds: CPU of nginx and uWSGI (`server_us`) and of who sent it
    (`load_us`), and how long any of them waited for a core (`queued_us`). `others`: the part of the machine's cores, 0 to 1,
    that was taken by anybody else."""

    measured: Measured
    server_us: float
    load_us: float
    queued_us: float = 0.0
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
    def mean_us(self) -> float:
        latencies = self.measured.latencies_us
        return sum(latencies) / len(latencies) if latencies else 0.0


def window(contender: Contender, load: Load, clients: int, seconds: float, count: int = 0) -> Window:
    """Put that load on it. Raises PorticoError for what `system.load.run` cannot do."""
    contender.live()
    pids = usage.tree(*contender.roots)
    ours = {*pids, os.getpid()}
    before = _Reading(pids, ours)
    there = replace(load, host=contender.host, port=contender.port, clients=clients, seconds=seconds, count=count)
    measured = run(there)
    spent = _Reading(pids, ours).since(before)
    answers = max(1, measured.answers)
    return Window(measured, spent.server_us / answers, spent.own_us / answers, spent.queued_us / answers, spent.others)


class _Reading:
    """What was spent until now."""

    def __init__(self, pids: Collection[int], ours: Collection[int]) -> None:
        self.server_us = usage.cpu_us(pids)
        self.own_us = time.process_time() * 1e6
        self.queued_us = usage.queued_us(ours)
        self.machine = CpuTime.now()
        self.others = 0.0

    def since(self, before: _Reading) -> _Reading:
        """What was spent between the two. A worker that was replaced has taken its figures with it."""
        self.server_us = max(0.0, self.server_us - before.server_us)
        self.own_us -= before.own_us
        self.queued_us = max(0.0, self.queued_us - before.queued_us)
        whole_us = (self.machine.all - before.machine.all) * 1e6
        ours_us = self.server_us + self.own_us
        busy = before.machine.share_until(self.machine)
        self.others = max(0.0, busy - ours_us / whole_us) if whole_us > 0 else 0.0
        return self


def nature(alone: Window) -> Nature:
    """What a request costs, from a window with one client."""
    return Nature(alone.mean_us, alone.server_us, alone.load_us + alone.queued_us)


def one_round(contender: Contender, load: Load, clients: int, seconds: float) -> tuple[Round, Window]:
    """Many clients, then one alone."""
    many = window(contender, load, clients, seconds)
    pss = usage.pss_bytes(usage.tree(*contender.uwsgi))
    alone = window(contender, load, 1, seconds * ALONE)
    measured = many.measured
    found = Round(
        per_s=measured.per_s,
        p50_ms=measured.latency_us(0.5) / 1000,
        p99_ms=measured.latency_us(0.99) / 1000,
        alone_ms=alone.measured.latency_us(0.5) / 1000,
        cpu_us=many.server_us,
        pss_bytes=pss,
        lost=sum(measured.lost.values()) + sum(alone.measured.lost.values()),
        bad=many.bad + alone.bad,
        others=many.others,
        reasons=(*many.reasons, *alone.reasons),
    )
    return found, many
