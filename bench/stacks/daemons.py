"""Servers that put themselves into the background: started by a command, known by the file with their process id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from bench.stacks import processes
from bench.stacks.base import Ground
from portico.system import usage

PATIENCE_S = 20.0


def launch(ground: Ground, *argv: str) -> None:
    """Run a command that returns when its server is in the background; raises RuntimeError with what it said if that one
    does not get there."""
    try:
        done = subprocess.run(
            argv,
            cwd=ground.folder,
            env=processes.environ(ground),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{argv[0]} did not go into the background within {PATIENCE_S:.0f} s") from error
    if done.returncode:
        raise RuntimeError(f"{Path(argv[0]).name} ended with {done.returncode}: {done.stdout.strip()[-1000:]}")


def pid_in(mark: Path) -> int:
    """The process id in the file; 0 while there is none."""
    try:
        return int(mark.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def wait_for(mark: Path) -> int:
    """The process id as soon as it stands in the file; raises RuntimeError if it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not (pid := pid_in(mark)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no process id in {mark}")
        time.sleep(0.005)
    return pid


def end(mark: Path, number: signal.Signals) -> None:
    """Send the signal to the server whose id is in the file, and wait; one that stays is killed with its children. Nothing
    happens where there is none."""
    pid = pid_in(mark)
    mark.unlink(missing_ok=True)
    if not pid or processes.ended(pid):
        return
    tree = usage.tree(pid)
    os.kill(pid, number)
    if not gone(tree):
        for one in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        gone(tree)


def gone(pids: Iterable[int]) -> bool:
    """Whether they have all ended within PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not all(processes.ended(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
