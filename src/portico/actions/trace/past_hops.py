"""The hops of a request of the past, in the order of the path, with what the logs know of each. Pure.

Times are microseconds after the request began. Of the application the logs know no times of its own, so that its hops have
null there; a key that is missing is not known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portico.actions.trace.past_seen import CLIENT_LEFT, Seen
from portico.hops.nginx.past_request import Try
from portico.hops.nginx.traced import way as way_of
from portico.hops.nginx.traced import with_file
from portico.hops.uwsgi.past_request import Failure
from portico.model.plan import slot_suffix

Hop = dict[str, Any]
_UNTIMED = {"started_us": None, "duration_us": None}


def hops(seen: Seen) -> list[Hop]:
    """Those that the request came to, as far as that is known."""
    found = [_client(seen)]
    if seen.request:
        found.append(_nginx(seen))
    if seen.entry or seen.failures or seen.killed or seen.last_try:
        found.append(_uwsgi(seen))
    if seen.answered_by_application:
        found.append(_wsgi(seen))
        if seen.application == "django":
            found.append(_django(seen))
    return found


def url(seen: Seen) -> str:
    """The address as a browser would have it: with the host that was asked for, and the port where the site listens."""
    parts = urlsplit(seen.url)
    host = (seen.request.entry.host if seen.request else "") or parts.hostname or ""
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{seen.uri or '/'}"


def _client(seen: Seen) -> Hop:
    asked: dict[str, Any] = {"url": url(seen), "headers": _asked(seen)}
    if seen.method:
        asked["method"] = seen.method
    left = seen.status == CLIENT_LEFT
    got: dict[str, Any] = {"status": 0 if left else seen.status, "headers": [] if left else _id_header(seen)}
    got |= {"error": "it closed the connection"} if left else {}
    if seen.request:
        got["body_bytes"] = seen.request.entry.bytes
    elif seen.entry:
        got["body_bytes"] = seen.entry.bytes
    return {"hop": "client", "started_us": 0, "duration_us": seen.duration_us, "in": asked, "out": got}


def _asked(seen: Seen) -> list[list[str]]:
    """The request's headers that the log has."""
    if seen.request is None:
        return []
    entry = seen.request.entry
    known = (("Host", entry.host), ("User-Agent", entry.user_agent), ("Referer", entry.referer))
    return [[name, value] for name, value in known if value]


def _id_header(seen: Seen) -> list[list[str]]:
    return [["X-Request-ID", seen.request_id]] if seen.request and seen.request_id else []


def _nginx(seen: Seen) -> Hop:
    assert seen.request is not None  # noqa: S101 - the caller asks only then
    entry, nginx, listen = seen.request.entry, seen.plan["nginx"] or {}, seen.plan["listen"]
    line = next((error.request for error in seen.errors if error.request), f"{entry.method} {entry.uri}")
    hop: Hop = {
        "hop": "nginx",
        "started_us": 0,
        "duration_us": seen.duration_us,
        "version": ".".join(map(str, nginx.get("binary", {}).get("version", ()))),
        "address": f"[{listen['host']}]:{listen['port']}" if ":" in listen["host"] else f"{listen['host']}:{listen['port']}",
        "client": entry.remote_addr,
        **_route(seen),
        "in": {"request_line": line, "headers": _asked(seen)},
        "out": {"status": entry.status, "headers": _id_header(seen), "body_bytes": entry.bytes},
        "tries": [_try(one) for one in seen.request.tries],
        "log": dict(seen.request.fields),
        "errors": [error.line for error in seen.errors],
    }
    return hop


def _try(one: Try) -> dict[str, Any]:
    """One server that was asked; null where nginx measured nothing."""
    times = {"connect_us": one.connect_s, "header_us": one.header_s, "response_us": one.response_s}
    return {**{name: None if time is None else round(time * 1e6) for name, time in times.items()}, "status": one.status}


def _route(seen: Seen) -> dict[str, Any]:
    """Which server and location took it, by the configuration of the release."""
    way = seen.way
    acted = "uwsgi" if seen.last_try else "unknown"
    if way is None or way.server is None or seen.request is None:
        return {"action": acted, "target": "", "static": None}
    found = {**way_of(way, seen.request.entry.host, seen.uri, seen.status)}
    found["static"] = _static(seen, found["static"])
    # What the log saw outweighs what the configuration says.
    action = acted if seen.last_try or way.action == "uwsgi" else way.action
    return {**found, "action": action, "target": found["target"] if action == way.action else ""}


