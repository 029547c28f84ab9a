"""The files of a folder, as far as they can be read, and a digest of what is in them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

#: Larger files, and all when there are more than `_MANY`, count by size and time instead of content.
_LARGE_BYTES = 2 << 20
_MANY = 20_000


@dataclass(frozen=True)
class TreeDigest:
    """`digest` is hexadecimal and changes when a file comes, goes or changes; `files` is how many there are."""

    digest: str
    files: int


def digest(folders: Iterable[str], suffixes: Collection[str], skipped: Collection[str]) -> TreeDigest:
    """Over the regular files with one of the suffixes below the folders, each file once. `skipped` are files and folders by
    absolute path; hidden folders, virtual environments (pyvenv.cfg, PEP 405), node_modules and __pycache__ are skipped too.
    Links to folders are not followed. What cannot be read counts by its name."""
    paths = sorted({path for folder in folders for path in _files(folder, frozenset(suffixes), frozenset(skipped))})
    found = hashlib.sha256()
    for path in paths:
        found.update(os.fsencode(path) + b"\0" + _content(path, len(paths) > _MANY) + b"\0")
    return TreeDigest(found.hexdigest(), len(paths))


def _files(folder: str, suffixes: frozenset[str], skipped: frozenset[str]) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("node_modules", "__pycache__")
            and os.path.join(here, name) not in skipped  # noqa: PTH118 - thousands of them
        ]
        for name in names:
            path = os.path.join(here, name)  # noqa: PTH118
            if os.path.splitext(name)[1].lower() in suffixes and path not in skipped:  # noqa: PTH122
                yield path


def _content(path: str, many: bool) -> bytes:
    try:
        status = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode):
            return b"-"
        if many or status.st_size > _LARGE_BYTES:
            return f"{status.st_size} {status.st_mtime_ns}".encode()
        with open(path, "rb") as stream:  # noqa: PTH123
            return hashlib.sha256(stream.read()).digest()
    except OSError:
        return b"?"
