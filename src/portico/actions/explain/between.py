"""The format in which neighbouring hops hand over the request and the answer, each with an example of this project."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from portico.actions.explain import roles
from portico.hops.nginx.render import local_addresses
from portico.hops.uwsgi.packet import encode
from portico.model.plan import Plan

_SHOWN_BYTES = 13


def between(plan: Plan, hops: list[str]) -> list[dict[str, Any]]:
    """`result.between`: for each pair of neighbours in `hops` `from`, `to`, `over` (what carries it), `why`, and `there` and
    `back`, each with `format` and `example` (lines of text)."""
    return [_pair(plan, first, second) for first, second in pairwise(hops)]


def _pair(plan: Plan, first: str, second: str) -> dict[str, Any]:
    if first == "client":
        there, back = (roles.HTTP, _http(plan)), (roles.HTTP, _answer(plan))
        over, why = f"TCP {_public(plan, second)}", roles.WHY_HTTP
    elif first == "nginx":
        there, back = (roles.UWSGI_PACKET, _packet(plan)), (roles.UWSGI_ANSWER, _answer(plan))
        over, why = _carrier(plan), roles.WHY_PACKET
    elif first == "uwsgi":
        there, back = (roles.ENVIRON, _call(plan)), (roles.ITERABLE, _returns(plan))
        over, why = "a function call within the worker", roles.WHY_ENVIRON
    else:
        there, back = (roles.REQUEST, [f"<WSGIRequest: GET '{plan.site.health_path}'>"]), (roles.RESPONSE, _response())
        over, why = "method calls within the worker", roles.WHY_OBJECTS
    return {
        "from": first,
        "to": second,
        "over": over,
        "why": why,
        "there": {"format": there[0], "example": there[1]},
        "back": {"format": back[0], "example": back[1]},
    }


def _public(plan: Plan, second: str) -> str:
    return "of another machine" if plan.front == "elsewhere" and second == "nginx" else str(plan.listen)


def _carrier(plan: Plan) -> str:
    remote = [server.address for server in plan.upstream.servers]
    if plan.front == "elsewhere":
        return f"TCP {plan.uwsgi.address}"
    if not plan.uwsgi.instances:
        return "TCP " + ", ".join(remote)
    address = plan.uwsgi.address
    here = f"unix socket {address.removeprefix('unix:')}" if address.startswith("unix:") else f"TCP {address}"
    links = local_addresses(plan.uwsgi)
    more = [f"{len(links) - 1} more like it"] if len(links) > 1 else []
    return ", ".join([here, *more, *(f"TCP {one}" for one in remote)])


def _http(plan: Plan) -> list[str]:
    return [f"GET {plan.site.health_path} HTTP/1.1", f"Host: {plan.site.health_host}"]


def _answer(plan: Plan) -> list[str]:
    return ["HTTP/1.1 200 OK", f"Content-Type: {_type(plan)}", "", _body(plan)]


def _type(plan: Plan) -> str:
    return "text/html; charset=utf-8" if plan.site.framework == "django" else "text/plain"


def _body(plan: Plan) -> str:
    return "<html>..." if plan.site.framework == "django" else "Hello ..."


def _packet(plan: Plan) -> list[str]:
    """The first bytes as numbers, and what they say."""
    path = plan.site.health_path
    variables = {"REQUEST_METHOD": "GET", "REQUEST_URI": path, "PATH_INFO": path.partition("?")[0]}
    packet = encode({**variables, "HTTP_HOST": plan.site.health_host, "REMOTE_ADDR": "127.0.0.1"})
    shown = packet[:_SHOWN_BYTES].hex(" ")
    size = len(packet) - 4
    return [
        f"{shown} ...",
        f"0 (WSGI), size {size}, 0; 14 REQUEST_METHOD, 3 GET, ...",
    ]


def _call(plan: Plan) -> list[str]:
    name = plan.site.callable.removesuffix("()") or "application"
    path = plan.site.health_path
    return [
        f"{name}({{'REQUEST_METHOD': 'GET', 'PATH_INFO': {path!r},",
        "  'wsgi.url_scheme': 'http', 'wsgi.input': <the body>, ...}, start_response)",
    ]


def _returns(plan: Plan) -> list[str]:
    return [f"start_response('200 OK', [('Content-Type', '{_type(plan)}')])", f"return [b'{_body(plan)}']"]


def _response() -> list[str]:
    return ['<HttpResponse status_code=200, "text/html; charset=utf-8">']
