"""Processes, as /proc shows them to this account (proc(5)): what is nginx, what is uWSGI, and what each has open."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from portico.model.seen import ProcessSeen
from portico.system.accounts import account_name, group_name

T = TypeVar("T")
_PYTHON = re.compile(r"python[\d.]*$|pypy[\d.]*$")
_UWSGI = re.compile(r"(py)?uwsgi([-_.]?(core|bin|real|py(thon)?[\d.]*|[\d.]+))*$", re.IGNORECASE)
_UWSGI_TITLE = re.compile(r"(^|\s)uWSGI (master|worker|http|mule|spooler|fastrouter|emperor|cheap)\b", re.IGNORECASE)
#: An nginx that only proves its configuration, tells its version or sends a signal.
_ERRANDS = frozenset(("-t", "-T", "-v", "-V", "-h", "-?", "-s"))
_UWSGI_LIBRARY = re.compile(rb"/(py)?uwsgi[^/\n]*\.so[^/\n]*$|/uwsgi[^/\n]*$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w*$")
#: nginx's options that take a value, and those that take none (https://nginx.org/en/docs/switches.html).
_NGINX_OPTION = re.compile(r"\s-([?hvVtTq]|[psecg])")


def process(pid: int) -> ProcessSeen | None:
    """One process; None when there is none with that number, or it is dead and only not yet waited for."""
    try:
        command = _command(pid)
        row = _stat(pid)
        status = _status(pid)
    except (OSError, ValueError):
        return None
    if row[0] in "ZX":
        return None
    title = len(command) == 1 and " " in command[0]
    return ProcessSeen(
        pid=pid,
        ppid=int(row[1]),
        command=command,
        user=account_name(int(status["Uid"].split()[1])),
        state=row[0],
        started_s=_boot_s() + int(row[19]) / os.sysconf("SC_CLK_TCK"),
        rss_bytes=int(status.get("VmRSS", "0").split()[0]) * 1024,
        exe=_tolerant(lambda: _without_deleted(os.readlink(f"/proc/{pid}/exe"))),  # noqa: PTH115
        cwd=_tolerant(lambda: os.readlink(f"/proc/{pid}/cwd")),  # noqa: PTH115
        environ=_tolerant(lambda: _environ(pid, title)),
        open_files=_tolerant(lambda: len(os.listdir(f"/proc/{pid}/fd"))),  # noqa: PTH208
        nofile=_tolerant(lambda: _nofile(pid)),
        log=_tolerant(lambda: _log(pid)),
        private_mounts=_tolerant(lambda: os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt")),  # noqa: PTH115
        groups=_groups(status),
        threads=int(status.get("Threads", "0")),
    )


def is_ending(pid: int) -> bool:
    """Whether it has died and its parent does not know yet: it has lost its memory, or is only not yet waited for."""
    try:
        return not _read(pid, "cmdline")
    except OSError:
        return False


def named(*names: str) -> tuple[ProcessSeen, ...]:
    """Processes whose program has one of those names: its title, the file of the program, or the script that runs in it."""
    wanted = frozenset(names)
    return tuple(found for pid, command in _commands() if wanted & set(_names(command)) and (found := process(pid)))


def nginx_processes() -> tuple[tuple[ProcessSeen, ...], tuple[ProcessSeen, ...]]:
    """Masters and workers of every nginx; one without a master (`master_process off`) counts as a master."""
    masters: list[ProcessSeen] = []
    workers: list[ProcessSeen] = []
    for pid, command in _commands():
        if next(_names(command)) != "nginx" or _ERRANDS & set(command):
            continue
        if found := process(pid):
            is_worker = command[0].startswith("nginx: ") and not command[0].startswith("nginx: master ")
            (workers if is_worker else masters).append(found)
    return tuple(masters), tuple(workers)


def uwsgi_processes() -> tuple[ProcessSeen, ...]:
    """Every process of every uWSGI: masters, workers, routers. Whose worker is whose is told by `ppid`."""
    return tuple(found for pid, command in _commands() if _is_uwsgi(pid, command) and (found := process(pid)))


def nginx_argv(process: ProcessSeen) -> tuple[str, str, str]:
    """What an nginx master was started with: -c, -p and -g, each empty when it was not given.

    Its title is its command line with spaces in between (`nginx: master process /usr/sbin/nginx -p X -c Y`), so a value ends
    where the next option begins.
    """
    text = " " + " ".join(process.command).removeprefix("nginx: master process ")
    options = list(_NGINX_OPTION.finditer(text))
    values = {"c": "", "p": "", "g": ""}
    for number, option in enumerate(options):
        end = options[number + 1].start() if number + 1 < len(options) else len(text)
        if option[1] in values:
            values[option[1]] = text[option.end() : end].strip()
    return values["c"], values["p"], values["g"]


def _commands() -> Iterator[tuple[int, tuple[str, ...]]]:
    us = os.getpid()
    for entry in os.listdir("/proc"):  # noqa: PTH208 -- names only: this runs for every process of the machine
        if entry.isdigit() and int(entry) != us and (command := _tolerant(lambda pid=entry: _command(int(pid)))):  # type: ignore[misc]
            yield int(entry), command


def _command(pid: int) -> tuple[str, ...]:
    raw = _read(pid, "cmdline").rstrip(b"\0 ")
    return tuple(os.fsdecode(part) for part in raw.split(b"\0")) if raw else ()


def _names(command: tuple[str, ...]) -> Iterator[str]:
    first = command[0]
    title, colon, _ = first.partition(": ")
    yield title if colon else os.path.basename(first)  # noqa: PTH119
    if _PYTHON.search(first):
        script = next((part for part in command[1:] if not part.startswith("-")), "")
        yield os.path.basename(script)  # noqa: PTH119


def _is_uwsgi(pid: int, command: tuple[str, ...]) -> bool:
    names = list(_names(command))
    if any(map(_UWSGI.match, names)) or _UWSGI_TITLE.search(command[0]) or "uwsgi_launcher.py" in names:
        return True
    # A title of its own (`procname`), or a script of somebody's that starts it: then the loaded library tells.
    hidden = len(command) == 1 or "uwsgi" in " ".join(command).lower()
    exe = _tolerant(lambda: os.readlink(f"/proc/{pid}/exe")) if hidden else None  # noqa: PTH115
    if not exe:
        return False
    base = os.path.basename(_without_deleted(exe))  # noqa: PTH119
    if _PYTHON.search(base):
        return bool(_UWSGI_LIBRARY.search(_tolerant(lambda: _read(pid, "maps")) or b""))
    return bool(_UWSGI.match(base))


def _environ(pid: int, title: bool) -> Mapping[str, str] | None:
    """The environment it was started with; None where its title was written over it, as nginx does."""
    raw = _read(pid, "environ")
    pairs = (os.fsdecode(part).partition("=") for part in raw.split(b"\0"))
    found = {name: value for name, equals, value in pairs if equals and _NAME.match(name)}
    return None if title and raw and not found else found


def _nofile(pid: int) -> int | None:
    for line in _read(pid, "limits").splitlines():
        if line.startswith(b"Max open files"):
            soft = line.split()[3]
            return int(soft) if soft.isdigit() else None
    return None


def _log(pid: int) -> str | None:
    links = [_tolerant(lambda fd=fd: os.readlink(f"/proc/{pid}/fd/{fd}")) for fd in (2, 1)]  # type: ignore[misc] # noqa: PTH115
    return next((link for link in links if link and link != "/dev/null"), links[0])


def _status(pid: int) -> dict[str, str]:
    lines = os.fsdecode(_read(pid, "status")).splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _stat(pid: int) -> list[str]:
    """Fields 3.. of /proc/PID/stat: [0] state, [1] parent, [19] start time in ticks."""
    text = os.fsdecode(_read(pid, "stat"))
    return text[text.rindex(")") + 2 :].split()


def _read(pid: int, name: str) -> bytes:
    handle = os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
    try:
        parts = []
        while part := os.read(handle, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def _without_deleted(link: str) -> str:
    """The path of a program that was replaced by an upgrade while it runs; unchanged when nothing is there now."""
    path = link.removesuffix(" (deleted)")
    return path if os.path.exists(path) else link  # noqa: PTH110


def _groups(status: Mapping[str, str]) -> tuple[str, ...]:
    numbers = [status["Gid"].split()[1], *status.get("Groups", "").split()]
    return tuple(dict.fromkeys(group_name(int(number)) for number in numbers))


def _boot_s() -> float:
    """When this machine was started, epoch seconds; `btime` of /proc/stat has whole seconds only."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _tolerant(look: Callable[[], T]) -> T | None:
    """None for what may not be seen, or is gone meanwhile."""
    try:
        return look()
    except (OSError, ValueError):
        return None
