"""The machine below the deployment: room on its disks, memory, what the kernel killed, what else may refuse."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from portico.model.seen import DiskSeen, MachineSeen
from portico.system.accounts import ourselves, worker_account
from portico.system.look.hosts import hosts
from portico.system.look.killed import oom_kills


def machine(paths: Sequence[tuple[str, str]]) -> MachineSeen:
    """`paths` are what the deployment writes to, each with what it is; every file system is reported once. Never raises."""
    us, web = ourselves(), worker_account()
    return MachineSeen(
        user=us.name,
        root=us.uid == 0,
        somaxconn=_number("/proc/sys/net/core/somaxconn"),
        disks=tuple(_disks(paths)),
        oom_kills=oom_kills(),
        selinux=_guard(),
        free_memory_bytes=_free_memory(),
        hosts=hosts(),
        systemd=Path("/run/systemd/system").is_dir(),
        web_account=(web.name, web.group) if web else ("", ""),
    )


def _disks(paths: Sequence[tuple[str, str]]) -> Iterator[DiskSeen]:
    known: set[int] = set()
    for path, why in paths:
        try:
            there = _existing(path)
            device = os.stat(there).st_dev  # noqa: PTH116
            room = os.statvfs(there)
        except (OSError, ValueError):
            continue
        if device in known:
            continue
        known.add(device)
        yield DiskSeen(
            path=str(there),
            why=why,
            free_bytes=room.f_bavail * room.f_frsize,
            total_bytes=room.f_blocks * room.f_frsize,
            # Some file systems (btrfs, overlays on it) make inodes as they go and say 0 of 0.
            free_inodes=room.f_favail if room.f_files else None,
            read_only=bool(room.f_flag & os.ST_RDONLY),
        )


def _existing(path: str) -> str:
    """The path itself, or the nearest folder above it that is there."""
    here = Path(os.path.abspath(path))  # noqa: PTH100 -- links stay what they are
    return str(next((one for one in (here, *here.parents) if os.path.exists(one)), Path("/")))  # noqa: PTH110


def _guard() -> str:
    """`enforcing` for SELinux (https://man7.org/linux/man-pages/man8/selinux.8.html), else `apparmor` where that is on."""
    if _number("/sys/fs/selinux/enforce") == 1:
        return "enforcing"
    return "apparmor" if _text("/sys/module/apparmor/parameters/enabled").strip() == "Y" else ""


def _free_memory() -> int:
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _number(path: str) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
