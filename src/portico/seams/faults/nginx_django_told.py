"""What the application is told of a request: Host and scheme, after every server of this nginx that it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urljoin, urlsplit

from portico.hops.nginx.listens import listens
from portico.hops.nginx.passes import backends
from portico.hops.nginx.route import route as find_route
from portico.hops.nginx.server_choice import bare_host
from portico.hops.nginx.uri import normalise, split
from portico.hops.nginx.variables import Scope
from portico.model.directive import Directive
from portico.model.evidence import Evidence
from portico.model.seen import Route, Visit
from portico.seams.faults.static_seen import django

_MOST_SERVERS = 4
_USUAL = {"http": 80, "https": 443}
_PROTO, _SSL, _FORWARDED_HOST = "x-forwarded-proto", "x-forwarded-ssl", "x-forwarded-host"


def taken_apart(url: str, base: str = "") -> SplitResult:
    """The parts of a URL that somebody else wrote, relative to `base`; empty ones where it is none."""
    try:
        return urlsplit(urljoin(base, url) if base else url)
    except ValueError:
        return urlsplit("")


@dataclass(frozen=True)
class Told:
    """`host` is the Host header that arrives, `scheme` what the server makes of the request (`http`, `https`); empty where
    the configuration alone does not tell. `host_by` and `scheme_by` are the directives that decide them, None where it is
    the client or what stands in front of nginx. `named_by_upstream`: nobody sets Host, so it is the name of what is passed
    to. `headers` are those that arrive, in small letters, as far as they are known; `routes` lead through this nginx, the
    last of them to the application."""

    host: str
    scheme: str
    routes: tuple[Route, ...]
    headers: Mapping[str, str]
    host_by: Directive | None = None
    scheme_by: Directive | None = None
    named_by_upstream: bool = False

    @property
    def last(self) -> Route:
        return self.routes[-1]


def scheme_of(evidence: Evidence, visit: Visit) -> str:
    """What the client spoke."""
    asked = urlsplit(evidence.url).scheme
    if asked in _USUAL:
        return asked
    port = visit.exchange.address.rpartition(":")[2]
    found = listens(evidence.nginx.tree) if evidence.nginx.tree else ()
    speaks_tls = any(one.ssl and str(one.port) == port for one in found)
    return "https" if speaks_tls else "http"


def told(evidence: Evidence, visit: Visit) -> Told | None:
    """None where the request does not reach an application by uwsgi_pass or proxy_pass."""
    tree = evidence.nginx.tree
    if tree is None or visit.route is None:
        return None
    scheme, port = scheme_of(evidence, visit), visit.exchange.address.rpartition(":")[2]
    here = Told(visit.exchange.host, scheme, (visit.route,), {"host": visit.exchange.host})
    for _ in range(_MOST_SERVERS):
        scope = _scope(here, scheme, port, visit)
        if here.last.action == "uwsgi":
            return _by_uwsgi(here, scope)
        if here.last.action != "proxy" or here.last.directive is None:
            return None
        here, own = _by_proxy(evidence, here, scope), _own_address(evidence, here.last)
        if not own:
            return here
        host, scheme = here.host, "http"
        address, _, port = own.rpartition(":")
        way = find_route(tree, scheme, address.strip("[]"), int(port), host, visit.exchange.path, headers=here.headers)
        here = replace(here, routes=(*here.routes, way))
    return None


def _scope(here: Told, scheme: str, port: str, visit: Visit) -> Scope:
    route = here.last
    first = next((name for one in (route.server.all("server_name") if route.server else ()) for name in one.args), "")
    asked_port = port_of(here.host)
    path, args = split(visit.exchange.path)
    known = {
        "host": bare_host(here.host) or first,
        "http_host": here.host,
        "server_name": first,
        "server_port": port,
        "scheme": scheme,
        "https": "on" if scheme == "https" else "",
        "request_uri": visit.exchange.path,
        "proxy_host": _target(route),
        "is_request_port": ":" if asked_port else "",
        "request_port": asked_port,
    }
    return Scope(route.chain[0] if route.chain else None, known, normalise(path) or path, args, here.headers)


def _target(route: Route) -> str:
    """`$proxy_host`: the name of the upstream, or host and port."""
    rest = route.target.partition("://")[2]
    return "localhost" if rest.startswith("unix:") else rest.partition("/")[0]


def _own_address(evidence: Evidence, route: Route) -> str:
    """The address of another server of this nginx that the pass leads to; empty for any other program."""
    tree = evidence.nginx.tree
    found = backends(tree, route.directive, "proxy") if tree and route.directive else ()
    address = found[0].address if found else ""
    name, _, port = address.rpartition(":")
    local = name in ("127.0.0.1", "localhost", "[::1]")
    for one in listens(tree) if tree and port.isdigit() else ():
        if one.port == int(port) and (one.address == address or (local and one.host in ("*", "::", name))):
            return f"127.0.0.1:{port}" if name == "localhost" else address
    return ""


def _by_proxy(evidence: Evidence, here: Told, scope: Scope) -> Told:
    """What proxy_pass hands on: the client's headers, Host and Connection apart, and those that are set."""
    given = {one.args[0].lower(): one for one in here.last.settings("proxy_set_header") if len(one.args) > 1}
    headers = {name: value for name, value in here.headers.items() if name != "host"}
    for name, one in given.items():
        value = scope.expand(one.args[1])
        if value:
            headers[name] = value
        else:
            headers.pop(name, None)
    host = given.get("host")
    value = (scope.expand(host.args[1]) or "") if host else _target(here.last)
    by = host if host and host.args[1] != "$http_host" else None
    scheme_by = given.get(_PROTO) or here.scheme_by
    return replace(
        here,
        host=value,
        scheme="https" if _says_https(headers) else "http",
        headers={**headers, "host": value},
        host_by=by if host else here.last.directive,
        scheme_by=scheme_by,
        named_by_upstream=host is None,
    )


