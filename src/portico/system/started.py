"""A process that is begun whole: a signal that comes meanwhile is not lost, and leaves no process that nobody knows of."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

#: What does not end at once (a process that waits for a disk) is not waited for longer.
_DEATH_S = 2.0
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def started(argv: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:
    """As `subprocess.Popen`; `how` has to make it the leader of a group. An exception out of a signal's handler, such as
    KeyboardInterrupt, is raised when the process is there and was killed."""
    process = None
    try:
        with _signals_wait():
            process = subprocess.Popen(argv, **how)
    except BaseException:
        if process is not None:
            kill_group(process)
        raise
    return process


def kill_group(process: subprocess.Popen[bytes], wait_s: float = _DEATH_S) -> None:
    """End its whole group, of which there may be none any more, and wait so long for it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(wait_s)


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """What Python does at a signal it does when the block is over. The signals are not blocked, because what is begun would
    inherit that (signal(7)); and Python handles them in its main thread only."""
    came: list[tuple[int, FrameType | None]] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: handler for number in _STOPS if callable(handler := signal.getsignal(number))}
    for number in handlers:
        signal.signal(number, lambda *signalled: came.append(signalled))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for signalled in came:
            handlers[signal.Signals(signalled[0])](*signalled)
