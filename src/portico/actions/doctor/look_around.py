"""What lies around a uWSGI: who listens where it wants to, its pid file, the folders and environments that it names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from portico.hops.uwsgi import options
from portico.model.evidence import HomeSeen, ListenerSeen, PathSeen, ProcessSeen, UwsgiSeen
from portico.system import accounts
from portico.system.accounts import Account
from portico.system.look import texts
from portico.system.look.paths import walk
from portico.system.look.processes import process
from portico.system.look.sockets import at

_PID_FILES = ("pidfile", "pidfile2", "safe-pidfile", "safe-pidfile2")
_BOUND = ("socket-bound", "http-bound", "other-instance", "bind-failed")
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", re.MULTILINE)
_MOST_NEAR = 8


def around(seen: UwsgiSeen, there: Sequence[ListenerSeen], project: Path) -> UwsgiSeen:
    """With everything of it that its configuration and its log only name. `there` are all listeners of the machine; files
    without a folder are looked for in `project`."""
    seen = _with_kind(seen)
    found = {id(one): one for address in _addresses(seen) for one in at(there, address)}
    pids = sorted({pid for one in found.values() for pid in one.pids})
    pid_file = _pid_file(seen)
    return replace(
        seen,
        listeners=tuple(found.values()),
        holders=tuple(who for pid in pids if (who := process(pid))),
        pid_file=pid_file,
        pid_process=_named_by(pid_file),
        paths=(*_paths(seen), *_gone(seen, project)),
        prefix=_prefix(seen),
        homes=tuple(_homes(seen)),
        near=tuple(_near(seen, project)),
    )


def _with_kind(seen: UwsgiSeen) -> UwsgiSeen:
    """pyuwsgi finds a Python that is there already, and runs in its program; another uWSGI is a program of its own."""
    if seen.kind:
        return seen
    path = next((event.data["path"] for event in reversed(seen.saw("binary-path"))), "")
    if seen.saw("vm-initialized", "python-module-missing-pyuwsgi") or Path(path).name.startswith(("python", "pypy")):
        return replace(seen, kind="pyuwsgi")
    return replace(seen, kind="binary") if path else seen


def _folder(seen: UwsgiSeen) -> str:
    """Where relative paths start: the folder that it was started in, or changed to."""
    said = next((event.data["path"] for event in reversed(seen.saw("cwd"))), "")
    started = (seen.master.cwd if seen.master else None) or said or (str(Path(seen.files[0]).parent) if seen.files else "/")
    return str(Path(started) / seen.value("chdir"))


def _absolute(seen: UwsgiSeen, path: str) -> str:
    return str(Path(_folder(seen)) / path)


def _addresses(seen: UwsgiSeen) -> list[str]:
    named = [address for _, address, _ in options.sockets(seen.options)]
    named += [address for event in seen.saw(*_BOUND) if (address := event.data.get("address", ""))]
    whole = (
        f"unix:{_absolute(seen, address.removeprefix('unix:'))}"
        if address.startswith("unix:") and "@" not in address
        else address
        for address in named
    )
    return [address for address in dict.fromkeys(whole) if "\0" not in address]


def _account(seen: UwsgiSeen) -> Account | None:
    """Who binds and writes: the account it changes to, else the one it runs as; None: ourselves."""
    said = next((event.data["uid"] for event in reversed(seen.saw("setuid"))), "") or seen.value("uid")
    if said.isdigit():
        return accounts.by_uid(int(said))
    name = said or (seen.master.user if seen.master else "")
    return accounts.by_name(name) if name else None


def _pid_file(seen: UwsgiSeen) -> tuple[str, str | None] | None:
    said = [event.data["path"] for event in (*seen.history, *seen.events) if event.kind == "pidfile"]
    path = seen.value(*_PID_FILES) or (said[-1] if said else "")
    if not path:
        return None
    path = _absolute(seen, path)
    return path, texts.read(path)[0]


def _named_by(pid_file: tuple[str, str | None] | None) -> ProcessSeen | None:
    text = ((pid_file and pid_file[1]) or "").strip()
    return process(int(text)) if text.isdigit() and int(text) > 0 else None


def _paths(seen: UwsgiSeen) -> Iterator[PathSeen]:
    """The folders that sockets, pid file and logs are made in, and the one it changes to."""
    who = _account(seen)
    made = [address.removeprefix("unix:") for address in _addresses(seen) if address.startswith("unix:/")]
    made += [_absolute(seen, path) for path in options.log_files(seen.options)]
    made += [_absolute(seen, seen.value(name)) for name in _PID_FILES if seen.value(name)]
    made += [event.data["path"] for event in seen.saw("open-failed") if event.data.get("what") in ("log", "pid")]
    for folder in dict.fromkeys(str(Path(path).parent) for path in made if path.startswith("/")):
        yield walk(folder, who, "w")
    entered = [event.data["path"] for event in seen.saw("chdir")] + ([_folder(seen)] if seen.value("chdir") else [])
    yield from (walk(folder, who, "x") for folder in dict.fromkeys(entered))


def _prefix(seen: UwsgiSeen) -> str:
    """The environment that the running Python belongs to; empty for an embedded one."""
    if not seen.python.startswith("/"):
        return ""
    return os.path.realpath(Path(seen.python).parent.parent)


def _homes(seen: UwsgiSeen) -> Iterator[HomeSeen]:
    named = [entry.value for entry in seen.options if entry.name == "home"]
    named += [event.data["path"] for event in seen.saw("python-home-set", "python-home-bad")]
    for path in dict.fromkeys(named):
        home = Path(_absolute(seen, path))
        text = texts.head(str(home / "pyvenv.cfg"))
        libraries = [folder.name.removeprefix("python") for folder in _found(home, "lib/python3.*")]
        match = _VERSION.search(text)
        python = home / "bin" / "python"
        yield HomeSeen(
            path=path,
            exists=os.path.isdir(home),  # noqa: PTH112 -- never raises
            version=match[1] if match else libraries[0] if len(libraries) == 1 else "",
            python=str(python) if os.path.exists(python) else "",  # noqa: PTH110
            real=os.path.realpath(home),
        )


def _found(folder: Path, pattern: str) -> list[Path]:
    """What is there; nothing in a folder that cannot be read, or whose name none can have."""
    try:
        return sorted(folder.glob(pattern))
    except (OSError, ValueError):
        return []


def _missing(seen: UwsgiSeen, project: Path) -> list[Path]:
    """Configuration files that uWSGI could not read."""
    named = [*seen.missing_files, *(event.data["path"] for event in seen.saw("ini-file-missing", "config-unreadable"))]
    return list(dict.fromkeys(project / path for path in named))


def _gone(seen: UwsgiSeen, project: Path) -> Iterator[PathSeen]:
    yield from (walk(str(path), None, "r") for path in _missing(seen, project))


def _near(seen: UwsgiSeen, project: Path) -> Iterator[str]:
    """Configuration beside one that is not there."""
    for folder in dict.fromkeys(path.parent for path in _missing(seen, project)):
        inis = [path for path in _found(folder, "*.ini")[:50] if "[uwsgi" in texts.head(str(path)).lower()]
        yield from (str(path) for path in inis[:_MOST_NEAR])
