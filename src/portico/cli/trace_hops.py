"""The way in, hop by hop: client, nginx, uWSGI and WSGI, each in its own format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from portico.cli.trace_rows import dim, flowing, hex_dump, labelled, padded, table, wrapped
from portico.export.trace_units import bytes_text, count_text, duration

Data = Mapping[str, Any]

_PACKET_ROWS = 8


def client(hop: Data, width: int) -> Iterator[str]:
    """The head of the request as it was sent."""
    sent = hop.get("in") or {}
    if sent.get("method"):
        path = "/" + str(sent.get("url") or "").partition("://")[2].partition("/")[2]
        yield f"{sent['method']} {path} HTTP/1.1"
    yield from _headers(sent)
    if sent.get("body_bytes"):
        yield dim(f"and a body of {bytes_text(sent['body_bytes'])}")


def nginx(hop: Data, width: int) -> Iterator[str]:
    """Which server and location took the request and why, and what they did with it."""
    came = hop.get("in") or {}
    sizes = [bytes_text(came[key]) + what for key, what in (("bytes", ""), ("body_bytes", " of body")) if came.get(key)]
    if came.get("request_line"):
        yield labelled("received", f"{came['request_line']}  {dim(' and '.join(sizes))}")
    server, location = hop.get("server") or {}, hop.get("location") or {}
    if server:
        yield from flowing("server", _placed(" ".join(server.get("names") or ()) or "(without a name)", server), width - 2)
    if location:
        yield from flowing("location", _placed(str(location.get("match") or ""), location), width - 2)
    yield from _action(hop, width)
    for line in hop.get("errors") or ():
        yield from flowing("error log", str(line), width - 2, colour="red")


def _placed(name: str, taken: Data) -> str:
    where = str(taken.get("where") or "").rpartition("/")[2]
    why = str(taken.get("why") or "")
    return name + (f" ({where})" if where else "") + (f": {why}" if why else "")


def _action(hop: Data, width: int) -> Iterator[str]:
    action, target, static = hop.get("action"), hop.get("target"), hop.get("static")
    if static:
        yield from _static(static, width)
    elif action == "uwsgi":
        yield labelled("hands over", f"in the uwsgi protocol to {target or 'the application'}")
    elif action == "file":
        yield labelled("reads", str(target or "a file"))
    elif action == "return":
        yield labelled("answers", f"itself: return {target or ''}")


def _static(static: Data, width: int) -> Iterator[str]:
    prefix, rest, alias = (str(static.get(key) or "") for key in ("prefix", "rest", "alias"))
    if not prefix and rest.startswith("/"):
        # A `root`: the whole path goes behind it.
        prefix, rest, alias = "/", rest[1:], f"{alias.rstrip('/')}/"
    yield from flowing("file", f"static; uWSGI never sees it: {prefix} is {alias}", width - 2)
    yield from flowing("", f"{prefix} + {rest}  becomes  {alias} + {rest}", width - 2)
    exists = static.get("exists")
    if exists is False:
        yield labelled("", "is not there")
    elif exists:
        modified = static.get("modified")
        size = bytes_text(static.get("bytes"))
        yield labelled("", ", ".join(filter(None, ("is there", size, f"changed {_when(modified)}" if modified else ""))))
    for name, value in static.get("cache") or ():
        yield labelled("cache", f"{name}: {value}")


def _when(modified: Any) -> str:
    if not isinstance(modified, (int, float)):
        return str(modified)
    return f"{datetime.fromtimestamp(modified, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def uwsgi(hop: Data, width: int) -> Iterator[str]:
    """The packet, byte for byte and variable by variable, and who took it."""
    came = hop.get("in") or {}
    if came.get("modifier1") is not None:
        modifiers = [f"modifier1 {came['modifier1']}{' (a WSGI request)' if came['modifier1'] == 0 else ''}"]
        modifiers += [f"size {bytes_text(came.get('size'))}", f"modifier2 {came.get('modifier2')}"]
        count = count_text(len(hop.get("vars") or {}), "variable")
        body = f", then a body of {bytes_text(came['body_bytes'])}" if came.get("body_bytes") else ""
        yield labelled("packet", f"{', '.join(modifiers)}: {count}{body}")
    packet = str(came.get("packet_hex") or "")
    yield from (f"  {row}" for row in hex_dump(packet, _PACKET_ROWS))
    more = -(-len(packet) // 32) - _PACKET_ROWS
    if more > 0:
        yield dim(f"  and {count_text(more, 'more row')}, which --json has")
    yield from _variables(hop, width)
    yield from _worker(hop)


def _variables(hop: Data, width: int) -> Iterator[str]:
    """name = value <- who set it; those without a value share a row."""
    variables, origin = hop.get("vars") or {}, hop.get("vars_from") or {}
    rows = [
        (name, f"= {value}", f"<- {_origin(origin[name])}" if name in origin else "") for name, value in variables.items()
    ]
    yield from table((row for row in rows if row[1] != "= "), "  ", (24, max(16, width - 66)))
    empty = [name for name, value in variables.items() if value == ""]
    if empty:
        yield from wrapped(empty, "empty:", "  ", width - 4)


def _origin(said: Data) -> str:
    """`uwsgi_params:13 $request_uri`; `client's User-Agent`."""
    by, where, as_ = str(said.get("by") or ""), str(said.get("where") or "").rpartition("/")[2], str(said.get("as") or "")
    if by == "client":
        return f"client's {as_ or where}".rstrip()
    return " ".join(filter(None, ("portico" if by == "portico" and where else "", where or by, as_)))


def _worker(hop: Data) -> Iterator[str]:
    parts = [str(hop["instance"])] if hop.get("instance") else []
    parts += [f"{key} {hop[key]}" for key in ("worker", "core", "pid") if hop.get(key) is not None]
    if hop.get("thread"):
        parts.append(f"thread {hop['thread']}")
    if parts:
        yield labelled("taken by", ", ".join(parts))
    if hop.get("queue_wait_us") is not None:
        yield labelled("waited", f"{duration(hop['queue_wait_us'])} in the listen queue, until the worker was free")


def wsgi(hop: Data, width: int) -> Iterator[str]:
    """What became of the packet's variables in the environ, and what the application raised."""
    came = hop.get("in") or {}
    environ = came.get("environ") or {}
    if environ:
        yield labelled("environ", f"the packet's variables as a dict of {count_text(len(environ), 'item')}")
    for label, key in (("added", "added"), ("removed", "removed")):
        names = list(came.get(key) or ())
        if names:
            yield from wrapped(names, padded(label, 10), "", width - 4)
    for name, before, after in came.get("changed") or ():
        yield labelled("changed", f"{name}: {before} -> {after}")
    raised = (hop.get("out") or {}).get("exception")
    if raised:
        yield from exception(raised)


def exception(raised: Data) -> Iterator[str]:
    """What was raised, and the line that raised it."""
    frame = raised.get("frame") or {}
    yield labelled("raised", f"{raised.get('type') or 'an exception'}: {raised.get('message') or ''}", "red")
    if frame.get("file"):
        yield labelled("", f"{frame['file']}:{frame.get('line', '?')} in {frame.get('function') or '?'}")
    if frame.get("code"):
        yield labelled("", f"  {frame['code']}", "red")


def _headers(message: Data) -> Iterator[str]:
    for name, value in message.get("headers") or ():
        yield f"{name}: {value}"
