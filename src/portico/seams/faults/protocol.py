"""Whether nginx and what listens there speak the same protocol: both are tried, so a silent 4 seconds is told from a
crash."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.passes import params
from portico.hops.uwsgi.options import sockets
from portico.model.evidence import BackendSeen, Evidence, UwsgiSeen
from portico.model.finding import Finding, Kind
from portico.model.log import Event
from portico.model.remedy import InsertLine, Remedy
from portico.seams.faults import protocol_kinds as kinds
from portico.seams.faults.reload import reload_step

#: Bytes 2 and 3 of a line of HTTP, read as a size: GET, POST, HEAD, PUT, OPTIONS, DELETE, PATCH.
HTTP_SIZES = frozenset({"21573", "21327", "16709", "21589", "21584", "19525", "21569"})
_TLS_RECORD = "22"


def spoken(evidence: Evidence) -> Iterator[Finding]:
    """Each backend against what really answers there."""
    for backend in evidence.backends:
        if backend.protocol == "uwsgi" and _http_only(evidence, backend):
            yield _pass_to_http(evidence, backend)
        elif backend.protocol in ("http", "https") and _uwsgi_only(evidence, backend):
            yield _http_to_uwsgi(evidence, backend)


def _instance(evidence: Evidence, backend: BackendSeen) -> UwsgiSeen | None:
    return evidence.uwsgi[backend.instance] if backend.instance is not None else None


def _socket_kind(evidence: Evidence, backend: BackendSeen) -> tuple[str, str]:
    """How uWSGI was told to listen there, and where that is written; empty when it was not seen."""
    instance = _instance(evidence, backend)
    for kind, address, option in sockets(instance.options) if instance else ():
        same = address == backend.address or address.rpartition(":")[2] == backend.address.rpartition(":")[2]
        if same and kind != "stats":
            return kind, f"{option.where}: {option.name} = {option.value}"
    return "", ""


def _http_only(evidence: Evidence, backend: BackendSeen) -> bool:
    """It answered HTTP and not the uwsgi protocol; or it was seen to be told so and answered neither."""
    if backend.uwsgi is None or backend.uwsgi.status or backend.uwsgi.stage == "connect":
        return False
    if backend.http is not None and backend.http.status:
        return True
    return _socket_kind(evidence, backend)[0] in ("http-socket", "http11-socket", "http")


def _uwsgi_only(evidence: Evidence, backend: BackendSeen) -> bool:
    if backend.http is None or backend.http.status or backend.http.stage == "connect":
        return False
    if backend.uwsgi is not None and backend.uwsgi.status:
        return True
    return _socket_kind(evidence, backend)[0] in ("socket", "uwsgi-socket")


def _pass_to_http(evidence: Evidence, backend: BackendSeen) -> Finding:
    kind_of_socket, where = _socket_kind(evidence, backend)
    port = backend.address
    if backend.processes and backend.instance is None and not kind_of_socket:
        kind: Kind = kinds.PASS_TO_OTHER
        who, fix = (
            backend.processes[0].line,
            [f"proxy_pass http://{port};   # in {backend.directive.where}, instead of uwsgi_pass"],
        )
    elif kind_of_socket == "http":
        kind, who = kinds.PASS_TO_HTTP_ROUTER, "uWSGI's HTTP router"
        fix = [f"socket = {port}   # instead of `http`, at {where.partition(': ')[0]}; then restart uWSGI"]
    else:
        kind, who = kinds.PASS_TO_HTTP_SOCKET, "uWSGI's http-socket"
        fix = [f"socket = {port}   # instead of `{kind_of_socket or 'http-socket'}`; then restart uWSGI"]
    return kind.found(
        cause=f"{backend.directive.name} sends the uwsgi protocol to {port}, where {who} expects HTTP",
        evidence=[
            f"{backend.directive.where}: {backend.directive.text}",
            *([where] if where else []),
            *[exchange.line for exchange in (backend.uwsgi, backend.http) if exchange],
        ],
        fix=fix,
        basis="request",
    )


def _http_to_uwsgi(evidence: Evidence, backend: BackendSeen) -> Finding:
    where = _socket_kind(evidence, backend)[1]
    kind = kinds.TLS_TO_UWSGI if backend.protocol == "https" else kinds.PROXY_TO_UWSGI
    name = "TLS" if backend.protocol == "https" else "HTTP"
    sizes = [event.text for event in _blocks(evidence) if event.data.get("size") in HTTP_SIZES]
    return kind.found(
        cause=f"{backend.directive.name} speaks {name} to {backend.address}, where uWSGI expects its own protocol",
        evidence=[
            f"{backend.directive.where}: {backend.directive.text}",
            *([where] if where else []),
            *[exchange.line for exchange in (backend.http, backend.uwsgi) if exchange],
            *sizes[-1:],
        ],
        fix=[f"include uwsgi_params; uwsgi_pass {backend.address};   # in {backend.directive.where}, instead of proxy_pass"],
        basis="request",
    )


def _blocks(evidence: Evidence) -> list[Event]:
    return [event for seen in evidence.uwsgi for event in seen.saw("block-size")]


def without_nginx(evidence: Evidence) -> Iterator[Finding]:
    """The URL itself is uWSGI's own port, or a client tried that lately."""
    visit = evidence.visit
    holders = [process for process in evidence.front_processes if "uwsgi" in " ".join(process.command)]
    speaks = any(kind in ("socket", "uwsgi-socket") for seen in evidence.uwsgi for kind, _, _ in sockets(seen.options))
    direct = visit is not None and not visit.exchange.status and visit.exchange.stage != "connect" and bool(holders)
    modifiers = [
        event for seen in evidence.uwsgi for event in seen.saw("modifier") if event.data.get("number") == _TLS_RECORD
    ]
    proxied = any(backend.protocol in ("http", "https") for backend in evidence.backends)
    if modifiers and not proxied:
        yield kinds.TLS_TO_UWSGI.found(
            cause="a client spoke TLS to the port where uWSGI expects its own protocol",
            evidence=[modifiers[-1].text, *([visit.exchange.line] if visit else [])],
            fix=["use the address nginx listens on; for https let nginx end TLS: listen 443 ssl"],
            basis="request" if direct else "log",
        )
    elif direct and visit and speaks:
        yield kinds.BROWSER_TO_UWSGI.found(
            cause=f"{visit.exchange.address} is uWSGI's `socket`: it expects nginx, not a browser",
            evidence=[visit.exchange.line, holders[0].line, *[event.text for event in _blocks(evidence)][-1:]],
            fix=["open the address nginx listens on", "to try without nginx: http-socket instead of socket"],
            basis="request",
        )


def parameters(evidence: Evidence) -> Iterator[Finding]:
    """Whether the request's method and path are passed on."""
    visit = evidence.visit
    route = visit.route if visit else None
    if not route or route.action != "uwsgi" or not evidence.nginx.tree or not route.directive:
        return
    given = params(route, evidence.nginx.tree)
    if "REQUEST_METHOD" in given:
        foreign = [one for one in route.settings("proxy_set_header") if one.file == route.directive.file]
        if foreign and (foreign[0] in (route.location.block or ()) if route.location else False):
            yield kinds.DEAD_PROXY_HEADER.found(
                cause=f"{foreign[0].text} stands beside uwsgi_pass, which does not read it",
                evidence=[f"{one.where}: {one.text}" for one in foreign[:3]],
                fix=[f"uwsgi_param {_as_variable(one.args)};" for one in foreign[:3] if len(one.args) == 2],
            )
        return
    lost = [found for block in route.chain for found in block.all("uwsgi_param") if found.args[:1] == ("REQUEST_METHOD",)]
    if not lost and any("params" in problem for problem in evidence.nginx.parse_errors):
        # An include that is not here may have them.
        return
    other = route.settings("fastcgi_param") or route.settings("scgi_param")
    kind = kinds.LOST_PARAMS if lost else kinds.OTHER_PARAMS if other else kinds.NO_PARAMS
    own = next(iter(route.settings("uwsgi_param")), None)
    lines = [event.text for seen in evidence.uwsgi for event in seen.saw("request") if event.data.get("vars") == "6"]
    evidence_rows = [f"{route.directive.where}: {route.directive.text}"]
    evidence_rows += [f"{lost[0].where}: set here, in an outer block"] if lost else []
    evidence_rows += [f"{own.where}: {own.text}"] if lost and own else []
    evidence_rows += [f"{other[0].where}: {other[0].name}"] if other and not lost else []
    yield kind.found(
        cause="no uwsgi_param for REQUEST_METHOD is in force where uwsgi_pass is: uWSGI is not told what was asked",
        evidence=[*evidence_rows, *lines[-1:]],
        fix=[f"include uwsgi_params;   # in the block of {route.directive.where}, then nginx -s reload"],
        basis="request",
        remedy=_include(evidence, route.directive.file, route.directive.line, lost[0].file if lost else ""),
    )


def _as_variable(args: tuple[str, ...]) -> str:
    return f"HTTP_{args[0].upper().replace('-', '_')} {args[1]}"


def _include(evidence: Evidence, file: str, line: int, known: str) -> Remedy | None:
    """Include the file that is included elsewhere, or the distribution's."""
    path = known if known and known != file else "/etc/nginx/uwsgi_params" if "/etc/nginx" in file else ""
    if not path:
        return None
    edit = InsertLine(file, line - 1, f"        include {path};")
    return Remedy(f"insert `include {path};` before {file}:{line} and reload nginx", (edit, *reload_step(evidence)))


def kept_alive(evidence: Evidence) -> Iterator[Finding]:
    """Connections kept open to a server that closes them."""
    for backend in evidence.backends:
        kind, where = _socket_kind(evidence, backend)
        upstreams = list(evidence.nginx.tree.deep("upstream")) if evidence.nginx.tree else []
        keep = next((one.first("keepalive") for one in upstreams if one.args == (backend.upstream,)), None)
        if backend.protocol != "http" or not keep or kind != "http-socket":
            continue
        lines = [e.line for e in evidence.nginx.errors if e.errno == 104 or "prematurely closed" in e.message]
        if lines:
            yield kinds.KEEPALIVE.found(
                cause=f"{keep.text} at {keep.where} keeps connections that uWSGI's http-socket closes after each answer",
                evidence=[f"{keep.where}: {keep.text}", where, f"{len(lines)} such lines lately, the last: {lines[-1]}"],
                fix=[f"remove `keepalive` at {keep.where}", "or uwsgi_pass to a `socket`, which needs no keepalive"],
                basis="log",
            )


def chunked(evidence: Evidence) -> Iterator[Finding]:
    """uWSGI as the HTTP server of browsers."""
    passed = {backend.address for backend in evidence.backends}
    for seen in evidence.uwsgi:
        for kind, address, option in sockets(seen.options):
            if (
                kind in ("http-socket", "http11-socket", "http")
                and address not in passed
                and seen.master
                and not evidence.managed
            ):
                yield kinds.CHUNKED.found(
                    cause=f"clients reach uWSGI's {kind} at {address} without nginx in between",
                    evidence=[f"{option.where}: {option.name} = {option.value}"],
                    fix=[f"socket = {address}   # and nginx in front with uwsgi_pass"],
                    basis="state",
                )


RULES = (spoken, without_nginx, parameters, kept_alive, chunked)
