"""How much memory there is for more processes."""

from __future__ import annotations

from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


def free_bytes(root: Path = _CGROUP) -> int:
    """What can be had without swapping: of the machine (MemAvailable, proc_meminfo(5)), and no more than the control group
    allows that this process is in, as in a container (memory.max,
    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files)."""
    free = int(psutil.virtual_memory().available)
    group = _group(root)
    most, used = _number(group / "memory.max"), _number(group / "memory.current")
    if most is None or used is None:
        return free
    return max(0, min(free, most - used + _droppable(group / "memory.stat")))


def _group(root: Path) -> Path:
    """The group of this process; inside a container its root is the container's own."""
    try:
        rows = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return root
    name = next((row.removeprefix("0::") for row in rows if row.startswith("0::")), "/")
    own = root / name.lstrip("/")
    return own if own.is_dir() else root


def _droppable(path: Path) -> int:
    """Of what a group uses, the file pages that the kernel drops first."""
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in rows if row.startswith("inactive_file ")), 0)


def _number(path: Path) -> int | None:
    """None where there is no limit (`max`), or no such file."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
