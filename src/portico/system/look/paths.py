"""A path, walked component by component with the rights of an account (path_resolution(7)): where it ends or is shut."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from portico.model.seen import PathSeen
from portico.system.accounts import Account, account_name, acting_as, group_name, ourselves

Need = Literal["r", "w", "x"]
_BITS = {"r": stat.S_IRUSR, "w": stat.S_IWUSR, "x": stat.S_IXUSR}
_TRIES = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}
_ACL = "system.posix_acl_access"
#: As many symbolic links as Linux follows before it says ELOOP.
_MOST_LINKS = 40


def walk(path: str, account: Account | None, need: Need) -> PathSeen:
    """What `account` (None: ourselves) meets on the way to `path`, and whether it may read, write or enter what is there.

    Judged by owner, group and other bits; where an access control list may say otherwise, by really trying when we are that
    account or root. What we ourselves may not look into is `unknown`, never `missing`. A relative path starts in our working
    directory. Never raises.
    """
    who = account or ourselves()
    seen = PathSeen(path, account.name if account else "", need, "unknown")
    try:
        way = _follow(os.path.join(os.getcwd(), path), who)  # noqa: PTH109, PTH118 -- `..` is for the walk: links count
    except (OSError, ValueError):
        return seen
    seen = replace(seen, symlink=way.target if way.linked else "", missing=way.missing, closed=way.closed)
    seen = replace(seen, closed_mode=_described(way.closed) if way.closed else "")
    if way.missing:
        return replace(seen, kind="missing")
    return _with_end(seen, way, who)


@dataclass
class _Way:
    """How far the walk came. `end` is the last component reached, its links resolved; `status` its own, None when it ended
    before the path did; `rest` is what was not reached then."""

    end: str = "/"
    status: os.stat_result | None = None
    missing: str = ""
    closed: str = ""
    linked: bool = False
    rest: str = ""

    @property
    def target(self) -> str:
        """Where the path leads, whether something is there or not."""
        return os.path.join(self.end, self.rest) if self.rest else self.end  # noqa: PTH118


def _follow(path: str, who: Account) -> _Way:
    way = _Way(status=os.lstat("/"))
    left = deque(_parts(path))
    links = 0
    while left and _enter(way, left, who):
        part = left.popleft()
        if part == "..":
            way.end = os.path.dirname(way.end)  # noqa: PTH120
            way.status = os.lstat(way.end)
            continue
        here = os.path.join(way.end, part)  # noqa: PTH118
        status = _status(here, way, who)
        if status is not None and stat.S_ISLNK(status.st_mode) and links < _MOST_LINKS:
            links += 1
            _link(way, here, status, left, who)
        elif status is None or stat.S_ISLNK(status.st_mode):
            way.missing = here if status else way.missing
            way.rest, way.status = "/".join((part, *left)), None
            break
        else:
            way.end, way.status = here, status
    return way


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _enter(way: _Way, left: deque[str], who: Account) -> bool:
    """Whether there is a below of `way.end`. A folder that is shut for the account ends the walk only where it is for us."""
    if way.status is None or not stat.S_ISDIR(way.status.st_mode):
        way.rest = "/".join(left)
        way.missing = os.path.join(way.end, left[0])  # noqa: PTH118
        way.status = None
        return False
    if not way.closed and not may(way.end, way.status, who, "x"):
        way.closed = way.end
    return True


def _link(way: _Way, here: str, status: os.stat_result, left: deque[str], who: Account) -> None:
    """Put what a symbolic link says in front of what is left."""
    is_last = not left
    way.linked = way.linked or is_last
    if is_last and not way.closed and way.status and _is_protected(way.status, status, who):
        way.closed = here
    target = os.readlink(here)  # noqa: PTH115
    if target.startswith("/"):
        way.end, way.status = "/", os.lstat("/")
    left.extendleft(reversed(_parts(target)))


def _is_protected(folder: os.stat_result, link: os.stat_result, who: Account) -> bool:
    """Whether the kernel keeps this account from following somebody else's link in a folder like /tmp, root included
    (fs.protected_symlinks, https://docs.kernel.org/admin-guide/sysctl/fs.html)."""
    shared = stat.S_ISVTX | stat.S_IWOTH
    if folder.st_mode & shared != shared or link.st_uid in (who.uid, folder.st_uid):
        return False
    try:
        return Path("/proc/sys/fs/protected_symlinks").read_text().strip() == "1"
    except OSError:
        return False


def _status(here: str, way: _Way, who: Account) -> os.stat_result | None:
    try:
        return os.lstat(here)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            way.missing = here
        elif error.errno == errno.EACCES and who.uid == ourselves().uid:
            way.closed = way.closed or way.end
        return None


def _with_end(seen: PathSeen, way: _Way, who: Account) -> PathSeen:
    if way.status is None:
        return seen
    status = way.status
    if not seen.closed and not may(way.end, status, who, seen.need):
        seen = replace(seen, closed=way.end, closed_mode=_described(way.end))
    return replace(
        seen,
        kind=_kind(status.st_mode),
        mode=stat.filemode(status.st_mode),
        owner=account_name(status.st_uid),
        group=group_name(status.st_gid),
        size=status.st_size,
        modified_s=status.st_mtime,
    )


def real(path: str, folder: str = "/") -> str:
    """Absolute, relative ones from `folder`, symbolic links resolved as far as they lead. A NUL ends a path, as in C. Never
    raises, whatever the path is."""
    whole = os.path.join(folder, path).partition("\0")[0]  # noqa: PTH118
    try:
        return os.path.realpath(whole)
    except (OSError, ValueError):
        return os.path.normpath(whole)


def may(path: str, status: os.stat_result, who: Account, need: Need) -> bool:
    """Whether the account may do that with what is at `path` (no symbolic link), its folders apart."""
    us = ourselves().uid
    if who.uid == 0:
        return us != 0 or os.access(path, _TRIES[need], effective_ids=True)
    by_bits = _bits_permit(status, who, _BITS[need])
    if us not in (0, who.uid) or (by_bits and not _has_list(path) and need != "w"):
        return by_bits
    try:
        return _try(path, who, need)
    except (OSError, OverflowError):
        # A number that no account can have is a configuration's, not the kernel's.
        return by_bits


def _try(path: str, who: Account, need: Need) -> bool:
    """Ask the kernel about the one component: through a descriptor, so that the folders above it play no part. Raises
    OSError where it cannot be asked."""
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with acting_as(who):
            return os.access(f"/proc/self/fd/{handle}", _TRIES[need], effective_ids=True)
    finally:
        os.close(handle)


def _bits_permit(status: os.stat_result, who: Account, owner_bit: int) -> bool:
    if status.st_uid == who.uid:
        return bool(status.st_mode & owner_bit)
    if status.st_gid in who.groups:
        return bool(status.st_mode & (owner_bit >> 3))
    return bool(status.st_mode & (owner_bit >> 6))


def _has_list(path: str) -> bool:
    try:
        return bool(os.getxattr(path, _ACL, follow_symlinks=False))
    except OSError:
        return False


def _kind(mode: int) -> Literal["file", "folder", "socket", "other"]:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "socket" if stat.S_ISSOCK(mode) else "other"


def _described(path: str) -> str:
    """`drwx------ root root`."""
    try:
        status = os.lstat(path)
    except OSError:
        return ""
    return f"{stat.filemode(status.st_mode)} {account_name(status.st_uid)} {group_name(status.st_gid)}"
