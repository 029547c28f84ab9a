"""The end of a log, and whether a process still writes to another file than the one of that name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from portico.model.seen import LogSeen

_STREAMS = ("/dev/std", "/dev/fd/", "/proc/self/")
_REASONS = {
    errno.ENOENT: "it does not exist",
    errno.ENOTDIR: "it does not exist",
    errno.EACCES: "this account may not read it",
    errno.EPERM: "this account may not read it",
}


def tail(
    path: str, kind: Literal["access", "error", "uwsgi"], limit_bytes: int = 2 << 20, pids: Iterable[int] = ()
) -> tuple[LogSeen, str]:
    """The last whole lines of a log, at most `limit_bytes` of it; bytes that are no UTF-8 are replaced.

    Where one of the processes `pids` still writes to another file in its place, a rotated or a deleted one, it is that one.
    Never raises and never waits: `error` says why there is no text (missing, not to be read, a folder, a pipe, a device).
    """
    link, real = _written(path, pids)
    if real:
        seen, text = _tail(path, real, kind, limit_bytes)
        if not seen.error:
            return replace(seen, replaced=link), text
    seen, text = _tail(path, path, kind, limit_bytes)
    return replace(seen, replaced=link), text


def _tail(path: str, real: str, kind: Literal["access", "error", "uwsgi"], limit_bytes: int) -> tuple[LogSeen, str]:
    """Of the file `real`, under the name of `path`."""
    if real == path and _is_stream(path):
        return LogSeen(path, kind, error="it is the standard output of whatever writes it"), ""
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would be waited for.
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        return LogSeen(path, kind, error=_why(path, error)), ""
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return LogSeen(path, kind, error=_no_file(status.st_mode)), ""
        data, whole = _end(handle, status.st_size, limit_bytes)
    except OSError as error:
        return LogSeen(path, kind, error=_why(path, error)), ""
    finally:
        os.close(handle)
    seen = LogSeen(path, kind, status.st_size, len(data), status.st_mtime)
    return seen, (data if whole else data.partition(b"\n")[2]).decode("utf-8", "replace")


def _is_stream(path: str) -> bool:
    """Whether it leads to /dev/stdout or the like, which for us would be our own, as logs of containers do."""
    for _ in range(10):
        if os.path.abspath(path).startswith(_STREAMS):  # noqa: PTH100
            return True
        try:
            path = os.path.join(os.path.dirname(path), os.readlink(path))  # noqa: PTH115, PTH118, PTH120
        except (OSError, ValueError):
            return False
    return False


def _end(handle: int, size: int, limit_bytes: int) -> tuple[bytes, bool]:
    """The last bytes, and whether they begin where a line begins."""
    begin = max(0, size - limit_bytes)
    # One byte more than asked for tells whether the first line is whole.
    data = _read(handle, max(0, begin - 1), size)
    return (data, True) if begin == 0 else (data[1:], data[:1] == b"\n")


def _read(handle: int, begin: int, end: int) -> bytes:
    parts: list[bytes] = []
    while begin < end and (part := os.pread(handle, min(end - begin, 1 << 20), begin)):
        parts.append(part)
        begin += len(part)
    return b"".join(parts)


def replaced(path: str, pids: Iterable[int]) -> str:
    """The file that one of these processes still has open in place of `path`: the rotated one, or one that was deleted
    (then with ` (deleted)` behind its name). Empty when one of them has `path` itself open, or nothing of that kind shows.
    """
    return _written(path, pids)[0]


def _written(path: str, pids: Iterable[int]) -> tuple[str, str]:
    """The same, and where it can be read."""
    try:
        status = os.stat(path)  # noqa: PTH116
        here = (status.st_dev, status.st_ino)
    except (OSError, ValueError):
        here = (0, 0)
    try:
        folder, name = os.path.split(os.path.realpath(path))
    except (OSError, ValueError):
        return "", ""
    found = ("", "")
    for pid in pids:
        for link, inode, where in _open_files(pid):
            if inode == here:
                return "", ""
            plain = link.removesuffix(" (deleted)")
            same_folder, _, other = plain.rpartition("/")
            if same_folder == folder and _is_rotated(name, other, link != plain):
                found = found if found[0] else (link, where)
    return found


def _is_rotated(name: str, other: str, deleted: bool) -> bool:
    """`error.log` is rotated to `error.log.1`, `error.log-20240101` or `error-20240101.log`."""
    stem, dot, suffix = name.rpartition(".")
    if other == name:
        return deleted
    behind = other.removeprefix(name)
    if behind != other:
        return any(map(str.isdigit, behind)) or behind in (".old", ".bak", "~")
    between = other.removeprefix(f"{stem}-").removesuffix(f".{suffix}")
    return bool(stem and dot) and other == f"{stem}-{between}.{suffix}" and any(map(str.isdigit, between))


def _open_files(pid: int) -> Iterable[tuple[str, tuple[int, int], str]]:
    """Name, device and inode, and a way to each file a process has open."""
    try:
        entries = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208
    except OSError:
        return
    for entry in entries:
        where = f"/proc/{pid}/fd/{entry}"
        try:
            link = os.readlink(where)  # noqa: PTH115
            if link.startswith("/"):
                status = os.stat(where)  # noqa: PTH116
                yield link, (status.st_dev, status.st_ino), where
        except OSError:
            continue


def _why(path: str, error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno == errno.ENXIO:
        return "it is no file: a socket or a pipe"
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def _no_file(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "it is a folder"
    if stat.S_ISFIFO(mode):
        return "it is a pipe (FIFO)"
    return "it is a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "it is no file"
