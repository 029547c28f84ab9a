"""Look at everything once, in an order in which each look knows what the one before found."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from portico.actions.doctor import (
    experiments,
    look_around,
    look_backends,
    look_nginx,
    look_project,
    look_static,
    look_uwsgi,
    trials,
    visits,
)
from portico.actions.doctor.target import Target
from portico.actions.doctor.unseen import Unseen, blind_spots
from portico.hops.django.hosts import never_matches
from portico.hops.wsgi.examination import Django, parse
from portico.model.evidence import (
    BackendSeen,
    Evidence,
    ListenerSeen,
    NginxSeen,
    ProcessSeen,
    ProjectSeen,
    UwsgiSeen,
    Visit,
)
from portico.model.finding import CouldNotTell
from portico.model.seen import MachineSeen
from portico.system import clock, files
from portico.system.later import Later
from portico.system.look.machine import machine
from portico.system.look.processes import is_ending, process
from portico.system.look.sockets import at, listeners

#: After a request that failed, uWSGI may need a moment to write why: it looks after its workers once a second.
_LOG_DELAY_S = 1.3
#: How long a master may take to see that a worker died: where everything is slow, it is late for that.
_DEATH_DELAY_S = 10.0
_SETTLED_STATUSES = (0, 502, 504)
#: How long a request of the logs may take when it is repeated; and where the site hangs anyway.
_REPEAT_S, _SHORT_REPEAT_S = 5.0, 1.5
_UNKNOWN = MachineSeen(user="", root=False)


def gather(target: Target) -> tuple[Evidence, Mapping[str, str]]:
    """The evidence, and the environment of the application, whose secrets must not be shown. A look that fails is noted in
    `Evidence.unseen`, and the others are taken all the same."""
    unseen = Unseen()
    careful = unseen.careful
    now = clock.now()
    since = now - target.asked.since_s
    nginx = careful("nginx", NginxSeen(conf=target.conf), look_nginx.look, target)
    url = careful("request", target.url, visits.address_of, target, nginx)
    host = careful("request", "", visits.host_of, target, nginx, url) if url else ""
    running = careful("uwsgi", (), look_uwsgi.running)
    marks = {path: files.size(path) for path in (look_uwsgi.log_of(seen) for seen in running) if path}
    first = careful("request", None, trials.first, nginx, url, host, target.asked.url) if url else None
    made, url = ([first.visit], first.url) if first else ([], "")
    if made and made[0].exchange.stage == "connect":
        nginx = careful("nginx", nginx, look_nginx.again, nginx)
    if target.asked.recent and url:
        nginx = careful("nginx.log", nginx, look_nginx.read_logs, nginx, since)
        made += careful("request", [], _repeated, nginx, url, host, _hangs(made))
    _wait_for_logs(made, marks, [worker.pid for seen in running for worker in seen.workers])
    there = careful("sockets", (), listeners)
    front = careful("sockets", (), _holders, url, there)
    backends = careful("uwsgi.socket", (), _backends, nginx, made, there)
    instances, others = careful("uwsgi", ([], []), _instances, target, front, backends, since)
    instances = [careful("uwsgi", seen, look_around.around, seen, there, target.asked.project) for seen in instances]
    backends = tuple(look_backends.owned(backend, instances) for backend in backends)
    place = careful("project", None, look_project.place_of, target, _behind(backends, instances))
    project, backends = _inside(unseen, place, backends, made, host)
    named = bool(target.asked.url)
    made += careful("request", [], look_static.requests, nginx, url, host, project, made[:1], named)
    made = careful("static", made, look_static.with_near, nginx, made, project)
    nginx = careful("nginx.log", nginx, look_nginx.read_logs, nginx, since)
    scheme = urlsplit(url).scheme
    evidence = Evidence(
        url=target.asked.url,
        managed=target.managed,
        now_s=now,
        since_s=since,
        machine=careful("machine", _UNKNOWN, machine, _written(nginx, instances, project)),
        directory=str(target.asked.project),
        nginx=nginx,
        uwsgi=tuple(careful("uwsgi.log", seen, _read_again, seen, since) for seen in instances),
        others=tuple(others),
        backends=backends,
        project=project,
        visits=tuple(made),
        more={
            **careful("request", {}, trials.trials, first, host, _allowed_hosts(project)),
            **careful("request", {}, experiments.experiments, scheme, made, backends),
        },
        listeners=front,
        front_processes=_processes(front),
        plan=target.plan,
    )
    for spot in careful("seen", (), _blind, evidence, target):
        unseen.note(spot.check, spot.reason)
    return replace(evidence, unseen=tuple(unseen.found)), place.environ if place else {}


def _blind(evidence: Evidence, target: Target) -> tuple[CouldNotTell, ...]:
    return tuple(blind_spots(evidence, target))


def _backends(nginx: NginxSeen, made: Sequence[Visit], there: Sequence[ListenerSeen]) -> tuple[BackendSeen, ...]:
    return look_backends.look(nginx, look_backends.named(nginx, made), there)


def _instances(
    target: Target, front: Sequence[ListenerSeen], backends: Sequence[BackendSeen], since: float
) -> tuple[list[UwsgiSeen], list[UwsgiSeen]]:
    """The uWSGIs of this deployment with their logs, and the others of this machine."""
    pids = frozenset(
        pid for one in (*front, *(row for backend in backends for row in backend.listeners)) for pid in one.pids
    )
    addresses = frozenset(backend.address for backend in backends)
    ours, others = look_uwsgi.related(target, look_uwsgi.running(), addresses, pids)
    found = look_uwsgi.with_logs(target, ours, since)
    return [*found, *look_uwsgi.dead(target, found, since)], others


def _read_again(seen: UwsgiSeen, since: float) -> UwsgiSeen:
    """With what it wrote meanwhile."""
    return look_uwsgi.with_log(seen, since) if seen.master and look_uwsgi.log_path(seen) else seen


def _inside(
    unseen: Unseen, place: look_project.Place | None, backends: Sequence[BackendSeen], made: Sequence[Visit], host: str
) -> tuple[ProjectSeen | None, tuple[BackendSeen, ...]]:
    """The application asked in its own Python, and meanwhile the sockets, each in a thread of its own."""
    hangs = _hangs(made)
    # Walked before there are threads: a walk changes the account of all of them for a moment.
    paths = unseen.careful("project", (), look_project.paths, place) if place else ()
    asking = [(backend, Later(partial(_asked, backend, made, host, hangs))) for backend in backends]
    limit_s = look_project.SHORT_LIMIT_S if hangs else look_project.LIMIT_S
    path = _path(made) or "/"
    project = (
        unseen.careful("project", None, look_project.examine, place, paths, path, host or "localhost", limit_s)
        if place
        else None
    )
    return project, tuple(unseen.careful("uwsgi.socket", backend, later.result) for backend, later in asking)


def _hangs(made: Sequence[Visit]) -> bool:
    """Whether the request under examination got no answer in all our patience."""
    return bool(made) and made[0].exchange.errno == errno.ETIMEDOUT and made[0].exchange.stage == "read"


def _repeated(nginx: NginxSeen, url: str, host: str, hangs: bool) -> list[Visit]:
    parts = urlsplit(url)
    paths = visits.failed_lately(nginx, parts.path + (f"?{parts.query}" if parts.query else ""))
    patience_s = _SHORT_REPEAT_S if hangs else _REPEAT_S
    return [visits.visit(nginx, "recent", f"{parts.scheme}://{parts.netloc}{path}", host, patience_s) for path in paths]


def _wait_for_logs(made: Sequence[Visit], marks: Mapping[Path, int], workers: Sequence[int]) -> None:
    """Until a log of uWSGI's has grown, where a request failed in a way that makes uWSGI write. Of one that we gave up it
    writes when it has ended. Of a worker that died the master writes when it looks after it, and others write meanwhile."""
    ended = [one.exchange for one in made if one.exchange.stage != "connect" and one.exchange.errno != errno.ETIMEDOUT]
    if marks and any(exchange.status in _SETTLED_STATUSES for exchange in ended):
        clock.wait_for(lambda: not any(map(is_ending, workers)), _DEATH_DELAY_S, 0.05)
        clock.wait_for(lambda: any(_has_settled(path, size) for path, size in marks.items()), _LOG_DELAY_S, 0.05)


def _has_settled(path: Path, size: int) -> bool:
    """A worker that died is told of when the master has started another one."""
    text = files.tail(path, size) if files.size(path) != size else ""
    return bool(text) and ("HARAKIRI" not in text or "spawn" in text) and ("DAMN" not in text or "espawned" in text)


def _asked(backend: BackendSeen, made: Sequence[Visit], host: str, hangs: bool) -> BackendSeen:
    """A request that failed may have killed a worker: the backend is then asked for its front page instead."""
    failed = any(one.exchange.status in _SETTLED_STATUSES for one in made)
    return look_backends.asked(backend, "/" if failed else _path(made) or "/", host or "localhost", hangs)


def _path(made: Sequence[Visit]) -> str:
    return made[0].exchange.path if made else ""


def _behind(backends: Sequence[BackendSeen], instances: Sequence[UwsgiSeen]) -> UwsgiSeen | None:
    number = next((backend.instance for backend in backends if backend.instance is not None), None)
    return instances[number] if number is not None else next(iter(instances), None)


def _django(project: ProjectSeen | None) -> Django:
    return parse(project.answer if project else None).django


def _holders(url: str, there: Sequence[ListenerSeen]) -> tuple[ListenerSeen, ...]:
    parts = urlsplit(url)
    if not url:
        return ()
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    name = parts.hostname or ""
    literal = name if name.replace(".", "").isdigit() or ":" in name else "127.0.0.1"
    address = f"[{literal}]:{port}" if ":" in literal else f"{literal}:{port}"
    return tuple(at(there, address))


def _processes(front: Sequence[ListenerSeen]) -> tuple[ProcessSeen, ...]:
    pids = sorted({pid for one in front for pid in one.pids})
    return tuple(seen for pid in pids if (seen := process(pid)))


def _written(nginx: NginxSeen, instances: Sequence[UwsgiSeen], project: ProjectSeen | None) -> list[tuple[str, str]]:
    """Paths on file systems that must have room."""
    found = [(log.path, f"{log.kind} log") for log in nginx.logs]
    found += [(seen.path, "nginx's temporary files") for seen in nginx.paths[:1]]
    found += [(seen.log.path, "uWSGI's log") for seen in instances if seen.log]
    found += [(project.directory, "the project")] if project else []
    return [*found, ("/tmp", "temporary files")]  # noqa: S108


def _allowed_hosts(project: ProjectSeen | None) -> tuple[str, ...]:
    named = _django(project).settings.get("ALLOWED_HOSTS") or ()
    return tuple(name.lstrip(".") for name in named if name != "*" and not never_matches(name))
