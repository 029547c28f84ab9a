"""A trace as a flat list of spans, for whatever draws or sends it: waterfall, page, OpenTelemetry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Data = Mapping[str, Any]

#: What lies outside comes first where two began in the same microsecond and lasted as long.
_RANK = {kind: rank for rank, kind in enumerate(("middleware", "match", "view", "template", "signal", "sql"))}
#: Microseconds by which an inner span may outlast the outer one: both ends were rounded.
_ROUNDED_US = 2


@dataclass(frozen=True)
class Span:
    """Something that took a while.

    `kind` is hop, queue (the wait in uWSGI's listen queue), middleware, match, view, template, signal, sql or server-timing.
    `depth` counts from the client, 0. `started_us` counts microseconds from the client's begin; None where nobody knows, as
    for every entry of a Server-Timing header. `duration_us` is None where it was not measured. `source` is the record of the
    trace the span was made of.
    """

    name: str
    hop: str
    kind: str
    depth: int
    started_us: int | None
    duration_us: int | None
    detail: str = ""
    failed: bool = False
    source: Data = field(default_factory=dict, compare=False, repr=False)

    @property
    def ended_us(self) -> int | None:
        """Microseconds from the client's begin; None where the begin is unknown."""
        return None if self.started_us is None else self.started_us + (self.duration_us or 0)


def spans(result: Data) -> tuple[Span, ...]:
    """The spans of a trace, depth first and in the order of time; the parent of a span is the nearest one before it that is
    less deep. Hops lie in each other as the request goes; within Django, what another thing's time contains lies in it.
    What a Server-Timing header says comes last, one deeper than the hop that sent it."""
    hops = list(result.get("hops") or ())
    sender = _sender(hops)
    made: list[Span] = []
    for depth, hop in enumerate(hops):
        made.append(_hop(hop, depth, result))
        made += _queue(hop, depth + 1)
        if hop.get("hop") == "django":
            made += _nested(_django(hop), depth + 1)
    made += [_server_timing(entry, sender, hops) for entry in result.get("server_timing") or ()]
    return tuple(made)


def _hop(hop: Data, depth: int, result: Data) -> Span:
    name = str(hop.get("hop", "?"))
    dead = result.get("died_at") == name
    tells = _HOP_DETAIL.get(name)
    detail = str(result.get("died") or "") if dead else tells(hop) if tells else ""
    return Span(name, name, "hop", depth, hop.get("started_us"), hop.get("duration_us"), detail, dead, hop)


def _queue(hop: Data, depth: int) -> list[Span]:
    waited = hop.get("queue_wait_us")
    if not waited:
        return []
    return [
        Span("listen queue", "uwsgi", "queue", depth, hop.get("started_us"), waited, "until a worker took it", False, hop)
    ]


def _client(hop: Data) -> str:
    came = hop.get("in") or {}
    return f"{came.get('method', '')} {came.get('url', '')}".strip()


def _nginx(hop: Data) -> str:
    match = (hop.get("location") or {}).get("match")
    action = hop.get("action")
    return " ".join(filter(None, (f"location {match}" if match else "", action if action not in (None, "unknown") else "")))


def _uwsgi(hop: Data) -> str:
    parts = [str(hop["instance"])] if hop.get("instance") else []
    parts += [f"{key} {hop[key]}" for key in ("worker", "core") if hop.get(key) is not None]
    return ", ".join(parts)


_HOP_DETAIL: dict[str, Callable[[Data], str]] = {
    "client": _client,
    "nginx": _nginx,
    "uwsgi": _uwsgi,
    "wsgi": lambda hop: str(hop.get("callable") or ""),
    "django": lambda hop: str(hop.get("settings") or ""),
}


def _django(hop: Data) -> list[Span]:
    """What happened within Django, on no level yet."""

    def made(kind: str, name: str, source: Data, detail: str = "", failed: bool = False) -> Span:
        return Span(name, "django", kind, 0, source.get("started_us"), source.get("duration_us"), detail, failed, source)

    found = [made("middleware", _last(_name(one)), one, _name(one)) for one in hop.get("middleware") or ()]
    match, view = hop.get("match"), hop.get("view")
    if match:
        found.append(made("match", "URL match", match, f"{match.get('route') or '(root)'} -> {match.get('view', '')}"))
    if view:
        found.append(made("view", _last(_name(view)), view, _name(view), bool(hop.get("exceptions"))))
    found += [made("template", _name(one), one) for one in hop.get("templates") or ()]
    found += [
        made(
            "signal", _last(_name(one)), one, f"{one.get('sender') or 'any sender'}, receivers: {one.get('receivers', '?')}"
        )
        for one in hop.get("signals") or ()
    ]
    for one in hop.get("sql") or ():
        statement = " ".join(str(one.get("statement") or "?").split())
        found.append(made("sql", statement, one, str(one.get("error") or one.get("alias") or ""), bool(one.get("error"))))
    return found


def _name(record: Data) -> str:
    return str(record.get("name") or "?")


def _last(dotted: str) -> str:
    return str(dotted).rsplit(".", 1)[-1]


def _nested(found: Iterable[Span], depth: int) -> list[Span]:
    """In the order of time, each as deep as the spans that contain it; those of unknown begin at the end."""
    timed = [span for span in found if span.started_us is not None]
    timed.sort(key=lambda span: (span.started_us, -(span.duration_us or 0), _RANK[span.kind]))
    made: list[Span] = []
    around: list[Span] = []
    for span in timed:
        while around and not _contains(around[-1], span):
            around.pop()
        made.append(replace(span, depth=depth + len(around)))
        around.append(span)
    return made + [replace(span, depth=depth) for span in found if span.started_us is None]


def _contains(outer: Span, inner: Span) -> bool:
    end, inner_end = outer.ended_us, inner.ended_us
    return end is not None and inner_end is not None and inner_end <= end + _ROUNDED_US and (inner.started_us or 0) <= end


def _sender(hops: list[Data]) -> int:
    """The place of the innermost hop whose response has a Server-Timing header; of the last where none is seen."""
    for place in reversed(range(len(hops))):
        headers = (hops[place].get("out") or {}).get("headers") or ()
        if any(str(name).lower() == "server-timing" for name, _ in headers):
            return place
    return len(hops) - 1


def _server_timing(entry: Data, place: int, hops: list[Data]) -> Span:
    sender = str(hops[place].get("hop", "?")) if hops else "client"
    milliseconds = entry.get("duration_ms")
    duration = None if milliseconds is None else round(milliseconds * 1000)
    detail = str(entry.get("description") or "")
    return Span(_name(entry), sender, "server-timing", place + 1, None, duration, detail, False, entry)
