"""Change a file that somebody else wrote: whole or not at all, its owner and mode kept, the text before returned."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def replace_text(path: Path, text: str) -> str:
    """Write `text` in the place of what the file holds now, and return that. A symlink stays one: its target is changed.

    Raises OSError when the file cannot be read or its folder not be written to; then nothing has changed.
    """
    real = path.resolve(strict=True)
    before = real.read_bytes()
    status = real.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(stat.S_IMODE(status.st_mode))
        if os.geteuid() == 0:
            os.chown(name, status.st_uid, status.st_gid)
        Path(name).replace(real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return before.decode("utf-8", "surrogateescape")


def read(path: Path) -> str:
    """The whole text; bytes that are not UTF-8 survive a `replace_text`."""
    return path.read_bytes().decode("utf-8", "surrogateescape")
