"""What processes have used: CPU time and memory, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from portico.system.processes import memory, stat


def tree(*roots: int) -> frozenset[int]:
    """The processes and all that descend from them now."""
    children: dict[int, list[int]] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        parent = _parent(int(entry))
        if parent is not None:
            children.setdefault(parent, []).append(int(entry))
    found, queue = set(roots), list(roots)
    while queue:
        more = children.get(queue.pop(), [])
        queue += [pid for pid in more if pid not in found]
        found.update(more)
    return frozenset(found)


def cpu_us(pids: Iterable[int]) -> float:
    """Microseconds on a CPU, user and system, of all threads that live (/proc/PID/task/*/schedstat, proc(5)).

    It is exact to the nanosecond, where /proc/PID/stat counts in ticks of 10 ms. A process or a thread that is gone counts
    nothing: take the difference of two readings only while all live.
    """
    total = 0
    for pid in pids:
        try:
            tasks = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208
        except OSError:
            continue
        total += sum(_on_cpu_ns(pid, task) for task in tasks)
    return total / 1000


def of_ended_us(pids: Iterable[int]) -> float:
    """Microseconds that their ended children had on a CPU, which a parent takes over when it is told of the end (`cutime`
    and `cstime` of proc_pid_stat(5), in ticks of 10 ms)."""
    ticks = sum(sum(map(int, fields[13:15])) for pid in pids if (fields := stat(pid)))
    return ticks * 1_000_000 / os.sysconf("SC_CLK_TCK")


def pss_bytes(pids: Iterable[int]) -> int:
    """Proportional set size in bytes: a page that several processes share is divided among them."""
    return sum(memory(pid) for pid in pids)


def _parent(pid: int) -> int | None:
    fields = stat(pid)
    return int(fields[1]) if fields else None


def _on_cpu_ns(pid: int, task: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text(encoding="ascii").split()[0])
    except (OSError, IndexError):
        return 0
