"""The private folder in which a stack runs aside."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portico.system import files
from portico.system.accounts import ourselves
from portico.system.processes import alive


@contextmanager
def private_folder(purpose: str) -> Iterator[Path]:
    """A private folder `portico-PURPOSE-...` with a name short enough for sockets, that nginx's workers may enter."""
    prefix = f"portico-{purpose}-"
    _forget_killed(Path(_short() or tempfile.gettempdir()), prefix)
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=_short()))
    try:
        if ourselves().uid == 0:
            path.chmod(0o711)
        yield path
    finally:
        files.remove(path)


def _forget_killed(folder: Path, prefix: str) -> None:
    """Remove what commands of ours have left that were killed: it holds copies of configuration."""
    for path in folder.glob(f"{prefix}*-*"):
        pid = path.name.removeprefix(prefix).partition("-")[0]
        with contextlib.suppress(OSError):
            if path.lstat().st_uid == ourselves().uid and pid.isdigit() and not alive(int(pid)):
                files.remove(path)


def _short() -> str | None:
    """Where temporary files go, unless sockets could not lie there."""
    return None if len(tempfile.gettempdir()) < 30 else "/tmp"  # noqa: S108
