"""nginx and uWSGI started aside, with this command as their parent."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portico.hops.uwsgi.moved import STARTED
from portico.model.command import Command
from portico.model.finding import Kind
from portico.system import files, sockets
from portico.system.aside import Aside, Running
from portico.system.clock import wait_for

#: How long a start may take, where nothing else is said.
START_S = 40.0
_LAST_LINES = 12
#: Signals that end each at once: when we ask for it, and when we were killed. SIGINT may come while Python starts or the
#: application is imported, and be lost there as an exception that somebody catches. The workers of a uWSGI that is killed
#: end with it (https://uwsgi-docs.readthedocs.io/en/latest/Options.html#no-orphans); those of nginx would stay.
_UWSGI_ENDS = (signal.SIGINT, signal.SIGKILL)
_NGINX_ENDS = (signal.SIGTERM, signal.SIGTERM)
#: So that nothing writes byte code into the project.
NO_TRACES = {"PYTHONDONTWRITEBYTECODE": "1"}


class NotStarted(Exception):
    """One of the processes ended, or never came to serve. `said` are its own last lines."""

    def __init__(self, kind: Kind, hop: str, cause: str, said: list[str]) -> None:
        super().__init__(cause)
        self.kind, self.hop, self.cause, self.said = kind, hop, cause, said


class TimeIsOver(Exception):
    """There is no time left."""


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


@contextmanager
def stopped_after() -> Iterator[Aside]:
    """What is started with it is stopped at the end, however that comes."""
    processes = Aside()
    try:
        yield processes
    finally:
        processes.stop()


def start_uwsgi(
    aside: Aside, command: Command, log: Path, kind: Kind, deadline: Deadline, most_s: float = START_S
) -> Running:
    """Start it and wait until it has loaded the application. Raises NotStarted."""
    # Another instance may have written to it before.
    before = files.size(log)
    running = _start(aside, command, log, kind, "uwsgi", _UWSGI_ENDS)
    loaded = wait_for(lambda: STARTED.search(files.tail(log, before)) or running.code is not None, deadline.left(most_s))
    if running.code is not None or not loaded:
        raise _not_started(kind, "uwsgi", running, log, "the application had not finished loading")
    return running


def start_nginx(aside: Aside, command: Command, log: Path, kind: Kind, port: int, deadline: Deadline) -> Running:
    """Start it and wait until it listens. Raises NotStarted."""
    running = _start(aside, command, log, kind, "nginx", _NGINX_ENDS)
    up = wait_for(lambda: sockets.is_accepting("127.0.0.1", port) or running.code is not None, deadline.left(START_S))
    if running.code is not None or not up:
        raise _not_started(kind, "nginx", running, log, "it did not listen")
    return running


def _start(
    aside: Aside, command: Command, log: Path, kind: Kind, hop: str, ends: tuple[signal.Signals, signal.Signals]
) -> Running:
    try:
        return aside.start(command, log, *ends)
    except OSError as error:
        what = error.filename or command.argv[0]
        raise NotStarted(kind, hop, f"{what}: {error.strerror}", [" ".join(command.argv)]) from None


def _not_started(kind: Kind, hop: str, running: Running, log: Path, slow: str) -> NotStarted:
    said = [line.rstrip() for line in files.tail(log).splitlines() if line.strip()][-_LAST_LINES:]
    cause = slow if running.code is None else f"it ended with exit status {running.code}"
    return NotStarted(kind, hop, cause, said)
