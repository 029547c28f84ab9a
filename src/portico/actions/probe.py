"""Prove that a request goes through: straight to uWSGI over its own protocol, and from outside through every hop."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from portico.hops.uwsgi import packet
from portico.hops.uwsgi.probe import request_variables
from portico.model.plan import HealthPlan, Plan
from portico.system import http, sockets


@dataclass(frozen=True)
class Probe:
    """One request's fate. `status` 0 means no answer, and `error` says why. `body` is its first 64 KiB."""

    hop: str
    status: int
    request_id: str
    duration_s: float = 0.0
    error: str = ""
    body: str = ""

    @property
    def answered(self) -> bool:
        """Whether the application gave the answer (502, 503 and 504 may be nginx's own)."""
        return self.status not in (0, 502, 503, 504)


_BODY_BYTES = 64 * 1024
_ID = "x-request-id"


def healthy(health: HealthPlan, probe: Probe) -> str:
    """Why this answer is not a healthy one; empty when it is."""
    if not probe.status:
        return probe.error or "no answer"
    if not any(first <= probe.status <= last for first, last in health.statuses):
        wanted = ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in health.statuses)
        return f"answered {probe.status}, wanted {wanted}"
    if health.text not in probe.body:
        return f"its body does not contain {health.text!r}"
    return ""


def request_id() -> str:
    return uuid.uuid4().hex


def uwsgi(plan: Plan, socket: str, timeout_s: float) -> Probe:
    """Ask the uWSGI instance on that unix socket for the health path, over the uwsgi protocol."""
    rid = request_id()
    variables = request_variables(host=plan.site.health_host, path=plan.site.health_path, request_id=rid)
    try:
        answer = sockets.exchange(
            f"unix:{socket}" if socket.startswith("/") else socket, packet.encode(variables), timeout_s
        )
        return Probe("uwsgi", packet.parse_head(answer).status, rid, body=_text(answer.partition(b"\r\n\r\n")[2]))
    except (OSError, ValueError) as error:
        return Probe("uwsgi", 0, rid, error=str(error) or type(error).__name__)


def through(plan: Plan) -> Probe:
    """Ask as a client does: nginx, or where nginx is elsewhere, uWSGI on the address it connects to."""
    if plan.front == "elsewhere":
        return uwsgi(plan, plan.uwsgi.address, plan.health.timeout_s)
    return front(plan, plan.health.timeout_s)


def front(plan: Plan, timeout_s: float) -> Probe:
    """Ask from outside, as a browser would, with a Host that ALLOWED_HOSTS permits.

    With nginx the answer must carry our request id: it proves that this nginx answered and not a stranger on the port. Where
    a location of the user's answers with headers of its own, and so without the id, nginx is asked for its refusal of a
    request without a Host, which no location has a part in.
    """
    rid = request_id()
    headers = {"Host": plan.site.health_host, "X-Request-ID": rid, "User-Agent": "portico"}
    answer = http.get(plan.listen.connect_host, plan.listen.port, plan.site.health_path, headers, timeout_s)
    if answer.status and plan.front == "nginx" and answer.headers.get(_ID) != rid and not _is_ours(plan, timeout_s):
        return Probe("nginx", 0, rid, answer.duration_s, "another server answered on this address")
    return Probe(
        "nginx" if plan.front == "nginx" else "uwsgi",
        answer.status,
        rid,
        answer.duration_s,
        answer.error,
        _text(answer.body),
    )


def _is_ours(plan: Plan, timeout_s: float) -> bool:
    """Whether the nginx at the site's address gives a request the id that it came with: in what it says itself."""
    rid = request_id()
    headers = {"X-Request-ID": rid, "User-Agent": "portico"}
    return http.get_hostless(plan.listen.connect_host, plan.listen.port, headers, timeout_s).headers.get(_ID) == rid


def _text(body: bytes) -> str:
    return body[:_BODY_BYTES].decode("utf-8", "replace")
