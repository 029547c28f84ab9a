"""Where a request of the past died, as far as the logs say it. Pure."""

from __future__ import annotations

from portico.actions.trace.past_seen import CLIENT_LEFT, Seen
from portico.actions.trace.raised import raised
from portico.hops.uwsgi.past_request import Killed

#: nginx did not get as far as uWSGI, or did not like its answer.
_NGINX_SAID = (
    "connect() ",
    "no live upstreams",
    "upstream sent too big header",
    "upstream sent invalid",
    "open() ",
    "mkdir",
)


def death(seen: Seen) -> tuple[str | None, str | None]:
    """The hop it died at and one sentence; both None for a request that was answered with less than 500, and not refused by
    nginx."""
    if seen.request and seen.status in (0, CLIENT_LEFT):
        return "nginx", _left(seen)
    if seen.request and not seen.last_try and seen.status >= 400:
        return "nginx", _refused(seen)
    if seen.status < 500:
        return None, None
    if seen.killed and not seen.answered_by_application:
        return "uwsgi", _killed(seen.killed, seen)
    if seen.failures:
        last = seen.failures[-1]
        return seen.application, raised(last.type, last.message, last.frame and last.frame[:3])
    return _unexplained(seen)


def _left(seen: Seen) -> str:
    waited = "while nginx waited for uWSGI's answer" if seen.last_try else "before nginx had answered"
    return f"the client closed the connection after {_time(seen.duration_us)}, {waited}"


def _refused(seen: Seen) -> str:
    """By nginx alone."""
    said = next((entry.message for entry in reversed(seen.errors)), "")
    if seen.status == 404 and seen.way and seen.way.action == "file" and seen.file is None:
        return f"there is no file {seen.way.target}"
    return said or f"nginx answered {seen.status} itself and never asked the application"


def _killed(killed: Killed, seen: Seen) -> str:
    if not killed.harakiri:
        return (
            f"worker {killed.worker} of uWSGI was ended by signal {killed.signal} while it had the request, by their times"
        )
    limit = seen.plan["uwsgi"]["harakiri_s"]
    if not killed.triggered:
        return f"uWSGI killed worker {killed.worker} because another request in it took longer than harakiri's {limit} s"
    return f"uWSGI killed worker {killed.worker}: the request took longer than harakiri allows, {limit} s"


def _unexplained(seen: Seen) -> tuple[str, str]:
    """Without an exception, behind nginx: what nginx itself wrote, and how far it came with uWSGI."""
    said = next((entry.message for entry in reversed(seen.errors)), "")
    tried = seen.last_try
    if tried is None or (tried.header_s is not None and tried.status == seen.status):
        return seen.application, f"the application answered {seen.status}; no exception of it is in the logs"
    if said.startswith(_NGINX_SAID) or (not said and tried.connect_s is None):
        return "nginx", f"nginx had no usable answer of uWSGI: {said or 'it could not connect'}"
    if seen.status == 504:
        waited = f" within {seen.plan['nginx']['read_timeout_s']} s" if seen.plan["nginx"] else ""
        return "uwsgi", f"uWSGI gave no answer{waited}, and nginx stopped waiting"
    return "uwsgi", f"uWSGI broke off: {said or 'no answer came'}"


def _time(microseconds: int) -> str:
    return f"{microseconds / 1e6:.1f} s" if microseconds >= 1_000_000 else f"{microseconds / 1000:.0f} ms"
