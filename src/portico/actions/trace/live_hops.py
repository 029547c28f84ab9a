"""The hops of a traced request, put together from what the tap, the client and the application's process saw. Pure but for
looking at a static file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from portico.actions.trace.asked import Request
from portico.actions.trace.capture import VARIABLE, Captured, upstreams
from portico.actions.trace.past_hops import stat
from portico.hops.django.traced import django_hop
from portico.hops.nginx import traced as nginx
from portico.hops.nginx.passes import params
from portico.hops.uwsgi import packet
from portico.hops.wsgi.traced import compare_environ, worker_of, wsgi_hop
from portico.model.directive import Directive
from portico.model.headers import compare
from portico.model.plan import Plan
from portico.model.seen import Route
from portico.system.tap import Tapped

Hop = dict[str, Any]


@dataclass
class Live:
    """Everything seen of one request. `tree` is nginx's configuration, None without nginx or where it cannot be read."""

    plan: Plan
    release: int
    request: Request
    captured: Captured
    events: list[dict[str, Any]]
    access: Mapping[str, Any] | None = None
    tree: Directive | None = None
    route: Route | None = None

    @property
    def began_ns(self) -> int:
        return self.captured.received.began_ns

    @property
    def tapped(self) -> Tapped | None:
        """The connection nginx made to the tap; None when it made none."""
        return next((one for one in self.captured.taps if one.packet), None)

    @cached_property
    def wsgi(self) -> Hop | None:
        """The hop as the worker told it; None when the application was not reached."""
        return wsgi_hop(self.events, self.began_ns)

    @property
    def unseen(self) -> bool:
        """Whether nginx asked the application without a way for us to see it."""
        return self.tapped is None and bool(self.access and self.access.get("upstream_status"))

    def us(self, at_ns: int) -> int:
        """Microseconds after the client began."""
        return max(0, (at_ns - self.began_ns) // 1000) if at_ns else 0

    def notes(self) -> list[str]:
        """What could not be seen."""
        found = []
        several = len(upstreams(self.plan)) if self.plan.nginx else 0
        if self.plan.uwsgi.worker_sockets:
            found.append("nginx chooses the worker with the fewest requests; this one was sent to the first worker")
        elif several > 1:
            found.append(f"nginx shares requests among {several} servers; this one was sent to the first that took it")
        if self.plan.front == "elsewhere":
            found.append("nginx is on another machine: the request was given straight to uWSGI, in its own protocol")
        if self.plan.front == "none":
            found.append("uWSGI's own HTTP router takes the request; what it passes to a worker is known from the environ")
        if self.unseen:
            found.append("nginx did not know this stack's secret, so that only its own part was seen: portico reload")
        reached = self.tapped is not None and not self.tapped.error and self.tapped.connected_ns
        if (reached or self.plan.front != "nginx") and not self.events and self.captured.received.status:
            found.append(
                "the application's process told nothing: it is on another machine, or was started by an older Portico"
            )
        return found


def hops(live: Live) -> list[Hop]:
    """The hops that the request came to, in the order of the path."""
    found = [_client(live)]
    if live.plan.nginx and live.captured.received.sent_ns:
        found.append(_nginx(live))
    if live.tapped or (live.plan.nginx is None and live.captured.received.sent_ns):
        found.append(_uwsgi(live))
    variables = found[-1].get("vars", {})
    if wsgi := live.wsgi:
        wsgi["in"] = {**wsgi.get("in", {}), **compare_environ(variables, wsgi.get("in", {}).get("environ", {}))}
        found.append(wsgi)
        # What the application does after its answer keeps its worker busy, although nginx has all it wanted.
        end = max(hop["started_us"] + hop["duration_us"] for hop in found[-2:])
        found[-2]["duration_us"] = end - found[-2]["started_us"]
    if django := django_hop(live.events, live.began_ns, live.plan.site.settings):
        found.append(django)
    return found


def _client(live: Live) -> Hop:
    made, received = live.request, live.captured.received
    return {
        "hop": "client",
        "started_us": 0,
        "duration_us": live.us(received.ended_ns),
        "in": {
            "method": made.method,
            "url": made.url,
            "headers": [list(pair) for pair in made.headers],
            "body_bytes": len(made.body),
            "body": made.body.decode("utf-8", "replace"),
        },
        "out": {
            "status": received.status,
            "reason": received.reason,
            "headers": [list(pair) for pair in received.headers],
            "body_bytes": received.body_bytes,
            "body_sha256": received.body_sha256,
            "body": received.body.decode("utf-8", "replace"),
            "first_byte_us": live.us(received.first_ns),
            "error": received.error,
        },
    }


def _nginx(live: Live) -> Hop:
    made, received, tapped = live.request, live.captured.received, live.tapped
    plan = live.plan.nginx
    assert plan is not None  # noqa: S101 - the caller asks only then
    upstream, upstream_bytes = _upstream_answer(tapped)
    way = nginx.way(live.route, made.host, made.path, received.status)
    if tapped is None and way["static"]:
        way["static"] = nginx.with_file(way["static"], stat(way["static"]["file"]))
    else:
        way["static"] = None
    return {
        "hop": "nginx",
        "started_us": 0,
        "duration_us": live.us(received.ended_ns),
        "version": ".".join(map(str, plan.binary.version)),
        "address": live.captured.address,
        **way,
        "action": "uwsgi" if tapped else way["action"],
        "in": {
            "request_line": made.head.partition(b"\r\n")[0].decode("utf-8", "replace"),
            "headers": [list(pair) for pair in made.headers],
            "bytes": len(made.head) + len(made.body),
            "body_bytes": len(made.body),
        },
        "out": {
            "status": received.status,
            "headers": [list(pair) for pair in received.headers],
            "bytes": received.wire_bytes,
            "body_bytes": received.body_bytes,
            **nginx.answer(upstream, upstream_bytes, received.headers, received.body_bytes),
        },
        "log": live.access,
        "errors": [line for line in live.captured.errors if _concerns(line, made)],
    }


def _concerns(line: str, made: Request) -> bool:
    """Lines of one request name its request line; others of that moment are somebody else's."""
    return f'"{made.method} {made.path} HTTP/' in line or made.number in line


def _upstream_answer(tapped: Tapped | None) -> tuple[list[tuple[str, str]] | None, int]:
    if tapped is None or not tapped.answer:
        return None, 0
    headers, size = _head(tapped)
    return headers, tapped.answer_bytes - size


def _head(tapped: Tapped) -> tuple[list[tuple[str, str]], int]:
    """Headers as uWSGI wrote them, and how many bytes the head has."""
    raw, end, _ = bytes(tapped.answer).partition(b"\r\n\r\n")
    pairs = [line.partition(":") for line in raw.decode("latin-1").split("\r\n")[1:]]
    return [(name, value.strip()) for name, _, value in pairs], len(raw) + len(end)


def _uwsgi(live: Live) -> Hop:
    worker = worker_of(live.events) if live.events else {}
    hop: Hop = {"hop": "uwsgi", **_span(live), "version": live.plan.interpreter.uwsgi.version}
    hop |= {"address": live.tapped.upstream if live.tapped else live.captured.address, "instance": _instance(live)}
    hop |= {key: worker[key] for key in ("worker", "core", "thread", "pid") if worker.get(key) is not None}
    if worker.get("version"):
        hop["version"] = worker["version"]
    if worker.get("started_ns"):
        hop["queue_wait_us"] = max(0, live.us(worker["started_ns"]) - live.us(_handed_over(live)))
    return hop | (_from_packet(live, live.tapped) if live.tapped else _from_http(live))


def _handed_over(live: Live) -> int:
    return live.tapped.passed_ns if live.tapped else live.captured.received.sent_ns


def _span(live: Live) -> dict[str, int]:
    tapped, received = live.tapped, live.captured.received
    start, end = (tapped.accepted_ns, tapped.ended_ns) if tapped else (received.began_ns, received.ended_ns)
    return {"started_us": live.us(start), "duration_us": live.us(end) - live.us(start)}


def _instance(live: Live) -> str:
    address = live.tapped.upstream if live.tapped else ""
    instances = live.plan.uwsgi.each()
    named = (one.name for one in instances if address.rpartition("/")[2] in one.links)
    return next(named, instances[0].name if instances else "")


def _from_packet(live: Live, tapped: Tapped) -> Hop:
    variables = packet.decode(tapped.packet)
    in_force = params(live.route, live.tree) if live.route and live.tree else {}
    hop: Hop = {
        "in": {
            "modifier1": tapped.packet[0],
            "modifier2": tapped.packet[3],
            "size": len(tapped.packet) - 4,
            "packet_hex": tapped.packet.hex(),
            "body_bytes": tapped.body_bytes,
        },
        "vars": variables,
        "vars_from": nginx.set_by(tuple(variables), in_force),
        "error": tapped.error,
    }
    headers, size = _head(tapped)
    return hop | {"out": _answer(live, _status(tapped), headers, size, tapped.answer_bytes - size)}


def _status(tapped: Tapped) -> int:
    try:
        return packet.parse_head(bytes(tapped.answer)).status
    except ValueError:
        return 0


def _from_http(live: Live) -> Hop:
    """Without nginx: what the application got, less what uWSGI and WSGI put there."""
    received, made = live.captured.received, live.request
    if live.captured.packet:
        variables = {name: value for name, value in packet.decode(live.captured.packet).items() if name != VARIABLE}
        asked: Hop = {"size": len(live.captured.packet) - 4, "packet_hex": live.captured.packet.hex()}
        asked |= {"modifier1": 0, "modifier2": 0}
    else:
        environ = (live.wsgi or {}).get("in", {}).get("environ", {})
        variables = {name: value for name, value in environ.items() if "." not in name}
        asked = {"request_line": made.head.partition(b"\r\n")[0].decode("utf-8", "replace")}
        asked["headers"] = [list(pair) for pair in made.headers]
    client = {name: {"by": "client", "where": "", "as": ""} for name in variables if name.startswith("HTTP_")}
    by = "portico" if live.captured.packet else "uwsgi"
    return {
        "in": {**asked, "body_bytes": len(made.body)},
        "vars": variables,
        "vars_from": {name: client.get(name, {"by": by, "where": "", "as": ""}) for name in variables},
        "error": received.error,
        "out": _answer(
            live, received.status, list(received.headers), received.wire_bytes - received.body_bytes, received.body_bytes
        ),
    }


def _answer(live: Live, status: int, headers: list[tuple[str, str]], head_bytes: int, body_bytes: int) -> Hop:
    given = [(str(pair[0]), str(pair[1])) for pair in (live.wsgi or {}).get("out", {}).get("headers") or []]
    difference = compare(given, headers).data() if given else {}
    pairs = [list(pair) for pair in headers]
    return {"status": status, "headers": pairs, "head_bytes": head_bytes, "body_bytes": body_bytes, **difference}
