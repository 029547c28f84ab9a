"""A request of the past: `portico trace --last`, from the logs of all hops."""

from __future__ import annotations

import hashlib
import re
import shlex
from functools import partial
from typing import Any

from portico.actions.command_here import command_here
from portico.actions.doctor.discretion import Discretion
from portico.actions.logs import make_filter
from portico.actions.places import Places
from portico.actions.trace.by_file import by_file
from portico.actions.trace.kinds import NO_STACK, NOT_IN_LOGS, NOTHING_LOGGED
from portico.actions.trace.masking import masked
from portico.actions.trace.past_death import death
from portico.actions.trace.past_hops import hops, stat, url
from portico.actions.trace.past_read import Log, Stack, at_time, environ, find_stack, log
from portico.actions.trace.past_seen import CLIENT_LEFT, Seen
from portico.hops.nginx import past_request as of_nginx
from portico.hops.nginx.past_request import PastRequest
from portico.hops.nginx.route import route
from portico.hops.nginx.tree import tree
from portico.hops.nginx.uri import normalise, split
from portico.hops.uwsgi import past_request as of_uwsgi
from portico.model.errors import Exit, PorticoError
from portico.model.plan import Listen
from portico.model.seen import Route
from portico.system import nginx_conf

#: Where nothing is left of an answer, the worker may have been killed.
_BROKEN = (0, CLIENT_LEFT, 500, 502, 503, 504)


def past(where: Places, request_id: str = "", status: str = "") -> dict[str, Any]:
    """`result` of `portico trace --last`: the last request in the logs, of those with that status (`404`, `5xx`), or the one
    with that id.

    Reads at most the last 8 MB of each log and of the file rotated away before it. Secrets are masked as the doctor does it.
    Raises PorticoError: no stack was ever started, nothing is logged, or no such request is in what is read.
    """
    make_filter("", "", status)
    stack = find_stack(where)
    if stack is None:
        raise _no_stack(where)
    logs = {kind: log(stack, where, kind) for kind in ("access", "error", "uwsgi")}
    wanted = re.compile(status.lower().replace("x", r"\d")) if status else None
    seen = _seen(where, stack, logs, request_id, wanted)
    if seen is None:
        raise _not_found(where, logs, request_id, status)
    return _result(where, seen, _notes(where, seen, logs))


def _seen(where: Places, stack: Stack, logs: dict[str, Log], request_id: str, wanted: re.Pattern[str] | None) -> Seen | None:
    request = _logged(logs["access"], request_id, wanted)
    if request is None and (not request_id and logs["access"].path != "off" and not logs["access"].why):
        return None
    return _with_nginx(where, stack, logs, request) if request else _without_nginx(stack, logs, request_id, wanted)


def _logged(access: Log, request_id: str, wanted: re.Pattern[str] | None) -> PastRequest | None:
    """The newest line of the access log that is meant."""
    for part in access.parts():
        for line in reversed(part):
            if request_id and request_id not in line:
                continue
            found = of_nginx.past_request(line)
            if found is None or (request_id and found.entry.request_id != request_id):
                continue
            if wanted is None or wanted.fullmatch(f"{found.entry.status:03d}"):
                return found
    return None


def _with_nginx(where: Places, stack: Stack, logs: dict[str, Log], request: PastRequest) -> Seen:
    entry, stack = request.entry, at_time(where, stack, request.started_s)
    way = _way(stack, request)
    lines = logs["uwsgi"].lines() if request.tries else []
    own = of_uwsgi.request_of(lines, entry.request_id)
    broke = bool(request.tries) and entry.status in _BROKEN
    asked, _ = split(entry.uri)
    path = normalise(asked) or asked
    return Seen(
        stack=stack,
        request_id=entry.request_id,
        url=_url(stack),
        request=request,
        way=way,
        file=stat(way.target) if way and way.action == "file" else None,
        errors=of_nginx.errors_of(request, logs["error"].lines(), _late(logs["error"])),
        entry=own[0] if own else None,
        failures=of_uwsgi.failures_of(lines, entry.request_id, own[1] if own and own[0].status >= 500 else None, path),
        killed=of_uwsgi.killed(lines, entry.method, entry.uri, request.started_s, entry.time_s)
        if broke and own is None
        else None,
    )


def _late(log: Log) -> float:
    newest = next(log.parts())
    return of_nginx.late(newest, log.written_s)


def _without_nginx(stack: Stack, logs: dict[str, Log], request_id: str, wanted: re.Pattern[str] | None) -> Seen | None:
    """Of a stack whose front logs nothing here: what uWSGI's log has."""
    lines = logs["uwsgi"].lines()
    own = of_uwsgi.request_of(lines, request_id) if request_id else of_uwsgi.last_request(lines, wanted)
    if own and wanted and not wanted.fullmatch(str(own[0].status)):
        return None
    request_id = request_id or (own[0].request_id if own else "")
    failures = of_uwsgi.failures_of(lines, request_id, own[1] if own and own[0].status >= 500 else None, "")
    if own is None and not failures:
        return None
    return Seen(stack, request_id, _url(stack), entry=own[0] if own else None, failures=failures)


def _way(stack: Stack, request: PastRequest) -> Route | None:
    """Where nginx's configuration of that release takes it."""
    conf = stack.folder / "nginx.conf"
    root, _ = tree(nginx_conf.read(conf), str(conf))
    if root is None:
        return None
    listen, entry = _listen(stack), request.entry
    headers = {"user-agent": entry.user_agent, "referer": entry.referer, "x-request-id": entry.request_id}
    find = partial(
        route,
        root,
        "http",
        listen.connect_host,
        listen.port,
        entry.host,
        entry.uri,
        prefix=f"{stack.folder}/",
        method=entry.method,
        headers={name: value for name, value in headers.items() if value},
    )
    way = find()
    return way if request.tries else by_file(way, find, entry.uri)


