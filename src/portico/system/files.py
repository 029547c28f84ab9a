"""Files, written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portico.model.errors import Exit, PorticoError
from portico.model.file import File
from portico.model.finding import Kind

#: `actions.aside.folder` names them.
_OF_A_STACK_ASIDE = re.compile(r"/portico-[a-z]+-\d+-")
CANNOT_WRITE = Kind(
    "system.E002",
    "system",
    "A file cannot be written",
    "Portico keeps configuration, logs and state on disk; without them a stack cannot be started, found or stopped.",
    source="https://man7.org/linux/man-pages/man7/path_resolution.7.html",
    shows="The command ends with exit status 2 and names the path and the kernel's reason.",
    example="/srv/shop/.portico: Permission denied (errno 13)",
    cure="Let the account of the command write there (`namei -l PATH` shows every folder on the way), or `state_dir = "
    '"/some/folder"` in portico.toml. `Read-only file system` (30) is a matter of the mount.',
)
DISK_FULL = Kind(
    "system.E003",
    "system",
    "The disk is full",
    "nginx and uWSGI fail in confusing ways on a full disk: uploads answer 500, logs stop, the database refuses writes.",
    source="https://man7.org/linux/man-pages/man1/df.1.html",
    shows="The command ends with exit status 5; what ran before is as it was.",
    example="/srv/shop/.portico/releases/8/uwsgi.ini: No space left on device (errno 28)",
    cure="`df -h PATH` and `df -i PATH`: bytes or inodes may be used up, or your quota (`quota -s`). Free some, then "
    "repeat the command.",
)

CANNOT_READ = Kind(
    "system.E016",
    "system",
    "A file or folder cannot be read",
    "What cannot be read cannot be judged, and a guess would start something else than you meant.",
    source="https://man7.org/linux/man-pages/man7/path_resolution.7.html",
    shows="The command ends with exit status 2 and names the path and the kernel's reason.",
    example="/srv/shop: Permission denied (errno 13)",
    cure="`namei -l PATH` shows every folder on the way: each needs `x` for the account of the command, the last one `r` "
    "too.",
)
REFUSED = Kind(
    "system.E017",
    "system",
    "The system refused what Portico asked for",
    "The kernel's own reason is all that is known; a limit, a mount option or a failing disk is the usual cause.",
    source="https://man7.org/linux/man-pages/man3/errno.3.html",
    shows="A command ends with exit status 5 and the kernel's words.",
    example="[Errno 24] Too many open files",
    cure="The number says what it is: 24 is the limit of open files (`ulimit -n`), 5 a failing disk (`dmesg`), 12 no "
    "memory. `PORTICO_DEBUG=1` before the command shows where it happened.",
)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError below into a finding about the path it names, else `path`: full disk, permission, read-only."""
    try:
        yield
    except OSError as error:
        raise write_error(_named(error) or path, error) from error


def write_error(path: Path, error: OSError) -> PorticoError:
    """The PorticoError for a failed write at `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(path, error)
    fix = [*_way_in(path, error), 'or let Portico write elsewhere: state_dir = "/some/folder" in portico.toml']
    finding = CANNOT_WRITE.found(cause=f"{error.strerror}: {path}", evidence=_seen(path, error), fix=fix)
    return PorticoError(finding, Exit.USAGE)


def read_error(path: Path, error: OSError) -> PorticoError:
    """The PorticoError for a file or folder that cannot be read."""
    cause = f"{error.strerror}: {path}"
    return PorticoError(CANNOT_READ.found(cause=cause, evidence=_seen(path, error), fix=_way_in(path, error)), Exit.USAGE)


def refused(error: OSError) -> PorticoError:
    """The PorticoError for an OSError that nothing nearer to it has explained."""
    path = _named(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(path or Path("/"), error)
    where = "repeat the command with PORTICO_DEBUG=1 before it to see where it happened"
    finding = REFUSED.found(
        cause=f"{error.strerror}: {path}" if path else str(error.strerror),
        evidence=_seen(path, error) if path else [str(error)],
        fix=[*_way_in(path, error), where] if path else [where],
    )
    return PorticoError(finding, Exit.NEEDS_HANDS)


def _named(error: OSError) -> Path | None:
    """The path an OSError names, of two the one that was to be made; some carry a descriptor's number or nothing."""
    name = error.filename2 or error.filename
    return Path(os.fsdecode(name)) if isinstance(name, (str, bytes)) else None


