"""One writer at a time: two commands that change a stack cannot interleave."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.system.clock import wait_for
from portico.system.files import writing

BUSY = Kind(
    "system.E001",
    "system",
    "Another portico command is changing this stack",
    "Two commands that change the same stack at the same time would undo each other's work.",
    source="https://man7.org/linux/man-pages/man2/flock.2.html",
    shows="`up`, `down`, `reload` or `rollback` ends at once with exit status 5; nothing is changed.",
    example="/srv/shop/.portico/lock: locked by pid 4711",
    cure="Wait until the other command is done (`ps -fp PID` shows it), then repeat. The lock of a killed command is "
    "dropped by the kernel: the file need not be removed.",
)
#: `is_held` takes the lock itself for a moment, which on a busy machine can be a long one.
_PATIENCE_S, _LOOKS = 0.2, 100


def is_held(path: Path) -> bool:
    """Whether somebody, perhaps this process itself, holds the lock file now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _locked(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_taken(descriptor: int) -> bool:
    """Take it for ourselves; False when another writer has it. Those who only look share it with us, and are waited for."""
    for _ in range(_LOOKS):
        if wait_for(lambda: _locked(descriptor, fcntl.LOCK_EX), _PATIENCE_S):
            return True
        if not _locked(descriptor, fcntl.LOCK_SH):
            return False
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file; raises PorticoError when somebody else holds it who does not only look at it.

    The kernel drops the lock when its holder dies, so a killed command never blocks the next one (flock(2)).
    """
    with writing(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if not _is_taken(descriptor):
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "?"
            finding = BUSY.found(
                cause=f"process {holder} holds the lock {path}",
                evidence=[f"{path}: locked by pid {holder}"],
                fix=["wait until it is done, then repeat the command", f"ps -fp {holder}   # see what it is"],
            )
            raise PorticoError(finding, Exit.NEEDS_HANDS)
        with contextlib.suppress(OSError):
            # Who holds it is only for people: on a full disk there is no room for it, and `down` must work.
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
