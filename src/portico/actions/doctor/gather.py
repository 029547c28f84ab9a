"""Look at everything once, in an order in which each look knows what the one before found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from portico.system import clock, files
from portico.system.look.machine import machine
from portico.system.look.processes import process
from portico.system.look.sockets import at, listeners

#: After a request that failed, uWSGI may need a moment to write why: it looks after its workers once a second.
_LOG_DELAY_S = 1.3
_SETTLED_STATUSES = (0, 502, 504)


@dataclass
class _Unseen:
    """What could not be seen, collected on the way."""

    found: list[CouldNotTell] = field(default_factory=list)

    def note(self, check: str, reason: str) -> None:
        self.found.append(CouldNotTell(check, reason))


def gather(target: Target) -> tuple[Evidence, Mapping[str, str]]:
    """The evidence, and the environment of the application, whose secrets must not be shown."""
    now = clock.now()
    since = now - target.asked.since_s
    nginx = look_nginx.look(target)
    url = visits.address_of(target, nginx)
    host = visits.host_of(target, nginx, url) if url else ""
    running = look_uwsgi.running()
    marks = {path: files.size(path) for path in (look_uwsgi.log_of(seen) for seen in running) if path}
    first = trials.first(nginx, url, host, target.asked.url) if url else None
    made, url = ([first.visit], first.url) if first else ([], "")
    nginx = look_nginx.read_logs(nginx, since)
    if target.asked.recent and url:
        made += _repeated(nginx, url, host)
    _wait_for_logs(made, marks)
    there = listeners()
    front = _holders(url, there)
    backends = look_backends.look(nginx, look_backends.named(nginx, made), there)
    pids = frozenset(
        pid for one in (*front, *(row for backend in backends for row in backend.listeners)) for pid in one.pids
    )
    ours, others = look_uwsgi.related(target, look_uwsgi.running(), frozenset(backend.address for backend in backends), pids)
    instances = [look_uwsgi.with_log(seen, since) for seen in ours]
    instances += look_uwsgi.dead(target, instances, since)
    instances = [look_around.around(seen, there, target.asked.project) for seen in instances]
    backends = tuple(look_backends.owned(backend, instances) for backend in backends)
    backends = tuple(_asked(backend, made, host) for backend in backends)
    place = look_project.place_of(target, _behind(backends, instances))
    path = _path(made) or "/"
    project = look_project.examine(place, path, host or "localhost") if place else None
    if not target.asked.url:
        # Whoever names a URL wants to know of that one.
        made += look_static.requests(nginx, url, host, project, next(iter(made), None))
    made = look_static.with_near(nginx, made, project)
    evidence = Evidence(
        url=target.asked.url,
        managed=target.managed,
        now_s=now,
        since_s=since,
        machine=machine(_written(nginx, instances, project)),
        directory=str(target.asked.project),
        nginx=look_nginx.read_logs(nginx, since),
        uwsgi=tuple(look_uwsgi.with_log(seen, since) if seen.master else seen for seen in instances),
        others=tuple(others),
        backends=backends,
        project=project,
        visits=tuple(made),
        more={
            **trials.trials(first, host, _allowed_hosts(project)),
            **experiments.experiments(urlsplit(url).scheme, made, backends),
        },
        listeners=front,
        front_processes=_processes(front),
        unseen=_blind_spots(target, nginx, instances, project),
        plan=target.plan,
    )
    return evidence, place.environ if place else {}


def _repeated(nginx: NginxSeen, url: str, host: str) -> list[Visit]:
    parts = urlsplit(url)
    paths = visits.failed_lately(nginx, parts.path)
    return [visits.visit(nginx, "recent", f"{parts.scheme}://{parts.netloc}{path}", host, 5.0) for path in paths]


def _wait_for_logs(made: Sequence[Visit], marks: Mapping[Path, int]) -> None:
    """Until a log of uWSGI's has grown, where a request failed in a way that makes uWSGI write."""
    if marks and any(one.exchange.status in _SETTLED_STATUSES and one.exchange.stage != "connect" for one in made):
        clock.wait_for(lambda: any(_has_settled(path, size) for path, size in marks.items()), _LOG_DELAY_S, 0.05)


def _has_settled(path: Path, size: int) -> bool:
    """A worker that died is told of when the master has started another one."""
    text = files.tail(path, size) if files.size(path) != size else ""
    return bool(text) and ("HARAKIRI" not in text or "spawn" in text) and ("DAMN" not in text or "espawned" in text)


def _asked(backend: BackendSeen, made: Sequence[Visit], host: str) -> BackendSeen:
    """A request that failed may have killed a worker: the backend is then asked for its front page instead."""
    failed = any(one.exchange.status in _SETTLED_STATUSES for one in made)
    return look_backends.asked(backend, "/" if failed else _path(made) or "/", host or "localhost")


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


def _blind_spots(
    target: Target, nginx: NginxSeen, instances: Sequence[UwsgiSeen], project: ProjectSeen | None
) -> tuple[CouldNotTell, ...]:
    unseen = _Unseen()
    if nginx.conf and nginx.test is None and nginx.binary:
        unseen.note("nginx.test", "nginx -t was not run: as this account it would fail for reasons of its own")
    for log in nginx.logs:
        if log.error:
            unseen.note("nginx.log", f"{log.path}: {log.error}")
    for seen in instances:
        if seen.log is None:
            who = seen.master.line if seen.master else ", ".join(seen.files)
            unseen.note("uwsgi.log", f"no log is known of uWSGI {who}; name it with --log FILE")
        elif seen.log.error:
            unseen.note("uwsgi.log", f"{seen.log.path}: {seen.log.error}")
        if seen.master and seen.master.environ is None:
            unseen.note("uwsgi.environ", f"this account may not see the environment of {seen.master.line}")
    if project and project.answer is None:
        outcome = project.outcome
        why = (
            "it took too long" if outcome and outcome.timed_out else f"exit status {outcome.code}" if outcome else "not run"
        )
        unseen.note("project", f"the application could not be examined in {project.python}: {why}")
    if not nginx.conf and not instances:
        unseen.note("deployment", f"no nginx and no uWSGI was found for {target.asked.project}")
    return tuple(unseen.found)
