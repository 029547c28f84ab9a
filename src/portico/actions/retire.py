"""What happens to a release that is no longer live: its requests finish, then it sleeps for a rollback, or it stops."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection

from portico.actions import instance, slots, supervise
from portico.actions.places import Places
from portico.system import clock
from portico.system.clock import wait_for
from portico.system.supervisor import Supervisor

#: How long the requests in an old instance's queue may take to reach its workers.
DRAIN_LIMIT_S = 30.0
SLEEP_LIMIT_S = 5.0


def put_to_sleep(where: Places, client: Supervisor, names: Collection[str], graceful_s: float) -> dict[str, int]:
    """End the workers of instances that get no more requests; their masters keep the loaded application in memory and start
    workers again at the first request (uWSGI's cheap mode,
    https://uwsgi-docs.readthedocs.io/en/latest/MasterFIFO.html). Returns the master's pid of each that sleeps; one whose
    requests do not end in `graceful_s` stays awake and is not in it."""
    asleep = {}
    for name in names:
        program = client.program(name)
        if program and program.pid and _becomes_idle(where, name, graceful_s):
            _command(where, name, b"C")
            if wait_for(lambda name=name: is_asleep(where, name), SLEEP_LIMIT_S):  # type: ignore[misc]
                asleep[name] = program.pid
    return asleep


def is_asleep(where: Places, name: str) -> bool:
    """Whether it has no workers, and starts some at the first request."""
    seen = instance.stats(where, name)
    return seen is not None and all(worker.status == "cheap" or not worker.pid for worker in seen.workers)


def _becomes_idle(where: Places, name: str, limit_s: float) -> bool:
    """Whether nothing waits and nothing runs, twice in a row: a worker is not counted as busy in the very moment in which it
    accepts a request, and what ends with it is lost."""
    looks: deque[bool] = deque(maxlen=2)

    def settled() -> bool:
        looks.append(_idle(where, name))
        return len(looks) == 2 and all(looks)

    return bool(wait_for(settled, limit_s, every_s=0.1))


def _idle(where: Places, name: str) -> bool:
    """The queue first: what leaves it before the workers are looked at is then seen there."""
    if slots.queued(where, {name}):
        return False
    seen = instance.stats(where, name)
    return seen is not None and all(not worker.cores_busy for worker in seen.workers)


def _command(where: Places, name: str, letter: bytes) -> None:
    """Say one letter to the instance's fifo; a master that is gone is no reader, and nobody waits for one."""
    try:
        fifo = os.open(where.run / "ctl" / f"fifo-{name.removeprefix('uwsgi-')}", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(fifo, letter)
    finally:
        os.close(fifo)


def retire_others(where: Places, client: Supervisor, keep: Collection[str]) -> None:
    """Stop every uWSGI instance but those: earlier releases, and what an interrupted command left."""
    others = {n: pids for n, pids in supervise.observe(where).left_over.items() if n.startswith("uwsgi-") and n not in keep}
    files_left = (*where.run.glob("uwsgi-*.json"), *where.run.glob("programs/uwsgi-*.conf"))
    known = {program.name for program in client.programs()} | {path.stem for path in files_left}
    doomed = {name for name in known if name.startswith("uwsgi-") and name not in keep}
    # uWSGI drops what waits in its socket's queue when it stops, and nginx sends no POST a second time.
    wait_for(lambda: not slots.queued(where, doomed | others.keys()), DRAIN_LIMIT_S)
    supervise.stop_left_over(where, others, timeout_s=30)
    for name in sorted(doomed):
        supervise.retire(where, client, name)


def warm_still(where: Places, client: Supervisor, warm: dict[str, int]) -> dict[str, int]:
    """Of the instances that were put to sleep, those that are the same process still: one that died and was started again
    has loaded whatever code the folder holds now."""
    now = {program.name: program.pid for program in client.programs() if program.pid}
    return {name: pid for name, pid in warm.items() if now.get(name) == pid}


def chain_reload(where: Places, name: str, limit_s: float) -> bool:
    """Replace the workers of an instance one after the other (`c`); whether all of the new take requests within `limit_s`.
    Until one does it may not have read all of its code."""
    before = instance.stats(where, name)
    old = {worker.pid for worker in before.workers} if before else set()
    began = clock.now()
    _command(where, name, b"c")

    def replaced() -> bool:
        seen = instance.stats(where, name)
        if seen is None or clock.now() - began > limit_s:
            return False
        return all(worker.pid and worker.pid not in old and worker.accepting for worker in seen.workers)

    return bool(wait_for(replaced, limit_s, every_s=0.05))
