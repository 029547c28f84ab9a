"""The processes of a stack: who they are, killing them, and proving that none is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from portico.actions.places import places
from portico.system.sockets import queue_lengths
from support.stack import ROOT, Project, until
from support.traffic import can_bind

#: In the command lines of all that a stack has running: `nginx -t` and what a command asks of a project are not of it.
_OF_A_STACK = ("supervisord", "guard.py", "nginx: ", "uwsgi")


@dataclass(frozen=True)
class Crew:
    """Process ids: supervisord (0 for none), and the masters of nginx and uWSGI each followed by their workers."""

    supervisor: int
    nginx: tuple[int, ...]
    uwsgi: tuple[int, ...]

    @property
    def everybody(self) -> tuple[int, ...]:
        return (*((self.supervisor,) if self.supervisor else ()), *self.nginx, *self.uwsgi)


def crew(project: Project) -> Crew:
    """Who runs now, as `status` says."""
    result = project.status().result
    pids = {
        name: [pid for hop in result["hops"] if hop["hop"] == name for pid in hop["pids"]] for name in ("nginx", "uwsgi")
    }
    return Crew((result["supervisor"] or {"pid": 0})["pid"], tuple(pids["nginx"]), tuple(pids["uwsgi"]))


def complete(project: Project) -> bool:
    """Whether there are as many workers as the plan has: the first one answers while the others are still to be made."""
    plan: dict[str, Any] = json.loads(places(project.folder).state_file.read_text())["plan"]
    who, uwsgi = crew(project), plan["uwsgi"]
    nginx = 1 + plan["nginx"]["worker_processes"] if plan["nginx"] else 0
    return (len(who.nginx), len(who.uwsgi)) == (nginx, uwsgi["instances"] * (1 + uwsgi["processes"]))


def port_of(project: Project) -> int:
    return int(project.url.rsplit(":", 1)[1].strip("/"))


def send(pid: int, number: signal.Signals) -> None:
    """A signal to one process; 0 would be our own process group (kill(2))."""
    assert pid > 1
    os.kill(pid, number)


def kill(*pids: int) -> None:
    """SIGKILL, and wait until they are gone or zombies."""
    for pid in pids:
        # The death of one may be that of others, and whoever inherits these waits for them.
        with contextlib.suppress(ProcessLookupError):
            send(pid, signal.SIGKILL)
    until(lambda: not any(map(_lives, pids)), what=f"{pids} have ended")


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def whole(project: Project) -> Crew:
    """Wait until `status` has nothing to complain about and nobody is missing, and for longer than a second since the
    masters started: supervisord takes an earlier death for a failed start."""
    until(lambda: project.status().code == 0 and complete(project), what="the stack is whole")
    who = crew(project)
    youngest = max(psutil.Process(pid).create_time() for pid in (who.uwsgi[0], *who.nginx[:1]))
    until(lambda: time.time() - youngest > 1.1)
    return who


def busy(project: Project) -> int:
    """Workers that have a request now, in all uWSGI instances of the stack; `status` would take too long to ask."""
    found = 0
    for path in (places(project.folder).run / "ctl").glob("stats-*.sock"):
        with socket.socket(socket.AF_UNIX) as stats:
            stats.connect(str(path))
            data = b"".join(iter(lambda: stats.recv(65536), b""))
        found += sum(worker["status"] == "busy" for worker in json.loads(data)["workers"])
    return found


def queued(project: Project) -> int:
    """Requests that no uWSGI instance of the stack has accepted yet."""
    folder = str(places(project.folder).run)
    return sum(length for path, length in queue_lengths().items() if path.startswith(folder))


def traces(project: Project) -> list[str]:
    """Live processes that work for this stack: by their command line, folder, or open files."""
    names = (str(project.folder), places(project.folder).run.name)
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        if process.info["status"] == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            continue
        text = " ".join(_mentions(Path("/proc") / str(process.pid)))
        if any(name in text for name in names):
            found.append(f"{process.pid}: {text[:300]}")
    return found


def _mentions(folder: Path) -> Iterator[str]:
    try:
        yield (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        for link in (folder / "cwd", *(folder / "fd").iterdir()):
            yield str(link.readlink())
    except OSError:
        return


def ended(project: Project) -> None:
    """`down`, after which nothing of the stack is left: no process, no socket, and the port is free."""
    ran = project.portico("down", "--json")
    assert ran.code == 0, ran.out + ran.err
    left = [line for line in traces(project) if any(word in line for word in _OF_A_STACK)]
    assert not left, left
    until(lambda: not traces(project), what="what killed commands had begun ends by itself")
    assert not places(project.folder).run.exists()
    assert not project.url or can_bind(port_of(project))


def cared_for(project: Project) -> Iterator[Project]:
    """For fixtures: whatever a test did to the stack, it is taken down, and what survives is killed and fails the test."""
    try:
        yield project
    finally:
        project.folder.mkdir(parents=True, exist_ok=True)
        project.portico("down", "--json")
        left = traces(project)
        for line in left:
            with contextlib.suppress(ProcessLookupError):
                send(int(line.partition(":")[0]), signal.SIGKILL)
        where = places(project.folder)
        shutil.rmtree(where.run, ignore_errors=True)
        if ROOT:
            shutil.rmtree(where.state, ignore_errors=True)
        shutil.rmtree(where.dot, ignore_errors=True)
    assert not left, left


def loads_slowly(project: Project) -> Path:
    """From now on `hello.py` is not loaded in uWSGI before somebody has made the file that is returned."""
    go = project.folder.parent / "go"
    wait = f"while 'uwsgi' in sys.modules and not os.path.exists({str(go)!r}):\n    time.sleep(0.01)\n"
    project.write("hello.py", f"import os, sys, time\n{wait}{(project.folder / 'hello.py').read_text()}")
    return go
