"""The servers of a stack: started together in one session of their own, watched until they listen, stopped together.

One session for all of them, because the kernel shares the processors out by session (sched(7), autogroup): a stack of two
servers in two sessions would get twice the share of a stack in one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.stacks.base import Ground, Running

_HOLDER = Path(__file__).with_name("holder.py")
_STOP_S = 30.0
_START_S = 60.0


@dataclass(frozen=True)
class Server:
    """One server process. `name` names its log, `NAME.log` in the stack's folder. `listens`: the path of its unix socket,
    or its port on 127.0.0.1. `stop`: the signal that its documentation gives for a graceful end."""

    name: str
    argv: tuple[str, ...]
    listens: Path | int
    environ: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    stop: signal.Signals = signal.SIGTERM


def application(ground: Ground) -> str:
    """The WSGI module of the site as it is imported in its folder, `destiny.wsgi`."""
    found = sorted(ground.site.glob("*/wsgi.py"))
    if not found:
        raise RuntimeError(f"{ground.site} has no package with a wsgi.py")
    return f"{found[0].parent.name}.wsgi"


def environ(ground: Ground) -> dict[str, str]:
    """What a service gets: the application's own variables, and of ours only those without which nothing runs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **ground.environ}


def program(ground: Ground, name: str) -> str:
    """A program that pip installed into the stack's environment."""
    return str(ground.python.with_name(name))


def installed(ground: Ground, package: str) -> str:
    """The version of a package in the stack's environment."""
    code = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    return subprocess.run([str(ground.python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def start(ground: Ground, *servers: Server, reload: Callable[[Mapping[str, int]], None] | None = None) -> Running:
    """Start the servers and wait until each listens. They are stopped in the order that they are given in.

    `reload` gets the process id of each by its name. Raises RuntimeError with the end of its log when one ends instead.
    """
    for server in servers:
        # One that a killed server left behind listens no more.
        if isinstance(server.listens, Path):
            server.listens.unlink(missing_ok=True)
    holder = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_HOLDER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        pids = _handed_over(ground, holder, servers)
        _wait_until_listening(ground, servers, pids)
    except BaseException:
        _stop(holder)
        raise
    numbers = tuple(pids.values())
    return Running(lambda: numbers, lambda: _stop(holder), (lambda: reload(pids)) if reload else None)


def signalling(name: str, number: signal.Signals) -> Callable[[Mapping[str, int]], None]:
    """A `reload` that sends the server a signal."""
    return lambda pids: os.kill(pids[name], number)


def _handed_over(ground: Ground, holder: subprocess.Popen[str], servers: tuple[Server, ...]) -> dict[str, int]:
    assert holder.stdin is not None and holder.stdout is not None
    orders = [
        {
            "argv": server.argv,
            "environ": dict(server.environ),
            "cwd": str(server.cwd),
            "log": str(_log(ground, server)),
            "stop": int(server.stop),
        }
        for server in servers
    ]
    holder.stdin.write(json.dumps(orders) + "\n")
    holder.stdin.flush()
    answer = holder.stdout.readline()
    if not answer:
        raise RuntimeError(f"{servers[0].argv[0]} could not be started")
    return {server.name: pid for server, pid in zip(servers, json.loads(answer), strict=True)}


def _wait_until_listening(ground: Ground, servers: tuple[Server, ...], pids: Mapping[str, int]) -> None:
    deadline = time.monotonic() + _START_S
    for server in servers:
        while not _listens(server.listens):
            if ended(pids[server.name]):
                raise RuntimeError(f"{server.name} ended: {_said(ground, server)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{server.name} does not listen after {_START_S:.0f} s: {_said(ground, server)}")
            time.sleep(0.005)


def _listens(where: Path | int) -> bool:
    if isinstance(where, Path):
        return where.is_socket()
    # 0100007F is 127.0.0.1 and 0A is LISTEN (proc_net(5), tcp); asking the kernel leaves the server alone.
    row = f"0100007F:{where:04X} 00000000:0000 0A"
    return row in Path("/proc/net/tcp").read_text(encoding="ascii")


def ended(pid: int) -> bool:
    """Gone, or a zombie that nobody has taken note of."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def _said(ground: Ground, server: Server) -> str:
    lines = _log(ground, server).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " | ".join(lines[-6:]) or "it said nothing"


def _log(ground: Ground, server: Server) -> Path:
    return ground.folder / f"{server.name}.log"


def _stop(holder: subprocess.Popen[str]) -> None:
    if holder.stdin and not holder.stdin.closed:
        holder.stdin.close()
    try:
        holder.wait(_STOP_S)
    finally:
        if holder.stdout:
            holder.stdout.close()
