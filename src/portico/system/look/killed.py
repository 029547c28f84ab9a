"""Processes the kernel killed for want of memory, from its own log and from the counters of our control group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_WORDS = (b"Out of memory", b"oom-kill:", b"Killed process", b"Memory cgroup out of memory")
_MOST_RECORDS = 20_000
#: The kernel's own priorities are below; above, the facility says which kind of program wrote it (syslog(3)).
_PROGRAMS = 8


def oom_kills(log: str = "/dev/kmsg") -> tuple[str, ...] | None:
    """Records of the kernel's log and of our control group, oldest first; None when neither may be read.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files and
    https://www.kernel.org/doc/Documentation/ABI/testing/dev-kmsg
    """
    kernel = _kernel_log(log)
    group = _group_record()
    if kernel is None and group is None:
        return None
    return (*(kernel or ()), *(group or ()))


def _kernel_log(path: str) -> tuple[str, ...] | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return tuple(text for record in _records(handle) for text in _kills(record))
    except OSError:
        return None
    finally:
        os.close(handle)


def _records(handle: int) -> Iterator[bytes]:
    for _ in range(_MOST_RECORDS):
        try:
            record = os.read(handle, 8192)
        except BlockingIOError:
            return
        except BrokenPipeError:
            # Records were overwritten while we read; the next read goes on behind them.
            continue
        if not record:
            return
        yield record


def _kills(data: bytes) -> Iterator[str]:
    """The texts of `priority,sequence,microseconds,flags;text` that tell of a kill; what programs wrote there is not one."""
    for line in data.splitlines():
        head, _, text = line.partition(b";")
        priority = head.partition(b",")[0]
        if priority.isdigit() and int(priority) < _PROGRAMS and any(word in text for word in _WORDS):
            yield text.decode("utf-8", "replace")


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
