"""Files that somebody wrote, read without trust: never a pipe or a device, never more than a person would write."""

from __future__ import annotations

import errno
import os
import stat

#: A configuration that is larger was not written by hand.
LARGEST_BYTES = 256 << 10
ABSENT = "it does not exist"
_REASONS = {
    errno.ENOENT: ABSENT,
    errno.ENOTDIR: ABSENT,
    errno.EACCES: "this account may not read it",
    errno.EPERM: "this account may not read it",
    errno.ENXIO: "it is no ordinary file",
}


def read(path: str, limit_bytes: int = LARGEST_BYTES) -> tuple[str | None, str]:
    """The text, and what is wrong with it: empty, or why there is none (None), or that only its beginning was read.

    Bytes that are no UTF-8 are replaced. Never raises and never waits.
    """
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would be waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        return None, _REASONS.get(error.errno or 0, error.strerror or str(error))
    except ValueError:
        return None, ABSENT
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            return None, "it is a folder" if stat.S_ISDIR(mode) else "it is no ordinary file"
        data = _read(handle, limit_bytes + 1)
    except OSError as error:
        return None, error.strerror or str(error)
    finally:
        os.close(handle)
    cut = f"only its first {limit_bytes >> 10} KiB were read" if len(data) > limit_bytes else ""
    return data[:limit_bytes].decode("utf-8", "replace"), cut


def _read(handle: int, limit_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = limit_bytes
    while left > 0 and (part := os.read(handle, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def head(path: str, limit_bytes: int = 64 << 10) -> str:
    """The beginning of a file; empty where there is none to be read."""
    return read(path, limit_bytes)[0] or ""
