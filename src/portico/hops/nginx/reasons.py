"""Why nginx takes a request where it does, in words, and the arithmetic of a static file. Pure.

https://nginx.org/en/docs/http/request_processing.html, https://nginx.org/en/docs/http/ngx_http_core_module.html#location
"""

from __future__ import annotations

from dataclasses import dataclass

from portico.hops.nginx.file_paths import root_of
from portico.hops.nginx.locations import CannotTell, parts
from portico.hops.nginx.rewrites import run
from portico.hops.nginx.server_choice import bare_host
from portico.hops.nginx.uri import normalise, split
from portico.hops.nginx.variables import Scope
from portico.model.directive import Directive
from portico.model.seen import Route

#: `add_header` without `always` is for these only (https://nginx.org/en/docs/http/ngx_http_headers_module.html).
_ADDED_TO = (200, 201, 204, 206, 301, 302, 303, 304, 307, 308)
_CACHE = ("cache-control", "expires")


@dataclass(frozen=True)
class Arithmetic:
    """`file` is `alias` and then what `rest` leaves of the path behind `prefix`; with `root` the prefix is empty."""

    file: str
    prefix: str
    rest: str
    alias: str


def server_names(route: Route) -> tuple[str, ...]:
    """The names of the server that answers."""
    return tuple(name for entry in route.server.all("server_name") for name in entry.args) if route.server else ()


def server_why(route: Route, host: str) -> str:
    """Why that server: `host` is the Host header, or what nginx logs as `$host`."""
    if route.server is None:
        return "no server of this configuration listens there"
    name = bare_host(host)
    if route.by_default:
        return f"no server_name matches {name or 'a request without Host'}, so the default server of this address answers"
    if name in server_names(route):
        return f"its server_name is {name}"
    return f"its server_name matches {name}"


def target_of(route: Route) -> str:
    """Where it goes, as one writes it; of the two ways to the application (see `trace_map`) the one of every request."""
    return "portico_app" if route.target == "$portico_backend" else route.target


def location_match(location: Directive) -> str:
    """Modifier and name as one writes them: `^~ /static/`."""
    return " ".join(location.args)


def location_why(location: Directive) -> str:
    """Why nginx takes that location before the others."""
    modifier, name = parts(location)
    if modifier == "=":
        return f"the path is exactly {name}"
    if modifier == "^~":
        return f"{name} is the longest prefix of the path, and ^~ keeps regular expressions from taking it over"
    if modifier in ("~", "~*"):
        return f"the path matches this regular expression{', in capitals or not' if modifier == '~*' else ''}"
    if modifier == "@":
        return "it has a name, by which another location hands requests to it"
    if name == "/":
        return "every path begins with /, and no other location fits better"
    return f"{name} is the longest prefix of the path, and no regular expression matches"


def arithmetic(route: Route, path: str) -> Arithmetic | None:
    """How the path of the request line becomes the file that the route leads to; None where it leads to none."""
    if route.action != "file" or not route.target:
        return None
    setting, block = root_of(route.chain)
    uri = normalise(split(path)[0]) or ""
    if setting is None:
        return Arithmetic(route.target, "", uri, route.target.removesuffix(uri))
    modifier, name = parts(block) if block and block.name == "location" else ("", "")
    if setting.name == "root" or modifier in ("~", "~*"):
        return Arithmetic(route.target, "", uri, setting.args[0])
    return Arithmetic(route.target, name, uri[len(name) :], setting.args[0])


def cache_headers(route: Route, path: str, status: int) -> tuple[tuple[str, str], ...]:
    """The cache headers that nginx itself adds to an answer with that status, as far as their variables are known."""
    target, args = split(path)
    http = route.chain[0] if route.chain else None
    scope = Scope(http, {"request_uri": path}, normalise(target) or "", args, None)
    try:
        for block in route.chain[1:]:
            run(block, scope)
    except CannotTell:
        return ()
    found = []
    for entry in route.settings("add_header"):
        if len(entry.args) < 2 or entry.args[0].lower() not in _CACHE:
            continue
        value = scope.expand(entry.args[1])
        if value and (status in _ADDED_TO or "always" in entry.args[2:]):
            found.append((entry.args[0], value))
    return tuple(found)
