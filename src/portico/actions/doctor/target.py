"""Which deployment to look at: a stack of Portico's, files that somebody wrote by hand, or what listens at the URL."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from portico.actions import state
from portico.actions.doctor.discover import hand_written
from portico.actions.options import find_places
from portico.hops.nginx.listens import listens
from portico.hops.nginx.tree import tree
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.seen import ProcessSeen
from portico.system import nginx_conf
from portico.system.look.paths import real
from portico.system.look.processes import nginx_argv, nginx_processes
from portico.system.look.sockets import at, listeners

#: A websocket begins as a request of HTTP (RFC 6455, 3).
_WEBSOCKET = re.compile(r"^ws(s?://)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

BAD_URL = Kind(
    "config.E021",
    "config",
    "The URL cannot be understood",
    "The doctor makes a real request, and needs to know to where.",
    source="https://www.rfc-editor.org/rfc/rfc9110#section-4.2",
    shows="`portico doctor` ends at once with exit status 2.",
    example="portico doctor localhost:8000/admin",
    cure="Write the whole URL, with `http://` or `https://`, or only a path that begins with `/`.",
)


@dataclass(frozen=True)
class Asked:
    """What the command line said. `since_s` is how many seconds back logs count."""

    project: Path
    url: str = ""
    nginx: str = ""
    uwsgi: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    python: str = ""
    recent: bool = False
    since_s: float = 900.0


@dataclass(frozen=True)
class Target:
    """What to look at. `url` is absolute or empty (then the first address of the configuration is taken, with `path`).
    `conf`
    is nginx's configuration, `prefix` the folder its relative paths start from; `uwsgi` are files of uWSGI; `logs` further
    logs of uWSGI. `plan` is the kept plan of a stack of Portico's."""

    asked: Asked
    url: str
    path: str
    conf: str = ""
    prefix: str = ""
    binary: str = ""
    uwsgi: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    plan: Mapping[str, Any] | None = None

    @property
    def managed(self) -> bool:
        return self.plan is not None


def find(asked: Asked) -> Target:
    """The deployment. Files named on the command line come first, then Portico's own stack, then what listens at the URL,
    then files in the folder. A target without `conf` and `uwsgi` means that nothing was found. Raises PorticoError for a
    URL that is none or a file that is not there."""
    target = _with_url(asked)
    if asked.nginx or asked.uwsgi:
        return _named(target)
    managed = _managed(target)
    if managed and (not target.url or _is_at(managed, target.url)):
        return managed
    if target.url and (serving := _listening(target)):
        return serving
    if managed:
        return managed
    found = hand_written(asked.project)
    return replace(target, conf=found.conf, uwsgi=found.uwsgi, logs=(*target.logs, *found.logs))


def _with_url(asked: Asked) -> Target:
    path_only = not asked.url or asked.url.startswith("/")
    url = f"http://localhost{asked.url}" if path_only else _WEBSOCKET.sub(r"http\1", asked.url.strip())
    if not _is_good(url):
        plain = _CONTROL.sub(lambda found: quote(found[0]), asked.url)
        raise PorticoError(
            BAD_URL.found(
                cause=f"{asked.url!r} is no http:// or https:// URL",
                evidence=[plain],
                fix=[f"portico doctor {plain if path_only else 'http://' + (plain.partition('://')[2] or plain)}"],
            ),
            Exit.USAGE,
        )
    if path_only:
        return Target(asked, "", asked.url or "/", logs=_existing(asked.logs))
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(asked, url, path, logs=_existing(asked.logs))


def _is_good(url: str) -> bool:
    """Whether it can be asked for as it stands: what has a line feed in it, a browser would take for something else, and a
    backslash before the host for its end."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and "\\" not in parts.netloc and not _CONTROL.search(url)


def _existing(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Links stay: one to /dev/stdout is a log that cannot be read again, not ours."""
    return tuple(os.path.abspath(path) for path in paths if path)  # noqa: PTH100


def _named(target: Target) -> Target:
    conf = real(target.asked.nginx, os.getcwd()) if target.asked.nginx else ""  # noqa: PTH109
    files = tuple(real(path, os.getcwd()) for path in target.asked.uwsgi)  # noqa: PTH109
    master = _master_of(conf)
    prefix = nginx_argv(master)[1] if master else ""
    return replace(target, conf=conf, uwsgi=files, prefix=prefix, binary=(master and master.exe) or "")


def _master_of(conf: str) -> ProcessSeen | None:
    """The running nginx that was started with that file."""
    masters, _ = nginx_processes()
    return next((master for master in masters if conf and _conf_of(master) == conf), None)


def _conf_of(master: ProcessSeen) -> str:
    """The file that an nginx was started with, as it says; empty where that is the one compiled in."""
    conf, prefix, _ = nginx_argv(master)
    return real(conf, prefix or master.cwd or "/") if conf else ""


def _managed(target: Target) -> Target | None:
    where = find_places(target.asked.project)
    known = state.read(where)
    if known is None:
        return None
    folder = where.release_dir(known.release)
    nginx = known.plan["nginx"]
    return replace(
        target,
        conf=str(where.state / "conf" / "nginx.conf") if nginx else "",
        prefix=known.plan["paths"]["state"],
        binary=nginx["binary"]["path"] if nginx else "",
        uwsgi=tuple(str(path) for path in sorted(folder.glob("uwsgi*.ini"))),
        logs=(*target.logs, known.plan["uwsgi"]["log"]),
        plan=known.plan,
    )


def _is_at(managed: Target, url: str) -> bool:
    listen = (managed.plan or {})["listen"]
    parts = urlsplit(url)
    return bool((parts.port or {"https": 443}.get(parts.scheme, 80)) == listen["port"])


def _listening(target: Target) -> Target | None:
    """The configuration of the nginx that holds the URL's port; where the kernel does not show who holds it, of the one
    whose configuration names it."""
    parts = urlsplit(target.url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    there = listeners()
    found = at(there, f"[{parts.hostname}]:{port}") or at(there, f"127.0.0.1:{port}")
    pids = {pid for one in found for pid in one.pids}
    masters, workers = nginx_processes()
    holders = {process.ppid for process in workers if process.pid in pids} | pids
    hidden = bool(found) and not pids
    for master in masters:
        if master.pid in holders or (hidden and port in _ports(master)):
            return replace(target, conf=_conf_of(master), prefix=nginx_argv(master)[1], binary=master.exe or "")
    return None


def _ports(master: ProcessSeen) -> frozenset[int]:
    """The ports that the configuration of an nginx names, as far as it may be read."""
    conf = _conf_of(master)
    parsed = tree(nginx_conf.read(Path(conf)), conf)[0] if conf else None
    return frozenset(entry.port for entry in listens(parsed, master.user == "root")) if parsed else frozenset()
