"""nginx and uWSGI meet at a socket, or they do not: judged from the socket as it is now, not from old lines of logs."""

from __future__ import annotations

import os
from collections.abc import Iterator

from portico.hops.uwsgi.options import sockets
from portico.model.evidence import BackendSeen, Evidence, PathSeen, UwsgiSeen
from portico.model.finding import Basis, Certainty, Finding, Kind
from portico.model.remedy import Chmod, Chown, PorticoUp, Remedy, Step
from portico.seams.faults import socket_kinds as kinds

#: What nginx takes of sun_path's 108 bytes, which end with a NUL (unix(7)).
_NGINX_PATH_BYTES = 107
_UWSGI = "socket", "uwsgi-socket", "http-socket", "http11-socket", "http"


def meeting(evidence: Evidence) -> Iterator[Finding]:
    """Every address nginx passes to: is there a listener, and may the workers connect?"""
    for backend in evidence.backends:
        if backend.address.startswith("unix:"):
            yield from _unix(evidence, backend)
        elif not backend.listeners and _refused(backend):
            yield from _nobody(evidence, backend)


def _refused(backend: BackendSeen) -> bool:
    asked = backend.uwsgi or backend.http
    return asked is not None and asked.stage == "connect" and not asked.status


def _basis(evidence: Evidence, backend: BackendSeen) -> Basis:
    """The backend of the request that just failed, or another one of the configuration."""
    visit = evidence.visit
    hit = visit is not None and visit.exchange.status in (502, 504) and backend is evidence.backend
    return "request" if hit else "state"


def _unix(evidence: Evidence, backend: BackendSeen) -> Iterator[Finding]:
    path = backend.path
    if path is None:
        return
    name = backend.address.removeprefix("unix:")
    if len(os.fsencode(name)) > _NGINX_PATH_BYTES:
        return
    if path.missing or (path.kind == "socket" and not backend.listeners and _refused(backend)):
        yield from _nobody(evidence, backend)
    elif path.closed == name or (path.closed and path.kind == "socket" and path.closed == path.symlink):
        yield from _closed(evidence, backend, path)
    elif path.closed:
        yield from _folder(evidence, backend, path)
    elif backend.listeners:
        yield from _unseen_by_nginx(evidence, backend)


def _nobody(evidence: Evidence, backend: BackendSeen) -> Iterator[Finding]:
    """There is no listener: it is elsewhere, dead, or was never started."""
    logged = [entry.line for entry in evidence.nginx.errors if backend.address.removeprefix("unix:") in entry.line][-1:]
    here = f"{backend.directive.where}: {backend.directive.text}"
    if own := next((seen for seen in evidence.uwsgi if seen.master and _is_told(seen, backend.address)), None):
        yield _not_there(evidence, backend, own, [here, *logged])
        return
    elsewhere = _listening_elsewhere(evidence, backend)
    if elsewhere:
        seen, address, where = elsewhere
        process = seen.master.line if seen.master else "uWSGI"
        yield kinds.OTHER_SOCKET.found(
            cause=f"nginx connects to {backend.address}, uWSGI listens on {address}",
            evidence=[here, f"{where}: {address}", process, *logged],
            fix=[
                f"write the same address in both: {backend.directive.name} {reachable(address)}; "
                f"in {backend.directive.where}",
                f"or socket = {backend.address.removeprefix('unix:')} in {where}",
                "then: nginx -s reload   # or restart uWSGI",
            ],
            basis=_basis(evidence, backend),
        )
        return
    path = backend.path
    kind, gone = _gone(backend)
    state = f"{path.mode} {path.owner} {path.group} {path.path}" if path and not path.missing else gone
    fix, remedy = _start(evidence)
    yield kind.found(
        cause=f"{gone}, and no uWSGI of this deployment runs" if not evidence.managed else f"{gone}: the instance has ended",
        evidence=[here, state, *logged],
        fix=fix,
        basis=_basis(evidence, backend),
        remedy=remedy,
    )


def _gone(backend: BackendSeen) -> tuple[Kind, str]:
    path = backend.path
    if path and path.missing:
        return kinds.NOT_RUNNING, f"{path.missing} does not exist"
    return kinds.STALE_SOCKET if path else kinds.TCP_REFUSED, f"nobody listens on {backend.address}"


