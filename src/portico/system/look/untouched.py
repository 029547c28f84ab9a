"""Look with a program that also changes things, and put those back."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def untouched(paths: Iterable[str]) -> Iterator[None]:
    """Afterwards these paths have the owner and the mode they had, and what was not there is gone again.

    `nginx -t` gives temporary folders to the workers' account, makes missing ones, an empty pid file, empty logs and unix
    sockets. Only what is empty is removed. Never raises for a path.
    """
    before = {path: _status(path) for path in paths}
    try:
        yield
    finally:
        for path, status in before.items():
            with suppress(OSError):
                _put_back(path, status)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (OSError, ValueError):
        return None


def _put_back(path: str, before: os.stat_result | None) -> None:
    now = _status(path)
    if now is None:
        return
    if before is None:
        _remove(path, now)
    elif (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino):
        if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
            os.chown(path, before.st_uid, before.st_gid, follow_symlinks=False)
        if now.st_mode != before.st_mode and not stat.S_ISLNK(now.st_mode):
            os.chmod(path, stat.S_IMODE(before.st_mode))  # noqa: PTH101


def _remove(path: str, now: os.stat_result) -> None:
    if stat.S_ISDIR(now.st_mode):
        os.rmdir(path)  # noqa: PTH106
    elif stat.S_ISSOCK(now.st_mode) or (stat.S_ISREG(now.st_mode) and now.st_size == 0):
        os.unlink(path)  # noqa: PTH108
