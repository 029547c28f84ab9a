"""What lies around nginx: the files of its configuration and their age, its temporary folders, who holds its addresses."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from portico.hops.nginx import log_paths
from portico.hops.nginx.facts import emerg_reason
from portico.hops.nginx.tree import tree
from portico.model.command import Outcome
from portico.model.directive import Directive
from portico.model.evidence import ListenerSeen, NginxSeen, PathSeen, ProcessSeen
from portico.system import nginx_conf
from portico.system.accounts import Account
from portico.system.look import texts
from portico.system.look.logs import tail
from portico.system.look.paths import walk
from portico.system.look.processes import process
from portico.system.look.sockets import at

#: The directives, and the names of the folders compiled in where they are not set.
_TEMP = {
    "client_body_temp_path": "http-client-body-temp-path",
    "uwsgi_temp_path": "http-uwsgi-temp-path",
    "proxy_temp_path": "http-proxy-temp-path",
    "fastcgi_temp_path": "http-fastcgi-temp-path",
    "scgi_temp_path": "http-scgi-temp-path",
}
_SYSTEM_CONF = ("/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/usr/local/etc/nginx/nginx.conf")
#: What people call the file that nginx's standard error goes to: what it says before it opens its own log.
_OUTPUTS = ("*nginx*.out", "*nginx*.err", "*nginx*.log")
_MOST_OUTPUTS = 4
#: Where distributions keep sites that are written, but not in use.
_SHELVES = ("sites-available", "../sites-available")
_MOST_FILES = 200


def whole(conf: str, parsed: Directive | None, masters: Sequence[Path]) -> str:
    """The configuration that `conf` is included in, where it is only a part of one: that of a running nginx (`masters`) or
    the system's. Otherwise itself. `parsed` is its own tree."""
    if parsed is None or parsed.first("http", "events", "stream") or not parsed.first("server", "upstream"):
        return conf
    real = os.path.realpath(conf)
    for other in dict.fromkeys((*map(str, masters), *_SYSTEM_CONF)):
        around = tree(nginx_conf.read(Path(other)), other)[0] if os.path.isfile(other) else None  # noqa: PTH113
        if around and any(os.path.realpath(entry.file) == real for entry in _all(around)):
            return other
    return conf


def pipe(conf: str, root: Directive | None) -> str:
    """A pipe that the configuration names, which an nginx that only tests it would wait for (fifo(7)); empty without one."""
    named = [conf, *(path for entry in (_all(root) if root else ()) for path in entry.args)]
    whole = dict.fromkeys(os.path.join(os.path.dirname(conf), path) for path in named)  # noqa: PTH118, PTH120
    return next((path for path in whole if _is_pipe(path)), "")


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def temp_folders(root: Directive, prefix: str, build: str) -> tuple[str, ...]:
    """The temporary folders that are in force, absolute; those of uploads first. `build` is what `nginx -V` printed."""
    found: dict[str, None] = {}
    for name, flag in _TEMP.items():
        named = [entry.args[0] for entry in root.deep(name) if entry.args]
        compiled = re.search(rf"--{flag}=(\S+)", build)
        named = named or ([compiled[1]] if compiled else [])
        found |= {os.path.normpath(os.path.join(prefix, path)): None for path in named}  # noqa: PTH118
    return tuple(found)


def temp_paths(folders: Sequence[str], account: Account | None) -> tuple[PathSeen, ...]:
    """The same, walked as the workers."""
    return tuple(walk(path, account, "w") for path in folders)


def conf_files(conf: str, root: Directive | None) -> tuple[PathSeen, ...]:
    """The files the configuration consists of, its own first."""
    named = dict.fromkeys([conf, *(sorted({entry.file for entry in _all(root)}) if root else ())])
    return tuple(walk(path, None, "r") for path in list(named)[:_MOST_FILES] if path.startswith("/"))


def _all(block: Directive) -> Iterator[Directive]:
    for entry in block.block or ():
        yield entry
        yield from _all(entry)


def unread(conf: str, known: Sequence[PathSeen]) -> tuple[PathSeen, ...]:
    """Files with a server in the folders for sites beside `conf` that are none of those it consists of."""
    read = {os.path.realpath(seen.path) for seen in known}
    found = []
    for shelf in _SHELVES:
        folder = Path(os.path.normpath(Path(conf).parent / shelf))
        for name in _names(folder):
            path = str(folder / name)
            if os.path.realpath(path) not in read and "server_name" in texts.head(path):
                found.append(path)
    return tuple(walk(path, None, "r") for path in dict.fromkeys(found))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())[:_MOST_FILES]
    except OSError:
        return []


def outputs(nginx: NginxSeen, since_s: float) -> tuple[str, ...]:
    """Texts of files beside the configuration that nginx's standard error was led to, and was written to since then."""
    known = {log.path for log in nginx.logs}
    folders = dict.fromkeys(folder for folder in (str(Path(nginx.conf).parent), nginx.prefix) if folder)
    found = [path for folder in folders for pattern in _OUTPUTS for path in sorted(Path(folder).glob(pattern))]
    looks = [
        tail(str(path), "error") for path in found[:_MOST_OUTPUTS] if str(path) not in known and "access" not in path.name
    ]
    return tuple(text for seen, text in looks if seen.modified_s >= since_s)


def not_found(test: Outcome | None) -> tuple[PathSeen, ...]:
    """The file that `nginx -t` could not open, walked as ourselves."""
    emerg = emerg_reason(test.stderr + test.stdout) if test and not test.ok else None
    named = re.match(r'open\(\) "(/.*)" failed', emerg.message) if emerg else None
    return (walk(named[1], None, "r"),) if named else ()


def taken(nginx: NginxSeen, there: Sequence[ListenerSeen]) -> tuple[tuple[str, ProcessSeen | None], ...]:
    """The addresses of this configuration that somebody else holds, with who that is."""
    ours = {one.pid for one in (*nginx.masters, *nginx.workers)}
    found: list[tuple[str, ProcessSeen | None]] = []
    for address in dict.fromkeys(nginx.listens):
        holders = _in_the_way(address, there)
        pids = sorted({pid for one in holders for pid in one.pids})
        if holders and not ours & set(pids) and not (nginx.masters and not pids):
            found.append((address, process(pids[0]) if pids else None))
    return tuple(found)


def _in_the_way(address: str, there: Sequence[ListenerSeen]) -> tuple[ListenerSeen, ...]:
    """Sockets that keep one from being bound there: a wildcard collides with every address of its port."""
    host, _, port = address.rpartition(":")
    if host not in ("0.0.0.0", "[::]"):  # noqa: S104 -- compared, not bound
        return at(there, address)
    same_port = [one for one in there if one.address.rpartition(":")[2] == port and not one.address.startswith("unix:")]
    return tuple(one for one in same_port if one.address.startswith("[") == (host == "[::]"))


def touched_by_test(seen: NginxSeen, folders: Sequence[str]) -> tuple[str, ...]:
    """What `nginx -t` makes, or gives to another account."""
    if seen.tree is None:
        return ()
    logs = (*log_paths.error_logs(seen.tree, seen.prefix), *log_paths.access_logs(seen.tree, seen.prefix))
    sockets = (address.removeprefix("unix:") for address in seen.listens if address.startswith("unix:"))
    pid = (seen.pid_file[0],) if seen.pid_file else ()
    built_in = (f"{seen.prefix}/{name.removesuffix('_path')}" for name in _TEMP)
    return (*folders, *built_in, *pid, *(path for path, _ in logs), *sockets)
