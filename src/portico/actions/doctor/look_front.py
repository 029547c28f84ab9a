"""What lies around nginx: the files of its configuration and their age, its temporary folders, who holds its addresses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from portico.hops.nginx import log_paths
from portico.model.directive import Directive
from portico.model.evidence import ListenerSeen, NginxSeen, PathSeen, ProcessSeen
from portico.system import files
from portico.system.accounts import Account
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
#: Where distributions keep sites that are written, but not in use.
_SHELVES = ("sites-available", "../sites-available")
_MOST_FILES = 200
_HEAD_BYTES = 64 * 1024


def temp_folders(tree: Directive, prefix: str, build: str) -> tuple[str, ...]:
    """The temporary folders that are in force, absolute; those of uploads first. `build` is what `nginx -V` printed."""
    found: dict[str, None] = {}
    for name, flag in _TEMP.items():
        named = [entry.args[0] for entry in tree.deep(name) if entry.args]
        compiled = re.search(rf"--{flag}=(\S+)", build)
        named = named or ([compiled[1]] if compiled else [])
        found |= {os.path.normpath(os.path.join(prefix, path)): None for path in named}  # noqa: PTH118
    return tuple(found)


def temp_paths(folders: Sequence[str], account: Account | None) -> tuple[PathSeen, ...]:
    """The same, walked as the workers."""
    return tuple(walk(path, account, "w") for path in folders)


def conf_files(conf: str, tree: Directive | None) -> tuple[PathSeen, ...]:
    """The files the configuration consists of, its own first."""
    named = dict.fromkeys([conf, *(sorted({entry.file for entry in _all(tree)}) if tree else ())])
    return tuple(walk(path, None, "r") for path in list(named)[:_MOST_FILES] if path.startswith("/"))


def _all(block: Directive) -> Iterator[Directive]:
    for entry in block.block or ():
        yield entry
        yield from _all(entry)


def unread(conf: str, known: Sequence[PathSeen]) -> tuple[str, ...]:
    """Files with a server in the folders for sites beside `conf` that are none of those it consists of."""
    read = {os.path.realpath(seen.path) for seen in known}
    found = []
    for shelf in _SHELVES:
        folder = Path(os.path.normpath(Path(conf).parent / shelf))
        for name in _names(folder):
            path = str(folder / name)
            if os.path.realpath(path) not in read and "server_name" in (files.read_text(Path(path)) or "")[:_HEAD_BYTES]:
                found.append(path)
    return tuple(dict.fromkeys(found))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())[:_MOST_FILES]
    except OSError:
        return []


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
    return (*folders, *pid, *(path for path, _ in logs), *sockets)
