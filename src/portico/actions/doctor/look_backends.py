"""What nginx passes requests to, looked at from both sides: the socket as nginx's workers see it, and what answers there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from portico.actions.doctor.look_nginx import worker
from portico.hops.nginx.passes import Backend, all_passes, backends
from portico.hops.uwsgi import packet
from portico.hops.uwsgi.probe import request_variables
from portico.model.directive import Directive
from portico.model.evidence import BackendSeen, Exchange, ListenerSeen, NginxSeen, UwsgiSeen, Visit
from portico.system.look import ask
from portico.system.look.paths import walk
from portico.system.look.processes import process
from portico.system.look.sockets import at

#: A uWSGI that is well answers a first byte sooner; one that is asked in the wrong protocol waits 4 s (its socket-timeout).
PROBE_S = 3.0
QUEUED_S = 1.0
_MOST = 8
_ACTIONS = ("uwsgi", "proxy", "fastcgi", "scgi", "grpc")


def named(nginx: NginxSeen, visits: Sequence[Visit]) -> tuple[Backend, ...]:
    """The backends of these requests first, then all others of the configuration; each address and protocol once."""
    if nginx.tree is None:
        return ()
    passes: list[tuple[Directive, str]] = [
        (one.route.directive, one.route.action)
        for one in visits
        if one.route and one.route.directive and one.route.action in _ACTIONS
    ]
    passes += all_passes(nginx.tree)
    found = [backend for directive, action in passes for backend in backends(nginx.tree, directive, action)]
    unique = {(backend.address, backend.protocol): backend for backend in reversed(found)}
    order = dict.fromkeys((backend.address, backend.protocol) for backend in found)
    return tuple(unique[key] for key in order)[:_MOST]


def look(nginx: NginxSeen, found: Sequence[Backend], listeners: Sequence[ListenerSeen]) -> tuple[BackendSeen, ...]:
    """Sockets, processes and folders; nothing is asked yet."""
    return tuple(_look(nginx, backend, listeners) for backend in found)


def _look(nginx: NginxSeen, backend: Backend, listeners: Sequence[ListenerSeen]) -> BackendSeen:
    there = at(listeners, backend.address)
    pids = sorted({pid for one in there for pid in one.pids})
    unix = backend.address.startswith("unix:")
    return BackendSeen(
        address=backend.address,
        protocol=backend.protocol,
        directive=backend.directive,
        upstream=backend.upstream,
        path=walk(backend.address.removeprefix("unix:"), worker(nginx), "w") if unix else None,
        listeners=tuple(there),
        processes=tuple(seen for pid in pids if (seen := process(pid))),
    )


def owned(backend: BackendSeen, instances: Sequence[UwsgiSeen]) -> BackendSeen:
    """With the instance that listens there."""
    pids = {one.pid for one in backend.processes}
    for number, seen in enumerate(instances):
        members = {one.pid for one in (seen.master, *seen.workers) if one}
        if members & pids:
            return replace(backend, instance=number)
    return backend


def asked(backend: BackendSeen, path: str, host: str, hangs: bool = False) -> BackendSeen:
    """With its answers: in the protocol nginx speaks to it, and where that fails, in the other one too. Where the site
    `hangs` and connections wait in the queue, ours would wait behind them in any protocol: it is asked once, and briefly."""
    if backend.protocol == "other":
        return backend
    queued = hangs and any(one.queue for one in backend.listeners)
    patience_s = QUEUED_S if queued else PROBE_S
    if backend.protocol == "uwsgi":
        said = _uwsgi(backend.address, path, host, patience_s)
        other = _http(backend.address, path, host, PROBE_S) if _is_silent(said) and not queued else None
        return replace(backend, uwsgi=said, http=other)
    said = _http(backend.address, path, host, patience_s)
    other = _uwsgi(backend.address, path, host, PROBE_S) if _is_silent(said) and not queued else None
    return replace(backend, http=said, uwsgi=other)


def _is_silent(said: Exchange) -> bool:
    return not said.status and said.stage != "connect"


def _uwsgi(address: str, path: str, host: str, patience_s: float) -> Exchange:
    variables = request_variables(host=host, path=path.partition("?")[0], request_id=uuid.uuid4().hex)
    variables["QUERY_STRING"] = path.partition("?")[2]
    variables["REQUEST_URI"] = path
    return ask.uwsgi(address, packet.encode(variables), "GET", path, host, patience_s)


def _http(address: str, path: str, host: str, patience_s: float) -> Exchange:
    headers = {"Host": host, "User-Agent": "portico-doctor"}
    if address.startswith("unix:"):
        return ask.http("http", address, 0, path, headers=headers, timeout_s=patience_s)
    name, _, port = address.rpartition(":")
    return ask.http("http", name.strip("[]"), int(port), path, headers=headers, timeout_s=patience_s)
