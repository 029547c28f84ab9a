"""Accounts: who runs this, who owns the project, who may run nginx's workers, and what each may read."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WORKER_ACCOUNTS = ("www-data", "nginx", "http", "nobody")


@dataclass(frozen=True)
class Account:
    """One account of this machine; `groups` are all its group ids, the primary one included."""

    name: str
    uid: int
    gid: int
    home: str
    groups: frozenset[int]

    @property
    def group(self) -> str:
        return group_name(self.gid)


def ourselves() -> Account:
    """The account this process acts as (effective ids, as open(2) uses them)."""
    return by_uid(os.geteuid())


def to_become(account: Account) -> str:
    """The account's name where a child of ours has to become it: root's children become others, nobody else's can. Empty
    where it runs as ourselves."""
    return account.name if ourselves().uid == 0 and account.uid != 0 else ""


def account_name(uid: int) -> str:
    """The name of the account with that number, or the number where no database knows it (containers)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """The same of a group."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def by_uid(uid: int) -> Account:
    """The account with that number; one that no database knows gets its number as name (containers)."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, os.getegid(), "/", frozenset({os.getegid()}))
    return _account(entry)


def by_name(name: str) -> Account | None:
    """The account with that name, or None."""
    try:
        return _account(pwd.getpwnam(name))
    except KeyError:
        return None


def _account(entry: pwd.struct_passwd) -> Account:
    groups = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir, groups)


def owner(path: Path) -> Account:
    """Who owns the folder."""
    return by_uid(path.stat().st_uid)


def worker_account() -> Account | None:
    """The unprivileged account a distribution gives to web servers, else `nobody`."""
    return next((account for name in WORKER_ACCOUNTS if (account := by_name(name))), None)


def can_enter(account: Account, path: Path) -> Path | None:
    """None when `account` may traverse every folder down to and including `path`; else the first that stops it.

    Judged by owner, group and other bits (path_resolution(7)); access control lists can only be seen by trying.
    """
    if account.uid == 0:
        return None
    for folder in [*reversed(path.parents), path]:
        try:
            status = folder.stat()
        except OSError:
            return folder
        if not _permits(account, status, stat.S_IXUSR):
            return folder
    return None


def _permits(account: Account, status: os.stat_result, owner_bit: int) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & owner_bit)
    if status.st_gid in account.groups:
        return bool(status.st_mode & (owner_bit >> 3))
    return bool(status.st_mode & (owner_bit >> 6))


@contextmanager
def acting_as(account: Account) -> Iterator[None]:
    """Do file work with another account's rights while Portico is root, so that a link planted in a user's folder
    cannot make root write elsewhere. Does nothing for anybody but root. Single-threaded callers only (setresuid(2))."""
    if os.geteuid() != 0 or account.uid == 0:
        yield
        return
    groups = os.getgroups()
    try:
        os.setgroups(sorted(account.groups))
        os.setegid(account.gid)
        os.seteuid(account.uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
