"""`portico trace`: one real request, and what happened to it at every hop."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Mapping
from functools import partial
from typing import Any

from portico.actions import state, trace_token
from portico.actions.command_here import command_here
from portico.actions.live_environ import live_environ
from portico.actions.places import Places
from portico.actions.state import State
from portico.actions.trace import masking
from portico.actions.trace.asked import Asked, Request, request
from portico.actions.trace.by_file import by_file
from portico.actions.trace.capture import Captured, capture
from portico.actions.trace.death import death
from portico.actions.trace.kinds import NO_TAP, NOT_RUNNING
from portico.actions.trace.live_hops import Live, hops
from portico.hops.nginx.route import route
from portico.hops.nginx.tree import tree
from portico.hops.wsgi.server_timing import server_timing
from portico.model.errors import Exit, PorticoError
from portico.model.plan import Plan
from portico.model.result import Result
from portico.system import clock, nginx_conf


def trace(where: Places, asked: Asked) -> Result:
    """Make the request that was asked for and tell its way: `result` is the record, hop by hop. Exit status 1 when it died
    on the way. Raises PorticoError where nothing runs, or the request cannot be made."""
    known, plan = _running(where)
    number = secrets.token_hex(16)
    secret = f"{_token(where)}-{number}" if plan.nginx else number if plan.front == "none" else ""
    made = request(asked, plan, secret, number, secrets.token_bytes(8))
    started = clock.now()
    try:
        captured = capture(where, plan, made, asked.timeout_s)
    except OSError as error:
        raise _no_tap(where, error) from None
    live = _live(where, known, plan, made, captured)
    data = _record(where, live, started)
    data = data if asked.reveal else masking.masked(data, live_environ(where, plan))
    return Result("trace", data, (), Exit.FINDINGS if data["died_at"] else Exit.DONE)


def _running(where: Places) -> tuple[State, Plan]:
    known = state.read(where)
    if known is None:
        again = f"{command_here(where.project)} up -d"
        raise PorticoError(
            NOT_RUNNING.found(cause=f"nothing runs for {where.project}", evidence=[str(where.state)], fix=[again]),
            Exit.USAGE,
        )
    try:
        return known, known.load_plan()
    except ValueError as error:
        fix = [f"{command_here(where.project)} up -d   # starts it anew"]
        cause = "the record of the stack was written by another version of Portico"
        raise PorticoError(NOT_RUNNING.found(cause=cause, evidence=[str(error)[:200]], fix=fix), Exit.USAGE) from None


def _token(where: Places) -> str:
    token = trace_token.read(where)
    if token:
        return token
    cause = f"the secret that lets a request be traced cannot be read from {where.run}/trace.conf"
    fix = [f"{command_here(where.project)} reload   # makes it anew", f"ls -l {shlex.quote(str(where.run))}"]
    raise PorticoError(NO_TAP.found(cause=cause, evidence=[f"{where.run}/trace.conf"], fix=fix), Exit.NEEDS_HANDS)


def _no_tap(where: Places, error: OSError) -> PorticoError:
    folder = f"{where.run}/app"
    fix = [
        f"ls -ld {shlex.quote(folder)}",
        f"{command_here(where.project)} trace /   # as the account that started the stack",
    ]
    cause = f"no socket can be made in {folder}: {error.strerror or error}"
    return PorticoError(NO_TAP.found(cause=cause, evidence=[folder], fix=fix), Exit.NEEDS_HANDS)


def _live(where: Places, known: State, plan: Plan, made: Request, captured: Captured) -> Live:
    events = [event for line in captured.events if isinstance(event := _json(line), dict)]
    access = next((row for line in captured.access if isinstance(row := _json(line), dict)), None)
    if plan.nginx is None:
        return Live(plan, known.release, made, captured, events)
    conf = where.state / "conf" / "nginx.conf"
    whole, _ = tree(nginx_conf.read(conf), str(conf))
    headers = dict(made.headers)
    address = plan.listen.connect_host
    way = None
    if whole:
        ask = (whole, "http", address, plan.listen.port, made.host, made.path)
        find = partial(route, *ask, method=made.method, headers=headers)
        way = find()
        if not captured.taps and not (access and access.get("upstream_status")):
            way = by_file(way, find, made.path)
    return Live(plan, known.release, made, captured, events, access, whole, way)


def _json(line: str | bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _record(where: Places, live: Live, started: float) -> dict[str, Any]:
    found = hops(live)
    received, made = live.captured.received, live.request
    died_at, died = death(live, found)
    return {
        "kind": "live",
        "url": made.url,
        "method": made.method,
        "request_id": made.number,
        "traceparent": _traceparent(made),
        "started": started,
        "duration_us": (received.ended_ns - received.began_ns) // 1000,
        "status": received.status,
        "died_at": died_at,
        "died": died,
        "masked": False,
        "project": str(where.project),
        "release": live.release,
        "server_timing": server_timing(received.headers),
        "notes": live.notes(),
        "hops": found,
    }


def _traceparent(made: Request) -> Mapping[str, Any]:
    given = made.given
    return {
        "trace_id": made.parent.trace_id,
        "span_id": made.parent.parent_id,
        "parent_id": given.parent_id if given else None,
    }
