"""A pair of nginx and uWSGI that runs aside, and asking it."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portico.hops.uwsgi.moved import STARTED
from portico.model.command import Command
from portico.model.finding import Kind
from portico.model.proof import Answer, Ask
from portico.system import answers, files, sockets
from portico.system.aside import Aside, Running
from portico.system.clock import wait_for

#: How long one answer may take, and how long a start.
ANSWER_S = 15.0
START_S = 40.0
_LAST_LINES = 12
#: So that neither side writes byte code into the project.
NO_TRACES = {"PYTHONDONTWRITEBYTECODE": "1"}


class NotStarted(Exception):
    """One of the processes of a side ended, or never came to serve. `said` are its own last lines."""

    def __init__(self, kind: Kind, hop: str, cause: str, said: list[str]) -> None:
        super().__init__(cause)
        self.kind, self.hop, self.cause, self.said = kind, hop, cause, said


class TimeIsOver(Exception):
    """There is no time left for the proof."""


@dataclass
class Deadline:
    """When all has to be done."""

    timeout_s: float
    began: float = field(default_factory=time.monotonic)

    def left(self, most_s: float) -> float:
        """Seconds for a step that may take `most_s`. Raises TimeIsOver."""
        left = self.began + self.timeout_s - time.monotonic()
        if left <= 0:
            raise TimeIsOver
        return min(left, most_s)


@dataclass(frozen=True)
class Side:
    """One of the two, while it runs. `ports` maps a port of the old deployment (as text) to where this side answers for it;
    `own` is the site's own port among them; `tls` are the ports that speak TLS here."""

    ports: Mapping[str, int]
    own: str
    tls: frozenset[int] = frozenset()

    def port(self, ask: Ask) -> int:
        return self.ports.get(str(ask.port) if ask.port else self.own, self.ports[self.own])

    def answer(self, ask: Ask, since: str, timeout_s: float) -> Answer:
        """Ask it; `since` is the date for If-Modified-Since, empty for none."""
        port = self.port(ask)
        return answers.ask(
            f"127.0.0.1:{port}", head(ask, since), ask.method, timeout_s, ask.body_bytes, port in self.tls, ask.host
        )


def head(ask: Ask, since: str) -> bytes:
    """The request as it goes over the wire, without its body."""
    fields = [("Host", ask.host)] if ask.host else []
    fields += [("User-Agent", "portico-adopt"), ("Accept", "*/*"), *ask.headers]
    fields += [("Connection", "close")] if ask.version == "1.1" else []
    fields += [("Cookie", "portico=" + "x" * ask.cookie_bytes)] if ask.cookie_bytes else []
    fields += [("If-Modified-Since", since)] if ask.conditional and since else []
    fields += [("Content-Length", str(ask.body_bytes))] if ask.method in ("POST", "PUT", "PATCH") else []
    lines = [f"{ask.method} {ask.path} HTTP/{ask.version}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def start_uwsgi(aside: Aside, command: Command, log: Path, kind: Kind, deadline: Deadline) -> Running:
    """Start it and wait until it has loaded the application. Raises NotStarted."""
    running = _start(aside, command, log, kind, "uwsgi", signal.SIGINT)
    loaded = wait_for(lambda: STARTED.search(files.tail(log)) or running.code is not None, deadline.left(START_S))
    if running.code is not None or not loaded:
        raise _not_started(kind, "uwsgi", running, log, "the application had not finished loading")
    return running


def start_nginx(aside: Aside, command: Command, log: Path, kind: Kind, port: int, deadline: Deadline) -> Running:
    """Start it and wait until it listens. Raises NotStarted."""
    running = _start(aside, command, log, kind, "nginx", signal.SIGTERM)
    up = wait_for(lambda: sockets.is_accepting("127.0.0.1", port) or running.code is not None, deadline.left(START_S))
    if running.code is not None or not up:
        raise _not_started(kind, "nginx", running, log, "it did not listen")
    return running


def _start(aside: Aside, command: Command, log: Path, kind: Kind, hop: str, stop: signal.Signals) -> Running:
    try:
        return aside.start(command, log, stop)
    except OSError as error:
        what = error.filename or command.argv[0]
        raise NotStarted(kind, hop, f"{what}: {error.strerror}", [" ".join(command.argv)]) from None


def _not_started(kind: Kind, hop: str, running: Running, log: Path, slow: str) -> NotStarted:
    said = [line.rstrip() for line in files.tail(log).splitlines() if line.strip()][-_LAST_LINES:]
    cause = slow if running.code is None else f"it ended with exit status {running.code}"
    return NotStarted(kind, hop, cause, said)
