"""Stands in front of a daemon under a supervisor: `python -IS guard.py SPEC.json`.

It stops what a killed predecessor left behind, records its own process group for its successor, and becomes the
daemon. SPEC.json has these keys, all required:

- `argv`, `environ`, `cwd`: the daemon's argument vector (an absolute path first), its whole environment, its folder.
- `names`: how the names of its processes may begin (/proc/PID/comm).
- `stop_signal`: the signal that makes it stop gracefully, as `QUIT`; `wait_s`: how long that may take, in seconds.
- `group_file`: where its process group is recorded, as JSON `{"pgid", "started", "boot"}`.
- `log`: a file for standard output and error, so that the daemon can outlive the supervisor that reads them; or empty.
- `lock_dir`: a folder that is kept from being cleaned up while the daemon lives; or empty.

When it cannot go on it ends with status 3, after one line that says why. Standard library only, Python 3.8 and later:
it runs in whatever Python the daemon's account may execute.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

_POLL_S = 0.01
#: nginx closes its listening sockets as soon as it reads the signal; a worker that has not is stopped or stuck on a disk.
_CLOSE_S = 3.0


class _Process(NamedTuple):
    """A pid and when it started (field 22 of /proc/PID/stat, in ticks since boot): together they name one process."""

    pid: int
    started: int


def main() -> NoReturn:
    if len(sys.argv) != 2:
        _fail("usage: guard.py SPEC.json")
    spec = _read(sys.argv[1])
    try:
        _redirect(spec["log"])
        if os.getpgrp() != os.getpid():
            os.setpgid(0, 0)
        _retire(spec)
        _record(spec["group_file"])
        _lock(spec["lock_dir"])
        _become(spec["argv"], spec["environ"], spec["cwd"])
    except (OSError, ValueError, TypeError) as error:
        _fail(f"cannot go on: {error}")


def _read(path: str) -> dict[str, Any]:
    kinds: dict[str, Any] = dict.fromkeys(("cwd", "group_file", "stop_signal", "log", "lock_dir"), str)
    kinds.update(argv=list, environ=dict, names=list, wait_s=(int, float))
    try:
        with open(path, encoding="utf-8") as file:
            spec = json.load(file)
    except (OSError, ValueError) as error:
        _fail(f"cannot read {path}: {error}")
    wrong = [key for key, kind in kinds.items() if not isinstance(spec, dict) or not isinstance(spec.get(key), kind)]
    if wrong:
        _fail(f"cannot use {path}: {wrong[0]} is missing or of the wrong type")
    if not spec["argv"] or "SIG" + spec["stop_signal"] not in signal.Signals.__members__:
        _fail("cannot use {}: argv is empty or {} is no signal".format(path, spec["stop_signal"]))
    return dict(spec)


def _redirect(path: str) -> None:
    if path:
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        os.dup2(log, 1)
        os.dup2(log, 2)


def _retire(spec: dict[str, Any]) -> None:
    """Stop the predecessor's processes, and return as soon as their successor cannot collide with them."""
    leader, old = _left_over(spec["group_file"], tuple(spec["names"]))
    if not old:
        return
    pids = " ".join(str(process.pid) for process in old)
    sys.stderr.write(f"guard: stopping what a killed predecessor left: {pids}\n")
    sys.stderr.flush()
    graceful = signal.Signals["SIG" + spec["stop_signal"]]
    if "nginx" in spec["names"]:
        # The workers are those that hold requests. A master that lived on would, when its last worker has gone,
        # remove the pid file that its successor has written by then.
        _signal([process for process in old if process.pid == leader], signal.SIGKILL)
        _signal(old, graceful)
        if not _wait(lambda: not _listening(_alive(old)), _CLOSE_S):
            _signal(_listening(_alive(old)), signal.SIGKILL)
        _reap_later(old, spec["wait_s"])
        return
    # A living uWSGI master tells its workers in its own way: the signal itself would cut their requests. It has to be gone
    # before its successor starts, because in the end it removes the sockets by their names.
    master = [process for process in old if process.pid == leader]
    _signal(master or old, graceful)
    if not _wait(lambda: not _alive(old), spec["wait_s"]):
        _signal(_alive(old), signal.SIGKILL)
        _wait(lambda: not _alive(old), _CLOSE_S)


