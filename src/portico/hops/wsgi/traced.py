"""The `wsgi` hop of a trace, from what the recorder inside the worker sent (`inside/trace_wsgi.py` names the events).

An event is a decoded JSON line {"e": name, "t": nanoseconds of CLOCK_MONOTONIC, ...}. The list may end anywhere: a worker
that was killed sends nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: What names a trace; the application never sees them.
OWN = ("PORTICO_TRACE", "HTTP_X_PORTICO_TRACE_TOKEN")


def wsgi_hop(events: Sequence[Mapping[str, Any]], began_ns: int) -> dict[str, Any] | None:
    """The hop, or None when the application was not reached. Times are microseconds after `began_ns`.

    `unfinished` is true when the worker was gone before the end of the request. `in.added`, `removed` and `changed` are
    empty: see `compare_environ`. `out.bytes` is None for a file that uWSGI sends by itself; `out.file_bytes` is its size.
    """
    start = started_ns(events)
    if start is None:
        return None
    entered, done = _first(events, "in"), _first(events, "done")
    end = int((done or max(events, key=_time)).get("t", start))
    hop: dict[str, Any] = {
        "hop": "wsgi",
        "started_us": (start - began_ns) // 1000,
        "duration_us": max(0, end - start) // 1000,
        "callable": str(entered.get("callable", "")),
        "python": str(entered.get("python", "")),
        "in": {"environ": dict(_first(events, "call").get("environ") or {}), "added": [], "removed": [], "changed": []},
        "out": _out(events, began_ns),
    }
    return hop if done else {**hop, "unfinished": True}


def started_ns(events: Sequence[Mapping[str, Any]]) -> int | None:
    """When the worker began with the request, in nanoseconds of CLOCK_MONOTONIC; None when it did not."""
    at = _first(events, "in").get("t")
    return at if isinstance(at, int) else None


def worker_of(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{"pid", "worker", "core", "thread", "version"} of the uWSGI worker; what it did not say is absent."""
    entered = _first(events, "in")
    return {key: entered[key] for key in ("pid", "worker", "core", "thread", "version") if entered.get(key) is not None}


def compare_environ(sent: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, Any]:
    """What became of the variables of the packet (`sent`) on the way into the environ: {"added": names, "removed": names,
    "changed": [[name, from, to]]}. The variables that name the trace count as neither."""
    return {
        "added": [name for name in environ if name not in sent and name not in OWN],
        "removed": [name for name in sent if name not in environ and name not in OWN],
        "changed": [[name, value, environ[name]] for name, value in sent.items() if environ.get(name, value) != value],
    }


def _out(events: Sequence[Mapping[str, Any]], began_ns: int) -> dict[str, Any]:
    # The last one counts: an error page may replace what was announced before.
    announced: Mapping[str, Any] = next((event for event in reversed(events) if event.get("e") == "start_response"), {})
    returned, done = _first(events, "returned"), _first(events, "done")
    parts = [event for event in events if event.get("e") in ("chunk", "write")]
    chunks = [{"at_us": (_time(event) - began_ns) // 1000, "bytes": _count(event, "bytes")} for event in parts]
    out: dict[str, Any] = {
        "status": str(announced.get("status", "")),
        "headers": [list(pair) for pair in announced.get("headers", ())],
        "chunks": chunks,
        "chunk_count": _count(done, "chunks") if done else len(chunks),
        "bytes": _count(done, "bytes") if done else sum(chunk["bytes"] for chunk in chunks),
    }
    if announced:
        out["start_response_us"] = (_time(announced) - began_ns) // 1000
    if returned.get("kind") == "file":
        out.update(bytes=None, file_bytes=returned.get("bytes"))
    elif returned.get("kind") == "bytes":
        size = _count(returned, "bytes")
        out.update(
            chunks=[*chunks, {"at_us": (_time(returned) - began_ns) // 1000, "bytes": size}], chunk_count=len(chunks) + 1
        )
    raised = [event for event in events if event.get("e") == "raised"]
    if raised:
        out["exception"] = {**_exception(events, raised[0].get("id")), "where": str(raised[0].get("where", ""))}
    return out


def _exception(events: Sequence[Mapping[str, Any]], number: Any) -> dict[str, Any]:
    keys = ("type", "message", "frame", "traceback")
    found = (event for event in events if event.get("e") == "exception" and event.get("id") == number)
    return {key: event[key] for event in found for key in keys if key in event}


def _first(events: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next((event for event in events if event.get("e") == name), {})


def _time(event: Mapping[str, Any]) -> int:
    at = event.get("t")
    return at if isinstance(at, int) else 0


def _count(event: Mapping[str, Any], key: str) -> int:
    value = event.get(key)
    return value if isinstance(value, int) else 0
