"""What is looked at while a load runs: who waits in uWSGI's listen queue, who is busy, what the load's own process takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from portico.actions.bench.target import Target, stats
from portico.system.look import diag
from portico.system.machine_load import our_pid
from portico.system.usage import cpu_us, tree

#: A look costs the machine some; the stats of uWSGI cost its master 80 microseconds.
_QUEUE_S, _BUSY_S = 0.05, 0.25


@dataclass
class Watch:
    """`queue` is the longest that was seen, None where the kernel does not tell; `busy` are counts of threads that were in a
    request; `client_share` is the share of one core that the load's process took."""

    target: Target
    known: frozenset[int]
    queue: int | None = None
    busy: list[int] = field(default_factory=list)
    client_share: float = 0.0

    def during(self, seconds: float) -> None:
        """Look for so long."""
        began = time.monotonic()
        clients = tree(our_pid()) - self.known
        before, next_busy = cpu_us(clients), began + _BUSY_S / 2
        while (left := began + seconds - time.monotonic()) > 0:
            self._look_at_queue()
            if time.monotonic() >= next_busy:
                self._look_at_workers()
                next_busy += _BUSY_S
            took, now = cpu_us(clients) - before, time.monotonic()
            if now > began and took > 0:
                self.client_share = took / 1e6 / (now - began)
            time.sleep(min(_QUEUE_S, max(0.0, left)))

    def _look_at_queue(self) -> None:
        plan = self.target.plan
        paths = {path for one in plan.uwsgi.each() for path in one.sockets}
        waiting = [
            one.queue
            for one in diag.listening()
            if one.queue is not None and (one.path in paths or (plan.nginx is None and one.port == plan.listen.port))
        ]
        if waiting:
            self.queue = max(sum(waiting), self.queue or 0)

    def _look_at_workers(self) -> None:
        found = stats(self.target)
        if found:
            self.busy.append(sum(worker.cores_busy for one in found for worker in one.workers))
