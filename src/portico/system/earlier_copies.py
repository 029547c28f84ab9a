"""The copies that an earlier release has of the very same files: nothing is read or unpacked for them.

Releases share files that have not changed (hard links). One that has the size and the time it had when its copies were made
is what they were made of, if that time is older than they are; Django, too, knows of what it collects no more than the time.
The number alone says nothing: a file that is written again in place (`cp -p`) changes in all releases. That its copies
unpack to it was seen once since the machine was started: after a power failure a file can be short or empty.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portico.model.site import CODINGS, ENCODED
from portico.system.processes import boot_id

#: In a folder of copies of which none is to be made better: the machine's start (random(4)), and each file's size and time.
#: Its own time is that before which the files have not changed, and nobody else may read it.
_MARK = "made"
#: The kernel's clock for the times of files goes in steps of up to 10 ms.
_STEP_NS = 50_000_000

#: Size in bytes and time of the last change in nanoseconds, by the file's name in its folder.
Stamps = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Earlier:
    """The copies in that folder of all files that are older than `since_ns` and have these stamps are whole and as small as
    they get."""

    folder: Path
    since_ns: int
    stamps: Stamps

    @classmethod
    def beside(cls, folder: Path) -> Earlier | None:
        """The newest other release that has such copies; the releases are folders of numbers."""
        numbers = sorted((int(path.name) for path in folder.parent.iterdir() if path.name.isdigit()), reverse=True)
        others = (folder.parent / str(number) for number in numbers if str(number) != folder.name)
        for path in (other / ENCODED / _MARK for other in others):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                seen = json.loads(path.read_text())
                if seen["boot"] == boot_id():
                    stamps = {name: (size, time_ns) for name, (size, time_ns) in seen["stamps"].items()}
                    return cls(path.parents[1], path.stat().st_mtime_ns, stamps)
        return None

    def give(self, name: Path, folder: Path) -> tuple[int, int] | None:
        """Put its copies of that file into the other folder's; the file's size and that of the smallest copy. None where it
        is another file, has none, or the file system knows no second names."""
        try:
            source = os.lstat(folder / name)
            if not stat.S_ISREG(source.st_mode) or source.st_mtime_ns >= self.since_ns:
                return None
            if self.stamps.get(str(name)) != (source.st_size, source.st_mtime_ns):
                return None
            if not os.path.samestat(source, os.lstat(self.folder / name)):
                return None
            copies = [os.lstat(self.folder / ENCODED / coding / name) for coding in CODINGS]
            if any(copy.st_mode & 0o666 != source.st_mode & 0o666 for copy in copies):
                return None
            for coding in CODINGS:
                os.link(self.folder / ENCODED / coding / name, folder / ENCODED / coding / name)
        except OSError:
            _remove(name, folder)
            return None
        return source.st_size, copies[0].st_size


def mark(folder: Path, began_ns: int, stamps: Stamps) -> None:
    """Say so of the copies of that folder's files, the first of which was read after `began_ns` and after the stamps were
    taken. A disk without room for it costs only time."""
    path = folder / ENCODED / _MARK
    with contextlib.suppress(OSError):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as stream:
            json.dump({"boot": boot_id(), "stamps": stamps}, stream)
        os.utime(path, ns=(began_ns - _STEP_NS,) * 2)


def _remove(name: Path, folder: Path) -> None:
    for coding in CODINGS:
        with contextlib.suppress(OSError):
            (folder / ENCODED / coding / name).unlink()
