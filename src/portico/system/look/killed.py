"""Processes the kernel killed for want of memory, from its own log and from the counters of our control group."""

from __future__ import annotations

import os
from pathlib import Path

_WORDS = (b"Out of memory", b"oom-kill:", b"Killed process", b"Memory cgroup out of memory")
_MOST_RECORDS = 20_000


def oom_kills() -> tuple[str, ...] | None:
    """Records of the kernel's log and of the control group, oldest first; None when neither may be read.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files, /dev/kmsg: https://docs.kernel.org/core-api/printk-basics.html
    """
    log = _kernel_log()
    group = _group_record()
    if log is None and group is None:
        return None
    return (*(log or ()), *(group or ()))


def _kernel_log() -> tuple[str, ...] | None:
    try:
        handle = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return tuple(_records(handle))
    except OSError:
        return None
    finally:
        os.close(handle)


def _records(handle: int) -> list[str]:
    """Each read gives one record: `priority,sequence,microseconds,flags;text` (Documentation/ABI/testing/dev-kmsg)."""
    found: list[str] = []
    for _ in range(_MOST_RECORDS):
        try:
            record = os.read(handle, 8192)
        except BlockingIOError:
            break
        except BrokenPipeError:
            # Records were overwritten while we read; the next read goes on behind them.
            continue
        if not record:
            break
        text = record.partition(b";")[2].partition(b"\n")[0]
        if any(word in text for word in _WORDS):
            found.append(text.decode("utf-8", "replace"))
    return found


def _group_record() -> tuple[str, ...] | None:
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        own = next((line[3:] for line in lines if line.startswith("0::")), None)
        if own is None:
            return None
        path = Path("/sys/fs/cgroup") / own.lstrip("/") / "memory.events"
        counts = dict(line.split() for line in path.read_text().splitlines())
    except (OSError, ValueError):
        return None
    killed = int(counts.get("oom_kill", "0"))
    return (f"{path}: oom_kill {killed}",) if killed else ()
