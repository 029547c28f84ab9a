"""Processes: what runs, how large it is, and stopping what should not run."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from portico.system.clock import wait_for


@dataclass(frozen=True)
class ProcessFacts:
    """One live process. `rss_bytes` counts shared pages fully; `started` is in seconds since the epoch."""

    pid: int
    parent: int
    user: str
    command: str
    rss_bytes: int
    started: float


def facts(pid: int) -> ProcessFacts | None:
    """Facts of a live process, or None when it is gone or a zombie."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            command = " ".join(process.cmdline()).strip() or process.name()
            return ProcessFacts(
                pid,
                process.ppid(),
                process.username(),
                command,
                process.memory_info().rss,
                process.create_time(),
            )
    except psutil.Error:
        return None


def tree(pid: int) -> tuple[ProcessFacts, ...]:
    """The process and all its descendants that are alive, the root first."""
    try:
        pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return ()
    return tuple(fact for member in pids if (fact := facts(member)))


def group_table() -> dict[int, list[int]]:
    """Every live process of this machine by process group, read in one pass."""
    table: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 -- names only: this runs for every process of the machine
        if entry.isdigit() and (row := stat(int(entry))) and row[0] != "Z":
            table.setdefault(int(row[2]), []).append(int(entry))
    return table


def group_members(record: Path, names: tuple[str, ...], table: dict[int, list[int]]) -> tuple[int, ...]:
    """Live pids of the process group that a guard recorded in the file `record`, out of a `group_table`.

    The record is `{"pgid", "started", "boot"}`, of this boot. A group number cannot be reused while a member lives
    (fork(2)), so members that started after it are ours unless the leader is another program's; `names` are the program
    names (/proc/PID/comm) that can be ours. Unless root wrote the record, only processes of the account that wrote it
    count, so that a forged record cannot name another account's processes.
    """
    try:
        data = json.loads(record.read_text())
        group, started = int(data["pgid"]), int(data["started"])
        boot, uid = data["boot"], record.stat().st_uid
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    leader = stat(group)
    if boot != boot_id() or (leader and int(leader[19]) != started):
        return ()
    return tuple(sorted(pid for pid in table.get(group, ()) if _is_ours(pid, started, names, uid)))


def _is_ours(pid: int, started: int, names: tuple[str, ...], uid: int) -> bool:
    row = stat(pid)
    if row is None or int(row[19]) < started:
        return False
    try:
        known = uid == 0 or Path(f"/proc/{pid}").stat().st_uid == uid
        return known and Path(f"/proc/{pid}/comm").read_text().startswith(names)
    except OSError:
        return False


def stat(pid: int) -> list[str] | None:
    """Fields 3.. of /proc/PID/stat (proc(5)): [0] state, [1] parent, [2] process group, [13], [14] ticks of ended children,
    [19] start time in ticks. None when it is gone."""
    try:
        text = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    return text[text.rindex(b")") + 2 :].decode("ascii").split()


def _read(path: str) -> bytes:
    """A small file of /proc, at the lowest cost: several are read for every process of the machine."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def boot_id() -> str:
    """Numbers of processes begin anew with each boot (random(4))."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def leads_group(pid: int) -> bool:
    """Whether that process lives and leads its process group, as a daemon's master does."""
    row = stat(pid)
    return row is not None and int(row[2]) == pid


def commands(names: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """Live processes whose program names begin so: pid, account (uid), and command line.

    Arguments are separated by NUL characters, or by spaces where the process has given itself a title.
    """
    wanted = tuple(map(os.fsencode, names))
    for entry in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        try:
            if _read(f"/proc/{entry}/comm").startswith(wanted):
                folder = Path("/proc", entry)
                yield int(entry), folder.stat().st_uid, os.fsdecode((folder / "cmdline").read_bytes())
        except OSError:
            continue


def has_command(pid: int) -> bool:
    """Whether it has a command line by which `commands` finds it: not in the middle of execve(2), and not a zombie."""
    try:
        return bool(_read(f"/proc/{pid}/cmdline"))
    except OSError:
        return False


def lost_its_folder(pid: int) -> bool:
    """Whether its working directory was deleted: relative paths lead nowhere, even where a new one of that name is."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink()).endswith(" (deleted)")
    except OSError:
        return False


def alive(pid: int) -> bool:
    """Whether a process with that number exists and is not a zombie."""
    row = stat(pid)
    return row is not None and row[0] != "Z"


def stop(pids: tuple[int, ...], graceful: signal.Signals, timeout_s: float) -> tuple[int, ...]:
    """Signal each, wait until all are gone, kill what is left; returns those that survived even SIGKILL."""
    _signal(pids, graceful)
    if not wait_for(lambda: not any(map(alive, pids)), timeout_s):
        _signal(tuple(pid for pid in pids if alive(pid)), signal.SIGKILL)
        wait_for(lambda: not any(map(alive, pids)), 3)
    return tuple(pid for pid in pids if alive(pid))


def _signal(pids: tuple[int, ...], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def cores() -> int:
    """Cores this process may use (sched_getaffinity(2)), at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory(pid: int) -> int:
    """Proportional set size in bytes, else the resident size; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    found = facts(pid)
    return found.rss_bytes if found else 0


def signal_named(pid: int, number: signal.Signals, name: str) -> bool:
    """Signal a process, but only if its command still has that name: a number may have been given to another one. Whether
    it was sent."""
    found = facts(pid)
    if found is None or name not in found.command:
        return False
    os.kill(pid, number)
    return True
