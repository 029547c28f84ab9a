"""supervisord, driven over its XML-RPC unix socket (http://supervisord.org/api.html)."""

from __future__ import annotations

import contextlib
import http.client
import math
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.system import processes
from portico.system.clock import wait_for
from portico.system.started import started

#: supervisord's fault codes (supervisor/xmlrpc.py) that mean "already so".
_NOT_RUNNING, _ALREADY_STARTED, _BAD_NAME = 70, 60, 10
_ALREADY_ADDED, _STILL_RUNNING = 90, 91
#: What is run as supervisord: our module of that name, which is supervisord with a shorter reaction time.
MODULE = "portico.system.supervisord"
#: No call waits for a process, so one that takes this long has no answer.
_ANSWER_S = 10
#: One that ends is seen at once, so that only a busy or a slow machine needs so long.
LAUNCH_LIMIT_S = 60.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_ANSWER_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.close()
            raise


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path)


@dataclass(frozen=True)
class Program:
    """One supervised program: `state` is supervisord's (RUNNING, BACKOFF, FATAL, ...); `started` is epoch seconds."""

    name: str
    state: str
    pid: int
    started: float
    why: str

    @property
    def has_ended(self) -> bool:
        return self.state in ("BACKOFF", "FATAL", "EXITED")


class Unreachable(ConnectionError):
    """supervisord does not answer, or does not do what it was asked because it is ending."""


class Supervisor:
    """A client of one supervisord; every method but `pid` and `look` raises Unreachable when it does not answer."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        proxy = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_UnixTransport(str(socket_path)))
        self._rpc: Any = proxy.supervisor

    def pid(self) -> int | None:
        """supervisord's process id, or None when it does not answer."""
        try:
            return int(_call(self._rpc.getPID))
        except Unreachable:
            return None

    def look(self) -> tuple[int | None, tuple[Program, ...]]:
        """supervisord's process id and its programs; None and nothing when it does not answer."""
        try:
            return int(_call(self._rpc.getPID)), self.programs()
        except Unreachable:
            return None, ()

    def programs(self) -> tuple[Program, ...]:
        rows = _call(self._rpc.getAllProcessInfo)
        return tuple(
            Program(r["name"], r["statename"], int(r["pid"]), float(r["start"]), r["spawnerr"] or r["description"])
            for r in rows
        )

    def program(self, name: str) -> Program | None:
        return next((program for program in self.programs() if program.name == name), None)

    def has_died(self, name: str) -> bool:
        """Whether it is not there, or has ended since it was started and waits for its next try."""
        program = self.program(name)
        return program is None or program.has_ended

    def add(self, name: str) -> None:
        """Read the configuration again and start the program named there; one that runs already is left alone."""
        _call(self._rpc.reloadConfig)
        _call(self._rpc.addProcessGroup, name, fine=(_ALREADY_ADDED,))
        _call(self._rpc.startProcess, name, False, fine=(_ALREADY_STARTED,))

    def start(self, name: str) -> None:
        _call(self._rpc.startProcess, name, False, fine=(_ALREADY_STARTED,))

    def stop(self, name: str, wait: bool = True) -> None:
        """Stop it with its own stop signal; supervisord kills what has not ended after its `stopwaitsecs`."""
        _call(self._rpc.stopProcess, name, False, fine=(_NOT_RUNNING, _BAD_NAME))
        if wait:
            wait_for(lambda: not any(program.pid for program in self.programs() if program.name == name), math.inf)

    def remove(self, name: str) -> None:
        """Forget a stopped program."""
        _call(self._rpc.removeProcessGroup, name, fine=(_BAD_NAME, _STILL_RUNNING))

    def signal(self, name: str, signal_name: str) -> None:
        _call(self._rpc.signalProcess, name, signal_name, fine=(_NOT_RUNNING, _BAD_NAME))


def _call(method: Any, *arguments: Any, fine: tuple[int, ...] = ()) -> Any:
    """Call it; faults in `fine` are as good as success."""
    try:
        return method(*arguments)
    except xmlrpc.client.Fault as fault:
        if fault.faultCode in fine:
            return None
        raise Unreachable(f"supervisord refuses: {fault.faultString}") from fault
    except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
        raise Unreachable(f"supervisord does not answer: {error}") from error


def begin(configuration: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start supervisord detached from this terminal, and do not wait for its answers.

    On return it can be found by its command line: Popen comes back in the middle of execve(2), before the kernel has put
    that in place, and who looked then would take it for not there.
    """
    with log.open("ab") as output:
        process = started(
            [sys.executable, "-m", MODULE, "-n", "-c", str(configuration)],
            # Where Python finds that module however it found this one; supervisord then goes to the root folder.
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    with _ends_if_interrupted(process):
        wait_for(lambda: processes.has_command(process.pid) or process.poll() is not None, _ANSWER_S)
    return process


def launch(configuration: Path, log: Path, socket_path: Path) -> int | None:
    """Start supervisord; returns its pid once it answers, None if it ends or does not within LAUNCH_LIMIT_S."""
    process = begin(configuration, log)
    client = Supervisor(socket_path)
    with _ends_if_interrupted(process):
        answered = wait_for(lambda: client.pid() == process.pid or process.poll() is not None, LAUNCH_LIMIT_S)
    return process.pid if answered and process.poll() is None else None


@contextlib.contextmanager
def _ends_if_interrupted(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A supervisord of which nobody was told has no programs, and none to care for it."""
    try:
        yield
    except BaseException:
        process.terminate()
        raise