def _static(seen: Seen, found: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if found is None or seen.last_try else with_file(found, seen.file)


def _uwsgi(seen: Seen) -> Hop:
    uwsgi = seen.plan["uwsgi"]
    hop: Hop = {
        "hop": "uwsgi",
        **_times(seen),
        "address": uwsgi["address"],
        "instance": _instance(seen),
        "in": {},
        "out": {},
    }
    hop["version"] = seen.plan["interpreter"]["uwsgi"]["version"]
    if seen.entry:
        hop |= {"worker": seen.entry.worker, "core": seen.entry.core, "worked_us": seen.entry.duration_us}
        hop["out"] = {"status": seen.entry.status, "body_bytes": seen.entry.bytes}
    elif seen.last_try and seen.last_try.header_s is not None:
        hop["out"] = {"status": seen.last_try.status}
    if seen.killed:
        hop |= {"worker": seen.killed.worker, "pid": seen.killed.pid}
        hop |= {"core": seen.killed.core} if seen.killed.core is not None else {}
        hop["killed"] = {"signal": seen.killed.signal, "harakiri": seen.killed.harakiri, "lines": list(seen.killed.lines)}
    return hop


def _instance(seen: Seen) -> str:
    """The one that had it; with several of them the logs do not say which."""
    count = int(seen.plan["uwsgi"]["instances"])
    return f"uwsgi-{seen.stack.release}{slot_suffix(1)}" if count == 1 else ""


def _times(seen: Seen) -> dict[str, int]:
    """uWSGI's part of the time. nginx counts a try from the moment it begins to connect; the tries follow each other, and
    with a request that has no body the first begins at once. Both logs have whole milliseconds."""
    if seen.request is None or not seen.request.tries:
        return {"started_us": 0, "duration_us": seen.entry.duration_us if seen.entry else 0}
    whole = seen.duration_us
    *before, last = seen.request.tries
    connected = sum(one.response_s or 0.0 for one in before) + (last.connect_s or 0.0)
    started = min(whole, round(connected * 1e6))
    if seen.entry is None:
        # What is left of the whole is the client's body before, or its reading afterwards.
        took = round(((last.response_s or 0.0) - (last.connect_s or 0.0)) * 1e6)
        return {"started_us": started, "duration_us": min(max(0, took), whole - started)}
    began = min(whole, max(started, round((seen.entry.time_s - seen.started_s) * 1e6)))
    waited = {"queue_wait_us": began - started} if began > started else {}
    return {"started_us": began, "duration_us": min(seen.entry.duration_us, whole - began), **waited}


def _wsgi(seen: Seen) -> Hop:
    site, python = seen.plan["site"], seen.plan["interpreter"]
    hop: Hop = {
        "hop": "wsgi",
        **_UNTIMED,
        "callable": f"{site['module'] or site['file']}:{site['callable']}",
        "python": python["version"],
        "in": {},
        "out": {},
    }
    if seen.application == "wsgi" and seen.failures:
        hop["exceptions"] = [_exception(failure) for failure in seen.failures]
    return hop


def _django(seen: Seen) -> Hop:
    status = seen.last_try.status if seen.last_try and seen.last_try.status else seen.status
    return {
        "hop": "django",
        **_UNTIMED,
        "settings": seen.plan["site"]["settings"],
        "in": {"method": seen.method, "path": seen.path} if seen.method else {"path": seen.path} if seen.path else {},
        "out": {"status": status},
        "exceptions": [_exception(failure) for failure in seen.failures],
    }


def _exception(failure: Failure) -> dict[str, Any]:
    file, line, function, code = failure.frame or ("", 0, "", "")
    frame = {"file": file, "line": line, "function": function, "code": code}
    return {
        "type": failure.type,
        "message": failure.message,
        "status": 500,
        "frame": frame if failure.frame else None,
        "traceback": list(failure.lines),
        "logged_by": "portico" if failure.by_id else "the project",
    }


def stat(path: str) -> tuple[int, float] | None:
    """Size and time of what is at a path now; None where no ordinary file is to be seen."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime
