"""What the two files say to each other, where nothing was asked: for files that do not run here, and for those that agree on
an address but not on what goes over it."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.uwsgi.options import sockets
from portico.model.directive import Directive, Option
from portico.model.evidence import BackendSeen, Evidence, Route, UwsgiSeen
from portico.model.finding import Finding
from portico.model.units import duration_s, size_bytes
from portico.seams import nginx_uwsgi
from portico.seams.faults import protocol_kinds, socket_kinds
from portico.seams.faults.socket import reachable

_HTTP = {"http-socket": protocol_kinds.PASS_TO_HTTP_SOCKET, "http11-socket": protocol_kinds.PASS_TO_HTTP_SOCKET}
_HTTP |= {"http": protocol_kinds.PASS_TO_HTTP_ROUTER}
_SERVED = (*_HTTP, "socket", "uwsgi-socket")
#: nginx's defaults: uwsgi_read_timeout in seconds, client_max_body_size in bytes.
_READ_TIMEOUT_S = 60
_BODY_BYTES = 1 << 20
_BUFFER_BYTES = 4096


def _unasked(evidence: Evidence) -> Iterator[BackendSeen]:
    return (one for one in evidence.backends if one.uwsgi is None and one.http is None)


def _bound(evidence: Evidence) -> list[tuple[UwsgiSeen, str, str, Option]]:
    return [
        (seen, kind, address, option)
        for seen in evidence.uwsgi
        for kind, address, option in sockets(seen.options)
        if kind in _SERVED
    ]


def addresses(evidence: Evidence) -> Iterator[Finding]:
    """Each address nginx passes to, against those uWSGI is told to listen on."""
    bound = _bound(evidence)
    for backend in _unasked(evidence):
        here = f"{backend.directive.where}: {backend.directive.text}"
        same = [entry for entry in bound if _same(entry[2], backend.address)]
        if bound and not same:
            _, _, address, option = bound[0]
            yield socket_kinds.OTHER_SOCKET.found(
                cause=f"nginx connects to {backend.address}, uWSGI listens on {address}",
                evidence=[here, f"{option.where}: {option.name} = {option.value}"],
                fix=[f"write the same address in both: {backend.directive.name} {reachable(address)};"],
            )
        for _, kind, address, option in same[:1]:
            there = f"{option.where}: {option.name} = {option.value}"
            if backend.protocol == "uwsgi" and kind in _HTTP:
                yield _HTTP[kind].found(
                    cause=f"{backend.directive.name} sends the uwsgi protocol to {address}, where `{kind}` expects HTTP",
                    evidence=[here, there],
                    fix=[f"socket = {option.value}   # instead of {kind}"],
                )
            elif backend.protocol in ("http", "https") and kind not in _HTTP:
                yield protocol_kinds.PROXY_TO_UWSGI.found(
                    cause=f"{backend.directive.name} speaks HTTP to {address}, where `{kind}` expects the uwsgi protocol",
                    evidence=[here, there],
                    fix=[f"include uwsgi_params; uwsgi_pass {backend.address};   # instead of proxy_pass"],
                )


def _same(bound: str, passed: str) -> bool:
    """A wildcard listens on every address of its port."""
    if bound == passed:
        return True
    host, _, port = bound.rpartition(":")
    return host in ("0.0.0.0", "[::]", "") and port == passed.rpartition(":")[2] and not passed.startswith("unix:")  # noqa: S104


def patience(evidence: Evidence) -> Iterator[Finding]:
    """Who gives up first."""
    route = evidence.visit.route if evidence.visit else None
    seen = evidence.instance
    if not route or route.action != "uwsgi" or not seen or evidence.managed:
        return
    harakiri = seen.option("harakiri")
    limit = seen.number("harakiri")
    setting = route.setting("uwsgi_read_timeout")
    wait = _seconds(setting)
    if harakiri and limit and wait is not None and wait <= limit:
        yield nginx_uwsgi.IMPATIENT.found(
            cause=f"nginx waits {wait} s, uWSGI {limit} s",
            evidence=[_shown(setting, "uwsgi_read_timeout", f"{_READ_TIMEOUT_S}s"), f"{harakiri.where}: harakiri = {limit}"],
            fix=[f"uwsgi_read_timeout {limit + 5}s;   # in the location"],
        )


def buffers(evidence: Evidence) -> Iterator[Finding]:
    """How large a request's head may be on either side."""
    route = evidence.visit.route if evidence.visit else None
    seen = evidence.instance
    if not route or route.action != "uwsgi" or not seen or not seen.options or evidence.managed:
        return
    option = seen.option("buffer-size")
    size = seen.number("buffer-size", default=_BUFFER_BYTES)
    if size < nginx_uwsgi.NGINX_HEAD_BYTES:
        yield nginx_uwsgi.SMALL_BUFFER.found(
            cause=f"uWSGI takes {size} bytes, nginx lets {nginx_uwsgi.NGINX_HEAD_BYTES} through",
            evidence=[f"{option.where}: buffer-size = {size}" if option else f"buffer-size is not set: {size}"],
            fix=["buffer-size = 32768   # in uwsgi.ini"],
        )
    yield from _bodies(route, seen)


def _bodies(route: Route, seen: UwsgiSeen) -> Iterator[Finding]:
    option, setting = seen.option("limit-post"), route.setting("client_max_body_size")
    allowed = _bytes(setting)
    if option and allowed is not None and 0 < seen.number("limit-post") < (allowed or 1 << 62):
        yield nginx_uwsgi.BODY_LIMIT.found(
            cause=f"uWSGI takes bodies of up to {option.value} bytes, nginx lets {allowed or 'any number of'} bytes through",
            evidence=[f"{option.where}: limit-post = {option.value}", _shown(setting, "client_max_body_size", "1m")],
            fix=["remove limit-post: nginx's limit is answered with an honest 413"],
        )


def _shown(setting: Directive | None, name: str, default: str) -> str:
    return f"{setting.where}: {setting.text}" if setting else f"{name} is not set: {default}"


def _seconds(setting: Directive | None) -> int | None:
    if setting is None:
        return _READ_TIMEOUT_S
    try:
        return duration_s(setting.args[0])
    except (ValueError, IndexError):
        return None


def _bytes(setting: Directive | None) -> int | None:
    if setting is None:
        return _BODY_BYTES
    try:
        return size_bytes(setting.args[0])
    except (ValueError, IndexError):
        return None


RULES = (addresses, patience, buffers)
