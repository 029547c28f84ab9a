"""Files in a content coding, kept by what is in them."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import os
import shutil
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import brotli

#: The name of brotli's best quality among what is kept; `br` is any.
FINE = "br-fine"
_GZIP_LEVEL = 9
#: As small as gzip's best, in half of its time.
_QUICK_QUALITY = 5
_FINE_QUALITY = 11
#: Another file system, a foreign file, too many links, or no links at all there.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Source:
    """A file and what is in it. `key` is the same for files with the same content and permissions."""

    data: bytes
    mode: int
    modified_ns: int
    key: str

    @classmethod
    def read(cls, path: Path) -> Source | None:
        """None when there is no such regular file any more. Raises OSError."""
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
                seen, data = os.fstat(stream.fileno()), stream.read()
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                return None
            raise
        mode = seen.st_mode & 0o666
        return cls(data, mode, seen.st_mtime_ns, f"{hashlib.sha256(data).hexdigest()}-{mode:o}")


@dataclass(frozen=True)
class Kept:
    """The folder of kept copies: KEY.gzip, KEY.br, and KEY.br-fine in the best quality."""

    folder: Path
    _sizes: dict[Path, int] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def alone(self, source: Source) -> threading.Lock:
        """To be held for as long as copies of that content are made and given: of a file and its hashed name both would be
        made at once, and link(2) does not find a file in whose place another is just being put."""
        return self._locks.setdefault(source.key, threading.Lock())

    def has(self, source: Source, coding: str) -> bool:
        """Whether there is one that unpacks to that content: after a power failure a file can be short or empty."""
        paths = [path for path in self._paths(source, coding) if path in self._sizes or _unpacks(path, source.data)]
        self._sizes.update((path, path.stat().st_size) for path in paths)
        return bool(paths)

    def make(self, source: Source, coding: str, fine: bool) -> None:
        """Pack it, while nobody else makes that content. Raises OSError."""
        if coding == "br":
            packed = brotli.compress(source.data, quality=_FINE_QUALITY if fine else _QUICK_QUALITY)
        else:
            packed = gzip.compress(source.data, _GZIP_LEVEL, mtime=0)
        path = self._path(source, FINE if coding == "br" and fine else coding)
        # nginx makes an ETag of time and size, and two codings of a file may be equally long.
        modified = source.modified_ns - (_SECOND_NS if coding == "br" else 0)
        partial = path.with_name(f"{path.name}.new")
        with partial.open("wb") as stream:
            stream.write(packed)
            os.fchmod(stream.fileno(), source.mode)
        os.utime(partial, ns=(modified, modified))
        partial.replace(path)
        self._sizes[path] = len(packed)

    def size(self, source: Source, coding: str) -> int:
        """Bytes of the best one; there must be one."""
        return next(self._sizes[path] for path in self._paths(source, coding) if path in self._sizes)

    def give(self, source: Source, coding: str, target: Path) -> None:
        """The best one under one more name. Raises OSError."""
        path = next(path for path in self._paths(source, coding) if path in self._sizes)
        try:
            target.hardlink_to(path)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            shutil.copy2(path, target)

    def forget_unused(self) -> None:
        """Remove all that have no other name, and what was left half-written."""
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if path.lstat().st_nlink == 1:
                    path.unlink()

    def _paths(self, source: Source, coding: str) -> tuple[Path, ...]:
        return tuple(self._path(source, name) for name in ((FINE, coding) if coding == "br" else (coding,)))

    def _path(self, source: Source, name: str) -> Path:
        return self.folder / f"{source.key}.{name}"


def _unpacks(path: Path, data: bytes) -> bool:
    """Whether that content is in the file; no more than its length is unpacked."""
    try:
        packed = path.read_bytes()
        if path.suffix == ".gzip":
            return zlib.decompressobj(31).decompress(packed, len(data) + 1) == data
        return bool(brotli.Decompressor().process(packed, output_buffer_limit=len(data) + 1) == data)
    except (OSError, zlib.error, brotli.error):
        return False
