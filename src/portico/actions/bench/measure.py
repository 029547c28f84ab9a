"""One load on one page of a running stack, and what its processes took meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portico.actions.bench.asked import AGENT, Page
from portico.actions.bench.seen import Once
from portico.actions.bench.target import Target, stats
from portico.actions.bench.watch import Watch
from portico.model.load import Load
from portico.system import files
from portico.system.load import aside
from portico.system.machine_load import CpuTime, Quota, our_pid
from portico.system.usage import cpu_us, of_ended_us, pss_bytes, tree

#: The last requests of a load may take so long.
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class _Before:
    cpu: Mapping[str, Mapping[int, float]]
    ended: float
    requests: int | None
    log_bytes: int
    machine: CpuTime
    quota: Quota


def once(found: Target, page: Page, clients: int, seconds: float) -> Once:
    """Put the load on it and look. Raises PorticoError as `system.load.aside`."""
    plan = found.plan
    load = Load(
        host=plan.listen.connect_host,
        port=plan.listen.port,
        requests=(page.request,),
        clients=clients,
        seconds=seconds,
        timeout_s=_TIMEOUT_S,
        host_header=page.host,
    )
    watch = Watch(found, tree(our_pid()))
    before = _before(found)
    with aside(load) as result:
        watch.during(seconds)
        measured = result()
    machine = before.machine.share_until(CpuTime.now())
    return Once(
        measured=measured,
        cpu_us=_used(found, before),
        by_app=_by_app(found, before),
        others=_others(found, before),
        machine=machine,
        client=watch.client_share,
        queue=watch.queue,
        busy=tuple(watch.busy),
        throttled=before.quota.share_until(Quota.now()),
    )


def hops(found: Target) -> dict[str, frozenset[int]]:
    """The processes of each hop."""
    workers = frozenset(worker.pid for one in stats(found) for worker in one.workers if worker.pid)
    masters = frozenset(found.masters)
    rest = tree(*found.masters) - masters if masters else frozenset()
    # Without an answer of the stats server the children are taken for workers, which nearly all of them are.
    workers = workers & rest or rest
    every = {
        "nginx": tree(found.nginx) if found.nginx else frozenset(),
        # With nginx in front there is no router: mules, spoolers and daemons.
        "uwsgi rest" if found.plan.nginx else "uwsgi router": rest - workers,
        "uwsgi workers": workers,
        "uwsgi master": masters,
    }
    return {name: pids for name, pids in every.items() if pids}


def memory(found: Target) -> dict[str, int]:
    """Proportional set size in bytes of nginx, uWSGI and supervisord, as far as they are there."""
    roots = {"nginx": found.nginx, "supervisor": found.supervisor}
    taken = {name: pss_bytes([pid] if name == "supervisor" else tree(pid)) for name, pid in roots.items() if pid}
    if found.masters:
        taken["uwsgi"] = pss_bytes(tree(*found.masters))
    return taken


def _before(found: Target) -> _Before:
    return _Before(
        cpu={name: _each(pids) for name, pids in hops(found).items()},
        ended=of_ended_us(found.masters),
        requests=_requests(found),
        log_bytes=files.size(found.log) if found.log else 0,
        machine=CpuTime.now(),
        quota=Quota.now(),
    )


def _each(pids: frozenset[int]) -> dict[int, float]:
    return {pid: cpu_us([pid]) for pid in pids}


def _used(found: Target, before: _Before) -> dict[str, float]:
    """Microseconds by hop; of a worker that has ended (`max-requests`) what its master has taken over from it."""
    after = {name: _each(pids) for name, pids in hops(found).items()}
    used = {
        name: sum(max(0.0, now - before.cpu.get(name, {}).get(pid, 0.0)) for pid, now in pids.items())
        for name, pids in after.items()
    }
    workers = before.cpu.get("uwsgi workers", {})
    gone = sum(then for pid, then in workers.items() if pid not in after.get("uwsgi workers", {}))
    ended = of_ended_us(found.masters) - before.ended
    if ended > 0 and "uwsgi workers" in used:
        used["uwsgi workers"] += max(0.0, ended - gone)
    return used


def _requests(found: Target) -> int | None:
    """How many requests the workers have had; None when an instance does not tell."""
    every = stats(found)
    if not every or len(every) != found.plan.uwsgi.instances:
        return None
    return sum(worker.requests for one in every for worker in one.workers)


def _by_app(found: Target, before: _Before) -> int | None:
    now, then = _requests(found), before.requests
    return None if now is None or then is None or now < then else now - then


def _others(found: Target, before: _Before) -> int:
    """Requests of visitors: lines of nginx's log that are not ours; 0 where there is no log."""
    if not found.live or found.log is None:
        return 0
    return _lines_of_others(found.log, before.log_bytes)


def _lines_of_others(log: Path, since: int) -> int:
    own = f'"user_agent":"{AGENT}"'.encode()
    try:
        with log.open("rb") as stream:
            stream.seek(since)
            return sum(own not in line for line in stream)
    except OSError:
        return 0
