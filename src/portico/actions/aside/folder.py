"""The private folder in which a stack runs aside."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from portico.system import files
from portico.system.accounts import ourselves
from portico.system.processes import alive


@contextmanager
def private_folder(purpose: str) -> Iterator[Path]:
    """A private folder `portico-PURPOSE-...` with a name short enough for sockets, that nginx's workers may enter."""
    prefix = f"portico-{purpose}-"
    forget_killed(Path(_short() or tempfile.gettempdir()), prefix)
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=_short()))
    try:
        if ourselves().uid == 0:
            path.chmod(0o711)
        yield path
    finally:
        files.remove(path)


def forget_killed(folder: Path, prefix: str, owners: Sequence[int] = (), old_s: float = 0.0) -> None:
    """Remove what commands of ours have left that were killed: it holds copies of configuration. Theirs are the folders with
    that prefix and the number of a process that is gone, which belong to us or to one of `owners`, and have not changed for
    `old_s` seconds."""
    uids = (ourselves().uid, *owners)
    for path in folder.glob(f"{prefix}*-*"):
        pid = path.name.removeprefix(prefix).partition("-")[0]
        with contextlib.suppress(OSError):
            found = path.lstat()
            old = time.time() - found.st_mtime >= old_s
            if found.st_uid in uids and old and pid.isdigit() and not alive(int(pid)):
                files.remove(path)


def _short() -> str | None:
    """Where temporary files go, unless sockets could not lie there."""
    return None if len(tempfile.gettempdir()) < 30 else "/tmp"  # noqa: S108
