"""The record of a traced request's way through nginx: what came in, where nginx took it and why, what went out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portico.hops.nginx.reasons import (
    arithmetic,
    cache_headers,
    location_match,
    location_why,
    server_names,
    server_why,
    target_of,
)
from portico.model.directive import Directive
from portico.model.headers import Headers, compare
from portico.model.seen import Route

#: What nginx may compress an answer with (RFC 9110, 8.4.1).
_CODINGS = ("gzip", "br", "deflate", "zstd")


def way(route: Route | None, host: str, path: str, status: int) -> dict[str, Any]:
    """Keys `server`, `location`, `action`, `target` and `static` (without what lies at the file's path)."""
    if route is None or route.server is None:
        return {"server": None, "location": None, "action": "unknown", "target": "", "static": None}
    location = route.location
    sum_ = arithmetic(route, path)
    return {
        "server": {"names": list(server_names(route)), "where": short(route.server), "why": server_why(route, host)},
        "location": location
        and {"match": location_match(location), "where": short(location), "why": location_why(location)},
        "action": route.action if route.action in ("uwsgi", "file", "return") else "unknown",
        "target": target_of(route),
        "static": sum_
        and {
            "file": sum_.file,
            "prefix": sum_.prefix,
            "rest": sum_.rest,
            "alias": sum_.alias,
            "cache": [list(pair) for pair in cache_headers(route, path, status)],
        },
    }


def with_file(static: dict[str, Any], seen: tuple[int, float] | None) -> dict[str, Any]:
    """`static` of `way` with what lies at its path: bytes and epoch seconds of the last change; None: nothing."""
    size, modified = seen or (None, None)
    return {**static, "exists": seen is not None, "bytes": size, "modified": modified}


def short(directive: Directive) -> str:
    """`nginx.conf:201`."""
    return directive.where.rpartition("/")[2]


def answer(upstream: Headers | None, upstream_bytes: int, headers: Headers, body_bytes: int) -> dict[str, Any]:
    """What nginx did to the headers and the body that uWSGI sent; `upstream` is None for an answer of nginx's own."""
    before = upstream or ()
    difference = compare(before, headers)
    coding = _header(headers, "content-encoding").lower()
    compressed = coding in _CODINGS and coding != _header(before, "content-encoding").lower()
    return {
        **difference.data(),
        "compressed": {"encoding": coding, "from_bytes": upstream_bytes, "to_bytes": body_bytes}
        if compressed and upstream is not None
        else None,
        "chunked": "chunked" in _header(headers, "transfer-encoding").lower(),
    }


def set_by(names: Sequence[str], params: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Who set each variable of the packet: a header of the client's, a line of uwsgi_params, or one of nginx.conf. `params`
    are the `uwsgi_param` lines in force: name to (value as written, file:line). nginx makes `HTTP_*` of every header that no
    line replaces (https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass_request_headers)."""
    found = {}
    for name in names:
        value, where = params.get(name, ("", ""))
        place = where.rpartition("/")[2]
        if where:
            found[name] = {"by": "uwsgi_params" if "params" in place else "nginx", "where": place, "as": value}
        elif name.startswith("HTTP_"):
            found[name] = {"by": "client", "where": "", "as": name.removeprefix("HTTP_").replace("_", "-").title()}
        else:
            found[name] = {"by": "nginx", "where": "", "as": ""}
    return found


def _header(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
