"""A path, walked component by component with the rights of an account (path_resolution(7)): where it ends or is shut."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

from portico.model.seen import PathSeen
from portico.system.accounts import Account, acting_as, ourselves

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
        way = _follow(os.path.abspath(path), who)  # noqa: PTH100 -- Path.resolve would follow the links
    except (OSError, ValueError, RecursionError):
        return seen
    seen = replace(seen, symlink=way.end if way.linked else "", missing=way.missing, closed=way.closed)
    seen = replace(seen, closed_mode=_described(way.closed))
    if way.missing:
        return replace(seen, kind="missing")
    return _with_end(seen, way, who)


@dataclass
class _Way:
    """How far the walk came. `end` is the last component reached, its links resolved; `status` its own."""

    end: str = "/"
    status: os.stat_result | None = None
    missing: str = ""
    closed: str = ""
    linked: bool = False


def _follow(path: str, who: Account) -> _Way:
    way = _Way(status=os.lstat("/"))
    left = deque(part for part in path.split("/") if part)
    links = 0
    while left:
        part = left.popleft()
        if part == "..":
            way.end = os.path.dirname(way.end)  # noqa: PTH120
            way.status = os.lstat(way.end)
            continue
        if part == ".":
            continue
        if not _enter(way, who):
            return way
        here = os.path.join(way.end, part)  # noqa: PTH118
        status = _status(here, way)
        if status is None:
            way.status = None
            return way
        if not stat.S_ISLNK(status.st_mode):
            way.end, way.status = here, status
            continue
        links += 1
        way.linked = way.linked or not left
        if links > _MOST_LINKS:
            way.missing, way.status = way.missing or here, None
            return way
        target = os.readlink(here)  # noqa: PTH115
        if target.startswith("/"):
            way.end, way.status = "/", os.lstat("/")
        left.extendleft(reversed([piece for piece in target.split("/") if piece]))
    return way


def _enter(way: _Way, who: Account) -> bool:
    """Whether the walk goes on below `way.end`; a folder that is shut for the account does not end it for us."""
    if way.status is None or not stat.S_ISDIR(way.status.st_mode):
        way.missing = way.end
        way.status = None
        return False
    if not way.closed and not may(way.end, way.status, who, "x"):
        way.closed = way.end
    return True


def _status(here: str, way: _Way) -> os.stat_result | None:
    try:
        return os.lstat(here)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
            way.missing = here
        else:
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
        owner=_user(status.st_uid),
        group=_group(status.st_gid),
        size=status.st_size,
        modified_s=status.st_mtime,
    )


def may(path: str, status: os.stat_result, who: Account, need: Need) -> bool:
    """Whether the account may do that with what is at `path` (no symbolic link), its folders apart."""
    us = ourselves().uid
    if who.uid == 0:
        return us != 0 or need != "w" or os.access(path, os.W_OK, effective_ids=True)
    by_bits = _bits_permit(status, who, _BITS[need])
    if us not in (0, who.uid) or (by_bits and not _has_list(path) and need != "w"):
        return by_bits
    return _try(path, who, need)


def _try(path: str, who: Account, need: Need) -> bool:
    """Ask the kernel about the one component: through an open folder, so that those above it play no part."""
    try:
        handle = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return False
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
        status = os.stat(path) if path else None  # noqa: PTH116
    except OSError:
        return ""
    if status is None:
        return ""
    return f"{stat.filemode(status.st_mode)} {_user(status.st_uid)} {_group(status.st_gid)}"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
