"""Smaller copies of files: one in each content coding, kept by content so that the next release finds them made.

Nothing here is needed for a site to work: a file without copies is compressed while it is sent.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

from portico.model.site import CODINGS, ENCODED
from portico.system.earlier_copies import Earlier, mark
from portico.system.packing import FINE, Kept, Source

#: A copy is worth its disk if it saves a twentieth.
_WORTH = 0.95
#: A larger one costs too much memory at once (bytes).
_MOST_BYTES = 16 << 20
#: The best quality takes 1 to 3 s for a MB; a larger file is made in the quick one (bytes).
_MOST_FINE_BYTES = 512 << 10


@dataclass(frozen=True)
class Copied:
    """`files` have copies, `plain_bytes` long by themselves and `sent_bytes` in the smallest coding. `made` of these were
    not kept from before. `left` are those for which the time was over. `rough` could be made better."""

    files: int = 0
    plain_bytes: int = 0
    sent_bytes: int = 0
    made: int = 0
    left: int = 0
    rough: int = 0

    def __add__(self, other: Copied) -> Copied:
        return Copied(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True)
class Effort:
    """What may be spent: threads, and seconds until only the quick quality is used, and until no copy is made any more."""

    threads: int
    fine_s: float
    most_s: float


@dataclass(frozen=True)
class _Work:
    folder: Path
    kept: Kept
    fine_until: float
    until: float
    earlier: Earlier | None

    def one(self, name: Path) -> Copied:
        """The copies of one file; none of a file that is gone or has become a link."""
        if self.earlier and (sizes := self.earlier.give(name, self.folder)):
            return Copied(1, *sizes)
        return self._made(name)

    def _made(self, name: Path) -> Copied:
        source = Source.read(self.folder / name)
        if source is None:
            return Copied()
        with self.kept.alone(source):
            return self._given(source, name)

    def _given(self, source: Source, name: Path) -> Copied:
        missing = [coding for coding in CODINGS if not self.kept.has(source, coding)]
        now = time.monotonic()
        if missing and now > self.until:
            return Copied(left=1)
        fine = now < self.fine_until and len(source.data) <= _MOST_FINE_BYTES
        for coding in CODINGS if fine and not self.kept.has(source, FINE) else missing:
            self.kept.make(source, coding, fine)
        sizes = [self.kept.size(source, coding) for coding in CODINGS]
        if max(sizes) > _WORTH * len(source.data):
            return Copied()
        for coding in CODINGS:
            self.kept.give(source, coding, self.folder / ENCODED / coding / name)
        rough = len(source.data) <= _MOST_FINE_BYTES and not self.kept.has(source, FINE)
        return Copied(1, len(source.data), sizes[0], bool(missing), rough=rough)


def make_copies(folder: Path, kept: Path, endings: Collection[str], least_bytes: int, effort: Effort) -> Copied:
    """Make in `folder`/.encoded/CODING copies of all its files with one of these endings (`css`) and at least that long. The
    folder `kept`, on the same file system, holds those of all such folders, and loses what none has any more.

    Links are left out, because what they lead to may change, and so are hidden files. Every copy appears whole, with the
    permissions of its file. Raises OSError; then there are no copies.
    """
    forget_copies(folder)
    started, began_ns = time.monotonic(), time.time_ns()
    work = _Work(folder, Kept(kept), started + effort.fine_s, started + effort.most_s, Earlier.beside(folder))
    found = _in_turn(_names(folder, endings, least_bytes))
    names = [name for _, _, name in found]
    pool = ThreadPoolExecutor(effort.threads)
    try:
        _make_folders(folder / ENCODED, kept, names)
        done = sum(pool.map(work.one, names), Copied())
        if not done.left and not done.rough:
            mark(folder, began_ns, {str(name): (size, time_ns) for size, time_ns, name in found})
        return done
    except BaseException:
        pool.shutdown(cancel_futures=True)
        forget_copies(folder)
        raise
    finally:
        pool.shutdown()
        work.kept.forget_unused()


def forget_copies(folder: Path) -> None:
    """Remove the copies of that folder's files."""
    shutil.rmtree(folder / ENCODED, ignore_errors=True)


def _names(folder: Path, endings: Collection[str], least_bytes: int) -> Iterator[tuple[int, int, Path]]:
    """Size in bytes, time of the last change in nanoseconds, and the name."""
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith(".") or name.rpartition(".")[2].lower() not in endings:
                continue
            path = Path(where, name)
            seen = path.lstat()
            if stat.S_ISREG(seen.st_mode) and least_bytes <= seen.st_size <= _MOST_BYTES:
                yield seen.st_size, seen.st_mtime_ns, path.relative_to(folder)


def _in_turn(found: Iterator[tuple[int, int, Path]]) -> list[tuple[int, int, Path]]:
    """The smallest first: most files of a page have their copies before the time is over. Files that are as long as one
    before them come last: one that has the same content, as under a hashed name, then only gets its copies."""
    first: dict[int, tuple[int, int, Path]] = {}
    rest = [one for one in sorted(found) if first.setdefault(one[0], one) is not one]
    return [*first.values(), *rest]


def _make_folders(encoded: Path, kept: Path, names: Collection[Path]) -> None:
    """Whatever the umask is: another account's nginx has to enter them."""
    parents = {name.parent for name in names}
    below = {encoded / coding / above for coding in CODINGS for parent in parents for above in (parent, *parent.parents)}
    for path in (kept, encoded, *sorted(below)):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