def _says_https(headers: Mapping[str, str]) -> bool:
    """What uWSGI makes of the headers (core/protocol.c); its own HTTP socket does the same."""
    proto = headers.get(_PROTO, "").lower()
    return proto == "https" if proto else headers.get(_SSL, "").lower() in ("on", "1", "true")


def _by_uwsgi(here: Told, scope: Scope) -> Told:
    """What uwsgi_pass hands on: the parameters, then the client's headers that no parameter replaces."""
    given = {one.args[0]: one for one in here.last.settings("uwsgi_param") if len(one.args) > 1}
    values = {name: scope.expand(one.args[1]) for name, one in given.items()}
    headers = dict(here.headers)
    for name, value in values.items():
        if name.startswith("HTTP_"):
            headers[name.removeprefix("HTTP_").lower().replace("_", "-")] = value or ""
    host_by = given.get("HTTP_HOST")
    host = headers.get("host", "")
    told_scheme = values.get("UWSGI_SCHEME") or values.get("REQUEST_SCHEME") or ""
    by_params = told_scheme == "https" or (not told_scheme and values.get("HTTPS") == "on")
    forwarded = any(headers.get(name) for name in (_PROTO, _SSL))
    return replace(
        here,
        host=host,
        scheme="https" if (_says_https(headers) if forwarded else by_params) else "http",
        headers=headers,
        host_by=host_by if host_by and host_by.args[1] != "$http_host" else here.host_by,
        scheme_by=given.get("HTTP_X_FORWARDED_PROTO") or here.scheme_by,
        named_by_upstream=here.named_by_upstream and host_by is None,
    )


def django_host(evidence: Evidence, seen: Told) -> str:
    """The host that Django goes by (`HttpRequest.get_host`)."""
    forwarded = seen.headers.get(_FORWARDED_HOST, "")
    return forwarded if django(evidence).settings.get("USE_X_FORWARDED_HOST") and forwarded else seen.host


def django_scheme(evidence: Evidence, seen: Told) -> str:
    """The scheme that Django goes by (`HttpRequest.scheme`)."""
    trusted = tuple(django(evidence).settings.get("SECURE_PROXY_SSL_HEADER") or ())
    if len(trusted) == 2 and str(trusted[0]).startswith("HTTP_"):
        value = seen.headers.get(str(trusted[0]).removeprefix("HTTP_").lower().replace("_", "-"))
        if value is not None:
            return "https" if value.partition(",")[0].strip() == trusted[1] else "http"
    return seen.scheme


def without_port(host: str) -> str:
    """The name of a Host header, as Django and browsers compare it."""
    return bare_host(host)


def port_of(host: str) -> str:
    """Its port; empty without one."""
    _, colon, port = host.rpartition(":")
    return port if colon and port.isdigit() else ""


def usual_port(scheme: str) -> str:
    return str(_USUAL.get(scheme, 80))
