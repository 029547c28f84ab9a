"""The `django` hop of a trace, from what the recorder inside the worker sent.

`inside/trace_layers.py`, `trace_django.py`, `trace_hooks.py`, `trace_parts.py` and `trace_sql.py` send the events. The list
may end anywhere: what is open then ends with the last event and is marked `unfinished`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portico.hops.django.traced_layers import middleware
from portico.hops.django.traced_spans import Event, Span, of_kind, spans_of, time_of

_OWN_EVENTS = ("span", "out", "request", "response", "exception")


def django_hop(events: Sequence[Event], began_ns: int, settings: str = "") -> dict[str, Any] | None:
    """The hop, or None when the request did not come to Django. Times are microseconds after `began_ns`.

    It lasts from the first thing Django did to the last, which is `request_finished` after the body. `settings` is the
    settings module where Django did not name it.
    """
    own = [event for event in events if _of_django(event)]
    if not any(event.get("e") in ("span", "request") for event in own):
        return None
    spans = spans_of(events)
    first, last = min(map(time_of, own)), max([*map(time_of, own), *(span.ended for span in spans)])
    request, response = _first(own, "request"), _first(own[::-1], "response")
    hop: dict[str, Any] = {
        "hop": "django",
        "started_us": (first - began_ns) // 1000,
        "duration_us": (last - first) // 1000,
        "version": str(request.get("version", "")),
        "settings": str(request.get("settings") or settings),
        "in": {"method": str(request.get("method", "")), "path": str(request.get("path", ""))},
        "out": {"status": response.get("status"), "headers": [list(pair) for pair in response.get("headers") or ()]},
        "middleware": middleware(spans, began_ns),
        "match": _match(of_kind(spans, "resolve"), began_ns),
        "view": _view(of_kind(spans, "view"), began_ns),
        "templates": [_template(span, began_ns) for span in of_kind(spans, "template")],
        "sql": [_statement(span, began_ns) for span in of_kind(spans, "sql")],
        "sql_us": sum(span.ended - span.began for span in of_kind(spans, "sql")) // 1000,
        "signals": [_signal(span, began_ns) for span in of_kind(spans, "signal")],
        "exceptions": _exceptions(own, of_kind(spans, "handling"), began_ns),
    }
    dropped = _first(events, "done").get("dropped")
    if dropped:
        hop["dropped"] = dict(dropped)
    if not all(span.finished for span in spans):
        hop["unfinished"] = True
    return hop


def _of_django(event: Event) -> bool:
    """An exception that was first met outside of Django is not Django's."""
    if not time_of(event) or event.get("e") not in _OWN_EVENTS:
        return False
    return event.get("e") != "exception" or event.get("by") in ("view", "handler", "body")


def _match(found: Sequence[Span], began_ns: int) -> dict[str, Any] | None:
    """The last one: a middleware may have looked the URL up before."""
    if not found or "route" not in found[-1].after:
        return None
    keys = ("route", "view", "url_name", "args", "kwargs")
    return {**{key: found[-1].after.get(key) for key in keys}, **found[-1].times(began_ns)}


def _view(found: Sequence[Span], began_ns: int) -> dict[str, Any] | None:
    if not found:
        return None
    span = found[0]
    return {"name": str(span.before.get("name", "")), **span.times(began_ns), "async": bool(span.before.get("async"))}


def _template(span: Span, began_ns: int) -> dict[str, Any]:
    return {
        "name": str(span.before.get("name", "")),
        **span.times(began_ns),
        "depth": int(span.before.get("depth") or 0),
    }


def _statement(span: Span, began_ns: int) -> dict[str, Any]:
    return {
        "statement": str(span.before.get("statement", "")),
        **span.times(began_ns),
        "alias": str(span.before.get("alias", "")),
        "many": bool(span.before.get("many")),
        "rows": span.before.get("rows"),
        "params": span.before.get("params"),
        "error": span.after.get("error"),
    }


def _signal(span: Span, began_ns: int) -> dict[str, Any]:
    return {
        "name": str(span.before.get("name", "")),
        "sender": str(span.before.get("sender", "")),
        "receivers": int(span.before.get("receivers") or 0),
        **span.times(began_ns),
    }


def _exceptions(events: Sequence[Event], handled: Sequence[Span], began_ns: int) -> list[dict[str, Any]]:
    """`status` is that of the response Django made of it; None when it made none, because somebody else caught it."""
    statuses = {span.before.get("exception"): span.after.get("status") for span in handled}
    return [
        {
            "type": str(event.get("type", "")),
            "message": str(event.get("message", "")),
            "status": statuses.get(event.get("id")),
            "frame": event.get("frame"),
            "traceback": [str(line) for line in event.get("traceback") or ()],
            "at_us": (time_of(event) - began_ns) // 1000,
        }
        for event in events
        if event.get("e") == "exception"
    ]


def _first(events: Sequence[Event], name: str) -> Event:
    return next((event for event in events if event.get("e") == name), {})