def _left_over(group_file: str, names: tuple[str, ...]) -> tuple[int, list[_Process]]:
    """The recorded group's number and what lives of it, which is nothing where any doubt is left.

    The kernel gives a group's number to nobody else while a member lives (setpgid(2), fork(2)), so if its leader
    lives, it must be the recorded one; if it does not, the members started after it. A record that is not root's counts
    only for processes of the account that wrote it.
    """
    try:
        with open(group_file, encoding="utf-8") as file:
            record = json.load(file)
            owner = os.fstat(file.fileno()).st_uid
        group, started = int(record["pgid"]), int(record["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, []
    if record.get("boot") != _boot_id() or owner not in (0, os.getuid()):
        return 0, []
    leader = _stat(group)
    if leader and int(leader[20]) != started:
        return 0, []
    return group, [process for process in _group(group, names, owner) if process.started >= started]


def _group(group: int, names: tuple[str, ...], owner: int) -> list[_Process]:
    found = []
    for entry in os.listdir("/proc"):
        row = _stat(int(entry)) if entry.isdigit() else None
        if row is None or int(row[3]) != group or row[1] == "Z" or not row[0].startswith(names):
            continue
        try:
            if owner == 0 or os.stat("/proc/" + entry).st_uid == owner:
                found.append(_Process(int(entry), int(row[20])))
        except OSError:
            continue
    return found


def _stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from its second field on: [0] name, [1] state, [3] process group, [20] start time (proc(5))."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    end = text.rindex(")")
    return [text[text.index("(") + 1 : end], *text[end + 2 :].split()]


def _alive(processes: list[_Process]) -> list[_Process]:
    rows = [(process, _stat(process.pid)) for process in processes]
    return [process for process, row in rows if row and row[1] != "Z" and int(row[20]) == process.started]


def _signal(processes: list[_Process], number: int) -> None:
    for process in _alive(processes):
        try:
            os.kill(process.pid, number)
        except OSError:
            continue


def _listening(processes: list[_Process]) -> list[_Process]:
    """Those that hold a listening socket, as far as this account may see; nginx itself tries to bind for 2.5 s."""
    sockets = _listening_inodes()
    return [process for process in processes if sockets & _socket_inodes(process.pid)]


def _listening_inodes() -> set[str]:
    """Inodes of TCP sockets in state LISTEN and of unix sockets that accept connections (proc(5))."""
    found = set()
    for table, column, state, inode in (("tcp", 3, "0A", 9), ("tcp6", 3, "0A", 9), ("unix", 3, "00010000", 6)):
        try:
            with open("/proc/net/" + table, encoding="utf-8", errors="replace") as file:
                rows = [line.split() for line in file]
        except OSError:
            continue
        found |= {row[inode] for row in rows[1:] if row[column] == state}
    return found


def _socket_inodes(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd/"
    found = set()
    try:
        for name in os.listdir(folder):
            target = os.readlink(folder + name)
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        pass
    return found


def _wait(condition: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _reap_later(processes: list[_Process], limit_s: float) -> None:
    """A process of its own, outside every group, that kills after `limit_s` what has not finished its requests."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            if not _wait(lambda: not _alive(processes), limit_s):
                _signal(processes, signal.SIGKILL)
    finally:
        os._exit(0)


def _record(group_file: str) -> None:
    row = _stat(os.getpid())
    if row is None:
        _fail("cannot go on: /proc is not readable")
    record = {"pgid": os.getpid(), "started": int(row[20]), "boot": _boot_id()}
    temporary = f"{group_file}.{os.getpid()}"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(record, file)
    os.replace(temporary, group_file)


def _boot_id() -> str:
    """Numbers of processes and their start times begin anew with each boot (random(4))."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _lock(folder: str) -> None:
    """systemd-tmpfiles leaves a folder alone while somebody holds a lock on it
    (https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html)."""
    if not folder:
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        # Nothing but the protection is lost.
        return
    os.set_inheritable(descriptor, True)


def _become(argv: list[str], environ: dict[str, str], cwd: str) -> NoReturn:
    try:
        os.chdir(cwd)
    except OSError as error:
        _fail(f"cannot enter {cwd}: {error.strerror}")
    # Python ignores these, and what is ignored stays so across exec (signal(7)).
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    # nginx takes NGINX for a list of sockets it inherits (https://nginx.org/en/docs/control.html#upgrade).
    environ = {name: value for name, value in environ.items() if name != "NGINX"}
    try:
        os.execve(argv[0], argv, environ)  # noqa: S606 -- becoming another program is what this is for
    except (OSError, ValueError, TypeError) as error:
        _fail("cannot run {}: {}".format(argv[0], getattr(error, "strerror", None) or error))


def _fail(reason: str) -> NoReturn:
    sys.stderr.write("guard: {}\n".format(" ".join(reason.split())))
    sys.stderr.flush()
    os._exit(3)


if __name__ == "__main__":
    main()
