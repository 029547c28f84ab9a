"""The static files of one release as a folder of its own, which shares unchanged files with others by hard links.

Standard library only, Python 3.8 and later; it runs as the application's account, whose folder `static` is. There,
`N/` is what release N serves, and `N.list` names the files that were collected for it, each path ended by a NUL: what a
release only keeps for the pages of earlier ones is not in its list, so that it goes with the last release that collected it.
`N/.encoded/` holds smaller copies of its files, made after they were collected; none of them is ever in a list.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Collection, Iterator

#: Tools that compress beforehand (django-compressor, brotli scripts) write these again in place, through every hard link.
_WRITTEN_AGAIN = (".gz", ".br")
#: The same as `ENCODED` in portico/model/site.py.
_ENCODED = ".encoded"
#: Another file system, a foreign file (fs.protected_hardlinks, proc(5)), too many links, or no links at all there.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)


def empty(folder: str) -> None:
    """Make the folder, empty: an attempt that was killed may have left files in it."""
    forget(folder)
    os.mkdir(folder)
    # Whatever the umask is: another account's nginx serves it.
    os.chmod(folder, 0o755)  # noqa: S103


def forget_copies(folder: str) -> None:
    """The smaller copies go, before the files they were made of change."""
    shutil.rmtree(os.path.join(folder, _ENCODED), ignore_errors=True)


def forget(folder: str) -> None:
    """The folder and its list go."""
    if os.path.isdir(folder) and not os.path.islink(folder):
        shutil.rmtree(folder)
    for name in (folder, _list(folder)):
        if os.path.lexists(name):
            os.unlink(name)


def write_list(folder: str) -> int:
    """Name in `folder`.list every file that is in it now; returns how many."""
    names = sorted(os.path.relpath(path, folder) for path in _files(folder))
    text = "".join(f"{name}\0" for name in names)
    partial = f"{_list(folder)}.new"
    with open(partial, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    os.replace(partial, _list(folder))
    return len(names)


def keep_earlier(folder: str) -> int:
    """Take in what the lists of other releases beside it name and `folder` lacks, newest first; returns how many files."""
    beside, own = os.path.split(folder)
    numbers = [name[: -len(".list")] for name in os.listdir(beside) if name.endswith(".list")]
    earlier = sorted((int(name) for name in numbers if name.isdigit() and name != own), reverse=True)
    return sum(_keep(os.path.join(beside, str(number)), folder) for number in earlier)


def _keep(earlier: str, folder: str) -> int:
    with open(_list(earlier), encoding="utf-8", errors="surrogateescape", newline="") as file:
        names = [name for name in file.read().split("\0") if name]
    return sum(_keep_one(os.path.join(earlier, name), os.path.join(folder, name)) for name in names)


def _keep_one(source: str, target: str) -> bool:
    """Whether it was taken: not where a file has become a folder, or the earlier one is gone."""
    if os.path.lexists(target) or not os.path.lexists(source):
        return False
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return False
    _share(source, target)
    return True


def copy_tree(root: str, folder: str, live: Collection[str]) -> None:
    """Everything in `root` into `folder`. The folders `live` in it, which change while the release serves (uploads) and need
    not be there yet, are linked to. `root` and `live` are real paths."""
    apart = os.path.realpath(os.path.dirname(folder))
    for where, folders, names in os.walk(root):
        target = os.path.normpath(os.path.join(folder, os.path.relpath(where, root)))
        os.makedirs(target, exist_ok=True)
        linked = [name for name in folders if os.path.islink(os.path.join(where, name))]
        folders[:] = [name for name in folders if os.path.join(where, name) not in (apart, *live) and name not in linked]
        for name in (*names, *linked):
            _share(os.path.join(where, name), os.path.join(target, name))
    for path in live:
        target = os.path.join(folder, os.path.relpath(path, root))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            os.symlink(path, target)


def add_tree(other: str, folder: str) -> int:
    """Take in what `other` has and `folder` lacks, with its smaller copies; returns how many files. Nothing of it gets into
    a list."""
    names = [os.path.relpath(path, other) for path in _files(other)]
    taken = [name for name in names if _keep_one(os.path.join(other, name), os.path.join(folder, name))]
    copies = os.path.join(other, _ENCODED)
    for coding in os.listdir(copies) if os.path.isdir(copies) else ():
        for name in taken:
            path = os.path.join(_ENCODED, coding, name)
            _keep_one(os.path.join(other, path), os.path.join(folder, path))
    return len(taken)


def _share(source: str, target: str) -> None:
    """The file under one more name, in place of what has that name. A reader finds the one or the other at any moment."""
    if not os.path.lexists(target):
        _link(source, target)
    elif not os.path.samestat(os.lstat(source), os.lstat(target)):
        partial = f"{target}.portico"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        _link(source, partial)
        os.replace(partial, target)


def _link(source: str, target: str) -> None:
    if os.path.islink(source):
        # It may be relative, and so lead elsewhere from there.
        os.symlink(os.path.realpath(source), target)
        return
    if not source.endswith(_WRITTEN_AGAIN):
        try:
            os.link(source, target)
            return
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
    shutil.copy2(source, target)


def stamps(folder: str) -> dict[str, tuple[int, ...]]:
    """What changes with the contents of each file in it: the time of the last change of any kind is the kernel's own
    (st_ctime, inode(7))."""
    found: dict[str, tuple[int, ...]] = {}
    for path in _files(folder):
        with contextlib.suppress(OSError):
            seen = os.lstat(path)
            found[path] = (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
    return found


def _files(folder: str) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        if where == folder and _ENCODED in folders:
            folders.remove(_ENCODED)
        linked = [name for name in folders if os.path.islink(os.path.join(where, name))]
        for name in (*names, *linked):
            yield os.path.join(where, name)


def _list(folder: str) -> str:
    return f"{folder}.list"