def _disk_full(path: Path, error: OSError) -> PorticoError:
    finding = DISK_FULL.found(
        cause="there is no room left on the file system (or in your quota); what ran before is as it was",
        evidence=_seen(path, error),
        fix=_more_room(path),
    )
    return PorticoError(finding, Exit.NEEDS_HANDS)


def _more_room(path: Path) -> list[str]:
    # By its mount: a temporary folder of ours is gone by the time that somebody reads this.
    mount = _quoted(_mount(path))
    fix = [f"df -h {mount}; df -i {mount}   # inodes run out too", "free some space, then repeat the command"]
    return (
        [*fix, "or: export TMPDIR=/mnt/tmp   # a short path with more room"] if _OF_A_STACK_ASIDE.search(str(path)) else fix
    )


def _mount(path: Path) -> Path:
    """The root of the file system that the path is, or would be, on."""
    path = _existing(path.absolute())
    while path != path.parent and not path.is_mount():
        path = path.parent
    return path


def _seen(path: Path, error: OSError) -> list[str]:
    return [f"{path}: {error.strerror} (errno {error.errno})"]


def _way_in(path: Path, error: OSError) -> list[str]:
    """What to do about the reason the kernel gave."""
    there = _existing(path)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return [f"ls -ld {_quoted(there)}   # this is no folder, and one has to be there: move it away"]
    if error.errno == errno.EISDIR:
        return [f"ls -ld {_quoted(there)}   # a folder stands where a file has to be: move it away"]
    if error.errno == errno.ENAMETOOLONG:
        return ["shorten the name: a file's name has at most 255 bytes, a whole path 4096"]
    if error.errno == errno.EROFS:
        return [f"findmnt -T {_quoted(there)}   # it is mounted read-only"]
    if error.errno == errno.ELOOP:
        return [f"namei -l {_quoted(path)}   # a symbolic link stands where none may, or leads back to itself"]
    return [f"ls -ld {_quoted(there)}   # who may use it?", "give this account the right to use it"]


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    while path != path.parent and not _is_there(path):
        path = path.parent
    return path


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def write(folder: Path, file: File, group: int = -1, owner: int = -1) -> Path:
    """Write one File below `folder` atomically: a reader sees the old text or the new one, never half of it. `group` and
    `owner` are ids; -1 leaves ours."""
    target = folder / file.path
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
                stream.write(file.text)
                stream.flush()
                os.fchmod(stream.fileno(), file.mode)
                if group >= 0 or owner >= 0:
                    os.fchown(stream.fileno(), owner, group)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    return target


def write_all(folder: Path, files: Iterable[File], group: int = -1) -> None:
    """Write several Files; the caller makes the set visible with `swap_link`."""
    for file in files:
        write(folder, file, group)


def swap_link(link: Path, target: str) -> None:
    """Point the symlink `link` at `target` by rename(2), so that it exists at every moment."""
    with writing(link):
        temporary = link.with_name(f".{link.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        try:
            temporary.replace(link)
        except OSError:
            temporary.unlink()
            raise


def make_dir(path: Path, mode: int, uid: int = -1, gid: int = -1) -> Path:
    """Make the folder (and its parents) if needed, and give it exactly that mode and owner."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        status = path.stat()
        if (status.st_uid, status.st_gid) != (
            uid if uid >= 0 else status.st_uid,
            gid if gid >= 0 else status.st_gid,
        ):
            os.chown(path, uid, gid)
        if status.st_uid == os.geteuid() or os.geteuid() == 0:
            path.chmod(mode)
    return path


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; absent is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def read_text(path: Path) -> str | None:
    """The text of a regular file, or None when there is none or it may not be read (a pipe would never end)."""
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    except OSError:
        return None


def tail(path: Path, since: int = 0, limit: int = 256 * 1024) -> str:
    """The text from byte `since` on, at most its last `limit` bytes; empty when the file is not there."""
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(since if since <= end else 0, end - limit))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def size(path: Path) -> int:
    """Bytes in the file, 0 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def modified_ns(path: Path) -> int:
    """When the file was last written, in nanoseconds since the epoch; 0 when it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
