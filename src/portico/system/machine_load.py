"""How busy the whole machine was."""

from __future__ import annotations

import os
from dataclasses import dataclass

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


def our_pid() -> int:
    """This process."""
    return os.getpid()
