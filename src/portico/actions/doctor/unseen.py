"""What could not be seen: every look that fails says so and keeps no other from being taken."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from portico.actions.doctor.target import Target
from portico.hops.wsgi.examination import parse
from portico.model.errors import PorticoError
from portico.model.evidence import BackendSeen, Evidence, ListenerSeen, NginxSeen, ProjectSeen, UwsgiSeen
from portico.model.finding import CouldNotTell

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Unseen:
    """Collected on the way."""

    found: list[CouldNotTell] = field(default_factory=list)

    def note(self, check: str, reason: str) -> None:
        one = CouldNotTell(check, reason)
        if one not in self.found:
            self.found.append(one)

    def careful(self, check: str, default: T, look: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the look says; where it fails, `default`, and that it failed is noted."""
        try:
            return look(*args, **kwargs)
        except Exception as error:
            if os.environ.get("PORTICO_DEBUG"):
                raise
            self.note(check, f"looking at it failed: {what_failed(error)}")
            return default


def what_failed(error: Exception) -> str:
    """An exception as one line, with the last place of ours that it passed."""
    if isinstance(error, PorticoError):
        return error.findings[0].cause
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "portico" in frame.filename]
    where = f" ({frames[-1].filename.rpartition('/portico/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}"[:300] + where


def blind_spots(evidence: Evidence, target: Target) -> Iterator[CouldNotTell]:
    """What this account, or nobody, could see of the deployment."""
    yield from _of_nginx(evidence.nginx)
    for seen in evidence.uwsgi:
        yield from _of_uwsgi(seen)
    yield from _hidden(evidence)
    if evidence.project:
        yield from _of_project(evidence.project)
    if evidence.visit and evidence.visit.exchange.status in (0, 502) and evidence.machine.oom_kills is None:
        yield CouldNotTell("machine.memory", "whether the kernel killed a process for memory is hidden from this account")
    if not evidence.nginx.conf and not evidence.uwsgi:
        yield CouldNotTell("deployment", f"no nginx and no uWSGI was found for {target.asked.project}")


def _of_nginx(nginx: NginxSeen) -> Iterator[CouldNotTell]:
    if nginx.conf and nginx.test is None and nginx.untested:
        yield CouldNotTell("nginx.test", f"nginx -t was not asked: {nginx.untested}")
    if nginx.test and not nginx.test.ok and not nginx.test.stderr.strip():
        yield CouldNotTell("nginx.test", f"nginx -t says nothing and ends with {_end(nginx.test.code)}")
    for problem in nginx.parse_errors if nginx.test is None or nginx.test.ok else ():
        yield CouldNotTell("nginx.configuration", f"not all of it was understood: {problem}")
    for log in nginx.logs:
        if log.error:
            yield CouldNotTell("nginx.log", f"{log.path}: {log.error}")


def _of_uwsgi(seen: UwsgiSeen) -> Iterator[CouldNotTell]:
    for problem in seen.unread:
        yield CouldNotTell("uwsgi.configuration", problem)
    who = f"uWSGI ({seen.master.line if seen.master else ', '.join(seen.files) or 'of which no file was read'})"
    if seen.log is None and seen.master and seen.master.log is None:
        yield CouldNotTell("uwsgi.log", f"where {who} writes to is hidden from this account; name its log with --log FILE")
    elif seen.log is None:
        yield CouldNotTell("uwsgi.log", f"no log is known of {who}; name it with --log FILE")
    elif seen.log.error:
        yield CouldNotTell("uwsgi.log", f"{seen.log.path}: {seen.log.error}")
    if seen.master and seen.master.environ is None:
        yield CouldNotTell("uwsgi.environ", f"this account may not see the environment of {seen.master.line}")


def _hidden(evidence: Evidence) -> Iterator[CouldNotTell]:
    """Sockets whose processes the kernel shows only to their owner and to root (proc(5))."""
    for listener in _nameless(evidence.listeners):
        yield CouldNotTell(
            "nginx.process", f"who listens at {listener.address} is hidden from this account{_owner(listener)}"
        )
    for backend in evidence.backends[:1]:
        yield from _hidden_behind(backend)


def _hidden_behind(backend: BackendSeen) -> Iterator[CouldNotTell]:
    for listener in _nameless(backend.listeners):
        yield CouldNotTell(
            "uwsgi.process", f"who listens at {listener.address} is hidden from this account{_owner(listener)}"
        )
    path = backend.path
    if path and path.kind == "unknown" and not backend.listeners:
        closed = f": it may not enter {path.closed}" if path.closed else ""
        yield CouldNotTell("uwsgi.socket", f"{path.path} is hidden from this account{closed}")


def _nameless(listeners: Sequence[ListenerSeen]) -> list[ListenerSeen]:
    """One of a kind: a socket for both families is listed twice."""
    return [one for one in listeners if not one.pids][:1]


def _owner(listener: ListenerSeen) -> str:
    return f": it belongs to {listener.user}" if listener.user else ""


def _of_project(project: ProjectSeen) -> Iterator[CouldNotTell]:
    outcome, said = project.outcome, parse(project.answer)
    if project.guessed:
        yield CouldNotTell("project", f"nothing says which Python it is: {project.python} was taken; name it with --python")
    code = outcome.code if outcome else 0
    if project.answer is None:
        last = (outcome.stderr.strip().splitlines() or [""])[-1][:200] if outcome else ""
        why = f"it gave no answer (exit status {code}{': ' if last else ''}{last})"
        why = "it took too long" if outcome and outcome.timed_out else why
        yield CouldNotTell("project", f"the application could not be examined in {project.python}: {why}")
    elif said.unfinished:
        how = f"{said.unfinished}: {_end(code)}"
        yield CouldNotTell("project", f"examined in {project.python}, it ended without a word ({how})")


def _end(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"
