"""Processes that run aside for a while: they end when we do, however that comes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import FrameType

from portico.model.command import Command
from portico.system.clock import wait_for
from portico.system.processes import group_table
from portico.system.run import surroundings

_PR_SET_PDEATHSIG = 1
#: How long a process may take to end by itself; then its whole group is killed.
_MERCY_S = 3.0
_DEATH_S = 3.0
_STOPS = (signal.SIGTERM, signal.SIGHUP)


class Running:
    """One started process, the leader of a group of its own."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, stop: signal.Signals) -> None:
        self.pid = process.pid
        self.log = log
        self._process = process
        self._stop = stop

    @property
    def code(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.code is None:
                os.kill(self.pid, self._stop)

    def end(self, mercy_s: float) -> None:
        """Wait for its end; then nothing of its group is left."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, mercy_s))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
            # Whoever looks next must not find them, nor their folder in use.
            wait_for(lambda: not group_table().get(self.pid), _DEATH_S)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_DEATH_S)


class Aside:
    """Starts processes, and stops them all, the last one first."""

    def __init__(self) -> None:
        self._running: list[Running] = []

    def start(self, command: Command, log: Path, stop: signal.Signals, orphaned: signal.Signals) -> Running:
        """Start it; what it says goes to `log`. `stop` ends it at once; the kernel sends it `orphaned` when we are killed,
        once, and nobody is left who could repeat it. Raises OSError when there is no such program."""
        with log.open("ab") as output, _uninterrupted() as mask:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_follow(stop, orphaned, mask),
                **surroundings(command),
            )
            running = Running(process, log, stop)
            self._running.append(running)
        return running

    def ask_to_end(self) -> None:
        """Ask all of them, and wait for none: whoever stops several of these asks all first."""
        for running in reversed(self._running):
            running.ask_to_end()

    def stop(self) -> None:
        """End all of them; nothing can interrupt it."""
        with _uninterrupted():
            self.ask_to_end()
            deadline = time.monotonic() + _MERCY_S
            for running in reversed(self._running):
                running.end(deadline - time.monotonic())
            self._running.clear()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[Collection[int]]:
    """Signals that would end us wait until the block is over. It has the mask from before.

    One that came while a process is forked would be lost, because Python ignores exceptions of what it does then
    (os.register_at_fork), or would leave a process behind that nobody knows of yet.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *_STOPS})
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow(stop: signal.Signals, orphaned: signal.Signals, mask: Collection[int]) -> Callable[[], None]:
    """What a child does before it becomes its program: ask the kernel for a signal when its parent ends (prctl(2)), and
    listen to the signals that are not in the mask."""
    import ctypes

    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask() -> None:
        # What a shell starts in the background ignores SIGINT, and so would every program that it starts.
        signal.signal(stop, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if sys.platform != "linux":
            return
        libc.prctl(_PR_SET_PDEATHSIG, int(orphaned))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """Inside it, a signal that would end us at once (SIGTERM, SIGHUP) raises SystemExit, so that everything is put back.
    What is ignored stays so: `nohup` outlives its terminal (nohup(1))."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _leave) for number in _STOPS if signal.getsignal(number) == signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
