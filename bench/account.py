"""CPU time of a stack's processes, those that ended in between among them."""

from __future__ import annotations

import time
from collections.abc import Callable

from portico.system import usage


def spent_us(roots: Callable[[], tuple[int, ...]]) -> float:
    """Microseconds of user and system time that the trees of the processes have spent so far, to be subtracted from a later
    reading.

    Each living process is read to the nanosecond, its ended threads included (clock_getcpuclockid(3)). An ended process is
    found in the time that its parent has taken over from it (`cutime`, `cstime` in proc_pid_stat(5), in ticks of 10 ms):
    what it had spent leaves one place and comes back in the other. What is lost: a process that ends while its parent
    ignores SIGCHLD.
    """
    pids = usage.tree(*roots())
    return sum(map(_own_us, pids)) + usage.of_ended_us(pids)


def _own_us(pid: int) -> float:
    # The kernel's id of the CPU clock of another process: the complement of its number, and CPUCLOCK_SCHED.
    try:
        return time.clock_gettime_ns((~pid << 3) | 2) / 1000
    except OSError:
        return 0.0
