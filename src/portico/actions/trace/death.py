"""Where a traced request died, from both sides of every hop. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portico.actions.trace.live_hops import Hop, Live
from portico.actions.trace.raised import raised


def death(live: Live, hops: Sequence[Hop]) -> tuple[str | None, str | None]:
    """The hop and one sentence; both None for a request that was answered with less than 500, and not refused by nginx."""
    received = live.captured.received
    named = {hop["hop"]: hop for hop in hops}
    if not received.status:
        return _silent(live, named)
    if live.tapped is None and live.plan.nginx:
        return _by_nginx(live, named) if received.status >= 400 and not live.unseen else (None, None)
    if received.status < 500 and not received.error:
        return _cut(named)
    return _behind(live, named)


def _silent(live: Live, named: dict[str, Hop]) -> tuple[str | None, str]:
    error = live.captured.received.error or "no answer"
    if not live.captured.received.sent_ns:
        first = "nginx" if live.plan.nginx else "uwsgi"
        return first, f"nothing accepts connections on {live.captured.address or live.plan.listen}: {error}"
    if live.tapped or live.events:
        return _behind(live, named, error)
    return ("nginx" if live.plan.nginx else "uwsgi"), f"the connection was taken, but {error}"


def _by_nginx(live: Live, named: dict[str, Hop]) -> tuple[str, str]:
    hop = named.get("nginx", {})
    static, said = hop.get("static"), _last(hop.get("errors") or [])
    status = live.captured.received.status
    if static and not static.get("exists"):
        return "nginx", f"there is no file {static['file']}"
    return "nginx", said or f"nginx answered {status} itself and never asked the application"


def _cut(named: dict[str, Hop]) -> tuple[str | None, str | None]:
    """Of an answer without a length nobody sees that it is not whole."""
    left = named.get("wsgi", {}).get("out", {}).get("exception") or {}
    return ("wsgi", f"{_raised(left)}; the answer ends there") if left.get("where") == "body" else (None, None)


def _behind(live: Live, named: dict[str, Hop], error: str = "") -> tuple[str, str]:
    """Died at uWSGI or in the application."""
    tapped = live.tapped
    if tapped and not tapped.connected_ns:
        return "uwsgi", f"nothing accepts connections on {tapped.upstream}: {tapped.error or 'no answer'}"
    deepest = next((name for name in ("django", "wsgi") if name in named), "")
    if exceptions := named.get("django", {}).get("exceptions"):
        return "django", _raised(exceptions[-1])
    if left := named.get("wsgi", {}).get("out", {}).get("exception"):
        return "wsgi", _raised(left)
    if deepest and named[deepest].get("unfinished"):
        return deepest, _unfinished(live, named[deepest], error)
    if deepest:
        status = live.captured.received.status
        return deepest, f"the application answered {status}" if status >= 500 else error or live.captured.received.error
    said = _last(named.get("nginx", {}).get("errors") or [])
    return "uwsgi", said or error or "uWSGI took the request and no worker began with it"


def _raised(one: dict[str, Any]) -> str:
    frame = one.get("frame")
    place = (frame["file"], frame["line"], frame["function"]) if frame else None
    return raised(str(one.get("type")), str(one.get("message") or ""), place)


def _unfinished(live: Live, hop: Hop, error: str) -> str:
    view = hop.get("view") or {}
    what = f"the view {view['name']}" if view.get("unfinished") and view.get("name") else "the application"
    waited = "its worker ended" if live.tapped and live.tapped.answer_bytes == 0 and not error else error or "it was cut off"
    return f"{what} had not finished: {waited}"


def _last(lines: Sequence[str]) -> str:
    """The message of nginx's last line, without time and process."""
    return lines[-1].partition("#")[2].partition(": ")[2] if lines else ""
