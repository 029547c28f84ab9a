"""The text of `portico demo`: two requests, a line for each hop, and what to try next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from portico.export.spans import Span, spans
from portico.export.trace_units import bytes_text, count_text, duration

Data = Mapping[str, Any]

_LEADS = (
    "A view: nginx hands the request on, and uWSGI calls Django",
    "A file: nginx reads it, and uWSGI never hears of it",
)
#: Cells of the longest bar.
_CELLS = 30


def text(data: Data) -> str:
    """Both requests, each under a heading, and the commands to go on with."""
    parts = ["\n".join(_request(lead, trace)) for lead, trace in zip(_LEADS, data["traces"], strict=True)]
    width = max(len(row["run"]) for row in data["next"])
    rows = [f"  {row['run']:<{width}}   {row['what']}" for row in data["next"]]
    return "\n" + "\n\n".join([*parts, "\n".join([click.style("Now you", bold=True), *rows])])


def _request(lead: str, trace: Data) -> list[str]:
    head = f"  {trace['method']} {trace['url']}  {trace['status'] or 'no answer'} in {duration(trace['duration_us'])}"
    rows = [_row(span, trace) for span in spans(trace) if span.kind == "hop"]
    died = [click.style(f"  {trace['died_at']}: {trace['died']}", fg="red")] if trace.get("died") else []
    return [click.style(lead, bold=True), head, *rows, *died]


def _row(span: Span, trace: Data) -> str:
    """A bar to scale, its time, and what the hop did."""
    whole = max(1, trace["duration_us"])
    begin, took = span.started_us or 0, span.duration_us or 0
    left = min(_CELLS - 1, round(_CELLS * begin / whole))
    bar = " " * left + "█" * max(1, min(_CELLS - left, round(_CELLS * took / whole)))
    fact = _FACTS[span.hop](span.source) if span.hop in _FACTS else ""
    return f"    {span.hop:<7} {bar:<{_CELLS}} {duration(took):>8}  {fact}"


def _client(hop: Data) -> str:
    out = hop.get("out") or {}
    return f"has {bytes_text(out.get('body_bytes'))}, the first after {duration(out.get('first_byte_us'))}"


def _nginx(hop: Data) -> str:
    place = hop.get("location") or {}
    where = f"location {place.get('match')} ({place.get('where')})" if place else "no location"
    static = hop.get("static")
    if not static:
        return f"{where}: turns HTTP into the uwsgi protocol"
    kept = next((value for name, value in static.get("cache") or () if name.lower() == "cache-control"), "")
    return f"{where}: {static.get('file')}" + (f"; {kept}" if kept else "")


def _uwsgi(hop: Data) -> str:
    count = count_text(len(hop.get("vars") or ()), "variable")
    size = bytes_text((hop.get("in") or {}).get("size"))
    return f"{hop.get('instance')}, worker {hop.get('worker')}: a packet of {size}, {count}"


def _wsgi(hop: Data) -> str:
    out = hop.get("out") or {}
    return f"{hop.get('callable')}: called with {len((hop.get('in') or {}).get('environ') or ())} entries of environ" + (
        f", answers {out['status']}" if out.get("status") else ""
    )


def _django(hop: Data) -> str:
    match = hop.get("match") or {}
    counts = (
        count_text(len(hop.get("middleware") or ()), "middleware", "middlewares"),
        count_text(len(hop.get("templates") or ()), "template"),
        count_text(len(hop.get("sql") or ()), "SQL statement"),
    )
    return f"/{match.get('route', '')} is {match.get('view', 'no view')}; {', '.join(counts)}"


_FACTS: Mapping[str, Callable[[Data], str]] = {
    "client": _client,
    "nginx": _nginx,
    "uwsgi": _uwsgi,
    "wsgi": _wsgi,
    "django": _django,
}
