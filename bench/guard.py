"""Nothing that a run started outlives it, however it ends: the run is a child, and what it leaves behind becomes ours.

Orphans go to the nearest ancestor that asked for them (PR_SET_CHILD_SUBREAPER, prctl(2)), daemons among them. If this
process is killed itself, the run is told to end (PR_SET_PDEATHSIG) and cleans up by its own means.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from portico.system import usage

#: The run's folder, which this process makes and removes.
FOLDER = "PORTICO_BENCH_FOLDER"
_SUBREAPER, _DEATH_SIGNAL = 36, 1
_PATIENCE_S = 8.0


def guarded(argv: list[str]) -> int:
    """Run `python -m bench` with these arguments in a child; returns its exit status when all that it started is gone."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    folder = tempfile.mkdtemp(prefix="portico-bench-")
    Path(folder).chmod(0o755)
    # The terminal sends an interrupt to both; it is the run's.
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen([sys.executable, "-m", "bench", *argv], env={**os.environ, FOLDER: folder})
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(child.pid, signal.SIGINT))
    try:
        return _wait(child.pid)
    finally:
        _end_what_is_left()
        shutil.rmtree(folder, ignore_errors=True)


def follow_guard() -> None:
    """In the child: end as by an interrupt when the guard is gone or somebody ends this process, and once only: nothing
    interrupts the cleaning up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)


def _wait(child: int) -> int:
    """Until the child has ended; orphans that end meanwhile are taken note of, or they would stay as zombies."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _end_what_is_left() -> None:
    deadline = time.monotonic() + _PATIENCE_S
    told: set[int] = set()
    while left := usage.tree(os.getpid()) - {os.getpid()}:
        late = time.monotonic() > deadline
        for pid in left if late else left - told:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        told |= left
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.05)