def _listen(stack: Stack) -> Listen:
    return Listen(stack.plan["listen"]["host"], int(stack.plan["listen"]["port"]))


def _url(stack: Stack) -> str:
    return _listen(stack).url


def _result(where: Places, seen: Seen, notes: list[str]) -> dict[str, Any]:
    died_at, died = death(seen)
    result: dict[str, Any] = {
        "kind": "logs",
        "url": url(seen),
        "method": seen.method,
        "request_id": seen.request_id,
        "traceparent": _trace_ids(seen),
        "started": seen.started_s,
        "duration_us": seen.duration_us,
        "status": 0 if seen.status == CLIENT_LEFT else seen.status,
        "died_at": died_at,
        "died": died,
        "masked": True,
        "project": str(where.project),
        "release": seen.stack.release,
        "server_timing": [],
        "notes": notes,
        "hops": hops(seen),
    }
    return masked(result, environ(where, seen.stack))


def _trace_ids(seen: Seen) -> dict[str, str | None]:
    """The logs have no traceparent. Made of the request's id, so that one request is one trace however often it is shown."""
    plain = seen.request_id.lower()
    digest = hashlib.sha256(f"{plain} {seen.started_s}".encode()).hexdigest()
    trace_id = plain if re.fullmatch(r"(?!0{32})[0-9a-f]{32}", plain) else digest[:32]
    return {"trace_id": trace_id, "span_id": digest[32:48], "parent_id": None}


def _notes(where: Places, seen: Seen, logs: dict[str, Log]) -> list[str]:
    """What the logs cannot tell, and how to see it."""
    command = command_here(where.project)
    notes = ["from the logs: headers, the packet, middleware, templates, signals and SQL are written down nowhere"]
    if seen.method in ("GET", "HEAD") and seen.stack.running:
        target = shlex.quote(seen.uri) if Discretion().text(seen.uri) == seen.uri else "PATH"
        method = " -X HEAD" if seen.method == "HEAD" else ""
        notes.append(f"`{command} trace{method} {target}` sends it again and shows all of that")
    elif seen.method and seen.stack.running:
        notes.append(f"it is a {seen.method}, which may change something: to send it again is not suggested")
    if seen.last_try and seen.entry is None and not seen.killed:
        wanted = seen.plan["uwsgi"]["request_log"]
        notes.append(
            f'uWSGI has no line about it (request_log = "{wanted}"): with `request_log = "all"` under `[uwsgi]` in '
            "portico.toml the worker, the thread and the exact time are logged for every request"
        )
    if seen.request is None:
        notes.append(
            f"nginx's access log has no line about it ({logs['access'].why or 'the request did not come through it'})"
        )
    return notes + _doubts(seen, logs)


def _doubts(seen: Seen, logs: dict[str, Log]) -> list[str]:
    """What may be otherwise than it is shown."""
    notes = []
    if seen.request and not seen.duration_us:
        notes.append("nginx logs whole milliseconds: it took less than one")
    if seen.errors and seen.request and (count := of_nginx.twins(seen.request, logs["access"].lines())):
        notes.append(
            f"nginx's error log has no ids: {count} other request{'s' if count > 1 else ''} looked the same in that second, "
            "so its lines may belong to them"
        )
    if seen.failures and not seen.failures[-1].by_id:
        notes.append("the project's own LOGGING wrote the traceback; its place just before the request's line joins them")
    if seen.entry and seen.request and seen.entry.duration_us > seen.duration_us + 2000:
        notes.append(
            f"uWSGI went on for {seen.entry.duration_us / 1000:.0f} ms in all, after nginx had done with the request"
        )
    if seen.way and seen.way.action == "file":
        notes.append("the static file is shown as it is now")
    if logs["error"].why and seen.request and seen.status >= 400:
        notes.append(f"nginx's error log says nothing: {logs['error'].why}")
    if seen.stack.later:
        notes.append(f"release {seen.stack.release} was live then; another one is now")
    if not seen.stack.running:
        notes.append("the stack does not run any more")
    return notes


def _no_stack(where: Places) -> PorticoError:
    finding = NO_STACK.found(
        cause=f"no stack of {where.project} has ever been live under this account",
        evidence=[f"{where.state}: no release that was live"],
        fix=[f"{command_here(where.project)} up -d"],
    )
    return PorticoError(finding, Exit.USAGE)


def _not_found(where: Places, logs: dict[str, Log], request_id: str, status: str) -> PorticoError:
    read = [_of(entry) for name, entry in logs.items() if name != "error" and entry.was_read]
    command = command_here(where.project)
    if not request_id and not status:
        fix = [f"{command} trace /   # needs no log"]
        if logs["access"].path == "off":
            fix.append('request_log = "all"   # under [uwsgi] in portico.toml; or let nginx have an access_log again')
        found = NOTHING_LOGGED.found(cause="there is no request in the logs that are kept", evidence=read, fix=fix)
        return PorticoError(found, Exit.FINDINGS)
    what = f"with the id {request_id}" if request_id else f"with the status {status}"
    fix = [f"zgrep -h {shlex.quote(request_id)} {shlex.quote(logs['access'].path)}*"] if request_id else []
    fix.append(f"{command} logs --status 5xx   # the failed requests that are left")
    cause = f"no request {what} is in the end of the logs (8 MB of each, and of the one rotated away before it)"
    return PorticoError(NOT_IN_LOGS.found(cause=cause, evidence=read, fix=fix), Exit.FINDINGS)


def _of(entry: Log) -> str:
    if entry.path == "off":
        return f"the {entry.kind} log is off"
    return f"{entry.path}: {entry.why or ('its last 8 MB' if entry.cut else 'all of it')}"
