"""How busy the whole machine was, and whether a quota held us back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class CpuTime:
    """Seconds since the start of the machine, of all cores together (/proc/stat, proc(5))."""

    busy: float
    all: float

    @staticmethod
    def now() -> CpuTime:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        # The time of guests is in that of users already.
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        whole = sum(times) - guests
        return CpuTime(whole - idle, whole)

    def share_until(self, later: CpuTime) -> float:
        """The share of that time, 0 to 1, in which the cores were busy."""
        passed = later.all - self.all
        return min(1.0, max(0.0, (later.busy - self.busy) / passed)) if passed > 0 else 0.0


@dataclass(frozen=True)
class Quota:
    """Periods of the CPU quota of our control group, and those in which it was used up: a container has one.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files; version 1 has the same two lines. All zero
    where there is no quota, or nobody may read it.
    """

    periods: int
    throttled: int

    @staticmethod
    def now(root: Path = Path("/")) -> Quota:
        for line in _lines(root / "proc/self/cgroup"):
            _, names, path = (*line.split(":", 2), "", "")[:3]
            for folder in _folders(root, names, path):
                rows = dict(row.split(maxsplit=1) for row in _lines(folder / "cpu.stat") if " " in row)
                if rows.get("nr_periods", "").isdigit() and rows.get("nr_throttled", "").isdigit():
                    return Quota(int(rows["nr_periods"]), int(rows["nr_throttled"]))
        return Quota(0, 0)

    def share_until(self, later: Quota) -> float:
        """The share of the periods, 0 to 1, in which processes were held back."""
        periods = later.periods - self.periods
        return min(1.0, max(0.0, (later.throttled - self.throttled) / periods)) if periods > 0 else 0.0


def _folders(root: Path, names: str, path: str) -> tuple[Path, ...]:
    """Where the control group of a line of /proc/self/cgroup lies; inside a container it may be the root of what is seen."""
    if names and "cpu" not in names.split(","):
        return ()
    top = root / "sys/fs/cgroup" / names
    return top / path.lstrip("/"), top


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def our_pid() -> int:
    """This process."""
    return os.getpid()