def _not_there(evidence: Evidence, backend: BackendSeen, own: UwsgiSeen, rows: list[str]) -> Finding:
    """The uWSGI that is told to listen there runs: its socket was removed, or it has not come so far."""
    kind, gone = _gone(backend)
    process = own.master.line if own.master else ""
    if backend.listeners:
        return kind.found(
            title="uWSGI runs, and its socket was removed",
            cause=f"{gone}, and uWSGI listens on the socket that was there: something has removed its file",
            evidence=[process, *rows],
            fix=["stop uWSGI and start it: a reload keeps the socket that nobody can find any more"],
            basis=_basis(evidence, backend),
        )
    return kind.found(
        title="uWSGI runs, and does not listen there yet",
        cause=f"{gone}; the uWSGI that is told to listen there runs, and has not come so far",
        evidence=[process, *rows],
        fix=[
            "ask again in a moment: it listens before it loads the application",
            "else the end of its log says what it does",
        ],
        certainty="likely",
        basis=_basis(evidence, backend),
    )


def reachable(address: str) -> str:
    """Where a client on the same machine finds what listens there: a wildcard is no address to connect to (ip(7))."""
    host, colon, port = address.rpartition(":")
    wild = {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104
    return f"{wild.get(host, host)}:{port}" if colon and not address.startswith("unix:") else address


def _start(evidence: Evidence) -> tuple[list[str], Remedy | None]:
    if evidence.managed:
        return ["portico up"], Remedy("start what is missing: portico up", (PorticoUp(),))
    named = next((seen.files[0] for seen in evidence.uwsgi if seen.files), "")
    return [f"uwsgi --ini {named or '/path/to/uwsgi.ini'}   # and read its last lines if it ends at once", "ss -lxtnp"], None


def _listening_elsewhere(evidence: Evidence, backend: BackendSeen) -> tuple[UwsgiSeen, str, str] | None:
    """A running uWSGI of this deployment, where it listens instead, and where that is written."""
    taken = {other.address for other in evidence.backends if other.listeners}
    for seen in evidence.uwsgi:
        for address, where in _told(seen) if seen.master else ():
            if address not in (backend.address, *taken):
                return seen, address, where
    return None


def _told(seen: UwsgiSeen) -> list[tuple[str, str]]:
    """Where it listens or is to listen, and where that is written."""
    bound = [(address, option.where) for kind, address, option in sockets(seen.options) if kind in _UWSGI]
    return bound + [(event.data["address"], "its log") for event in seen.saw("socket-bound") if event.data.get("address")]


def _is_told(seen: UwsgiSeen, address: str) -> bool:
    return any(told == address for told, _ in _told(seen))


def _closed(evidence: Evidence, backend: BackendSeen, path: PathSeen) -> Iterator[Finding]:
    instance = evidence.uwsgi[backend.instance] if backend.instance is not None else None
    option = instance.option("chmod-socket") if instance else None
    group = evidence.nginx.worker_user or "www-data"
    ini = instance.files[0] if instance and instance.files else "uwsgi.ini"
    ours = evidence.managed and instance is not None
    steps: tuple[Step, ...] = (Chown(path.path, "", group), Chmod(path.path, 0o660))
    yield kinds.SOCKET_CLOSED.found(
        cause=f"nginx's workers ({path.account}) need write permission on {path.path}, which is {path.mode}",
        evidence=[
            f"{path.mode} {path.owner} {path.group} {path.path}",
            f"nginx's workers run as {path.account}",
            f"{option.where}: chmod-socket = {option.value}" if option else "no chmod-socket: the mode follows the umask",
            *[entry.line for entry in evidence.errors_of(13)][-1:],
        ],
        fix=[
            f"chown-socket = {path.owner}:{group}\nchmod-socket = 660   # in {ini}",
            f"now, until the next start: sudo chgrp {group} {path.path} && sudo chmod 660 {path.path}",
        ],
        basis=_basis(evidence, backend),
        remedy=Remedy("start the stack's sockets anew: portico up", (PorticoUp(),))
        if ours
        else Remedy(f"open the socket for nginx until uWSGI's next start: group {group}, mode 660, {path.path}", steps),
    )


def _folder(evidence: Evidence, backend: BackendSeen, path: PathSeen) -> Iterator[Finding]:
    yield kinds.SOCKET_FOLDER.found(
        cause=f"nginx's workers ({path.account}) may not enter {path.closed} on the way to {path.path}",
        evidence=[
            f"{path.closed_mode} {path.closed}",
            *([f"{path.mode} {path.path}"] if path.mode else []),
            *[entry.line for entry in evidence.errors_of(13)][-1:],
        ],
        fix=[
            "put the socket where both may go, for example /run/site/app.sock, in uwsgi.ini and in nginx's uwsgi_pass",
            f"or let others pass through: chmod o+x {path.closed}   # not for /root or a home folder with secrets",
            f"namei -l {path.path}",
        ],
        basis=_basis(evidence, backend),
    )


def _unseen_by_nginx(evidence: Evidence, backend: BackendSeen) -> Iterator[Finding]:
    """It listens and we may connect, but nginx's last tries say otherwise."""
    visit = evidence.visit
    if visit and not visit.failing and backend is evidence.backend:
        # The log has whole seconds: a line of this one may be older than what was mended since.
        return
    since = int(visit.exchange.began_s) if visit else int(evidence.now_s)
    name = backend.address.removeprefix("unix:")
    recent = [entry for entry in evidence.nginx.errors if entry.time_s >= since and name in entry.message]
    apart = [one for one in (*evidence.nginx.masters[:1], *backend.processes[:1]) if one.private_mounts]
    for entry in recent[-1:]:
        if entry.errno == 2:
            yield kinds.OTHER_MOUNTS.found(
                cause=f"{name} exists, but nginx does not find it: one of the two lives in another mount namespace",
                evidence=[entry.line, *(f"another mount namespace: {one.line}" for one in apart)],
                fix=["put the socket under /run: RuntimeDirectory=site in uWSGI's unit, socket = /run/site/app.sock"],
                certainty="certain" if apart else "likely",
                basis="request",
            )
        elif entry.errno == 13:
            certainty: Certainty = "certain" if evidence.machine.selinux == "enforcing" else "likely"
            yield kinds.MAC_DENIES.found(
                cause=f"mode and owner of {name} permit it, but the kernel's policy refuses nginx",
                evidence=[entry.line, f"security module: {evidence.machine.selinux or 'none seen'}"],
                fix=["sudo ausearch -m avc -ts recent", "put the socket under /run, or add a rule for it"],
                certainty=certainty,
                basis="request",
            )


def too_long(evidence: Evidence) -> Iterator[Finding]:
    """A path that does not fit, in either file."""
    for backend in evidence.backends:
        name = backend.address.removeprefix("unix:")
        if backend.address.startswith("unix:") and len(os.fsencode(name)) > _NGINX_PATH_BYTES:
            yield _long(name, f"{backend.directive.where}: {backend.directive.text}")
    for seen in evidence.uwsgi:
        for event in seen.saw("invalid-socket-name"):
            bound = [(address, option) for _, address, option in sockets(seen.options) if address.startswith("unix:")]
            name, where = (bound[0][0].removeprefix("unix:"), bound[0][1].where) if bound else ("the socket", "uWSGI's log")
            yield _long(name, f"{where}: {event.text}")


def _long(name: str, seen: str) -> Finding:
    size = f"has {len(os.fsencode(name))} bytes" if name.startswith("/") else "is too long"
    return kinds.PATH_TOO_LONG.found(
        cause=f"{name} {size}; nginx takes {_NGINX_PATH_BYTES}, uWSGI 102",
        evidence=[seen],
        fix=["choose a short path in both files, for example /run/site/app.sock"],
        basis="configuration",
    )


def ipv6(evidence: Evidence) -> Iterator[Finding]:
    """`localhost` is two addresses, one of them dead."""
    for backend in evidence.backends:
        host, _, port = backend.address.rpartition(":")
        if host not in ("localhost", "ip6-localhost"):
            continue
        logged = [entry for entry in evidence.errors_of(111) if f"[::1]:{port}" in entry.upstream]
        alive = any(not one.address.startswith("[::") for one in backend.listeners)
        if logged and alive:
            yield kinds.IPV6_FIRST.found(
                cause=f"{host} is also ::1 here, and uWSGI listens only on {backend.listeners[0].address}",
                evidence=[f"{backend.directive.where}: {backend.directive.text}", logged[-1].line],
                fix=[f"{backend.directive.name} 127.0.0.1:{port};   # in {backend.directive.where}, then nginx -s reload"],
                basis="log",
            )


RULES = (meeting, too_long, ipv6)
