"""The text of `portico demo`: two requests, a line for each hop, and what to try next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from portico.cli.trace_rows import COLOURS
from portico.export.spans import Span, spans
from portico.export.trace_units import bytes_text, count_text, duration

Data = Mapping[str, Any]

_LEADS = (
    "A view: nginx hands the request on, and uWSGI calls Django",
    "A file: nginx reads it, and uWSGI never hears of it",
)
#: Cells of the longest bar.
_CELLS = 24


def text(data: Data) -> str:
    """Both requests, each under a heading, and the commands to go on with."""
    parts = ["\n".join(_request(lead, trace)) for lead, trace in zip(_LEADS, data["traces"], strict=True)]
    width = max(len(row["run"]) for row in data["next"])
    rows = [f"  {row['run']:<{width}}   {row['what']}" for row in data["next"]]
    return "\n" + "\n\n".join([*parts, "\n".join([click.style("Now you", bold=True), *rows])])


def _request(lead: str, trace: Data) -> list[str]:
    head = f"  {trace['method']} {trace['url']}  {trace['status'] or 'no answer'} in {duration(trace['duration_us'])}"
    rows = [line for span in spans(trace) if span.kind == "hop" for line in _rows(span, trace)]
    died = [click.style(f"  {trace['died_at']}: {trace['died']}", fg="red")] if trace.get("died") else []
    return [click.style(lead, bold=True), head, *rows, *died]


def _rows(span: Span, trace: Data) -> list[str]:
    """A bar to scale, its time, and what the hop did; below it what is too long to stand beside a bar."""
    whole = max(1, trace["duration_us"])
    begin, took = span.started_us or 0, span.duration_us or 0
    left = min(_CELLS - 1, round(_CELLS * begin / whole))
    bar = " " * left + "█" * max(1, min(_CELLS - left, round(_CELLS * took / whole)))
    first, *more = _FACTS[span.hop](span.source) if span.hop in _FACTS else [""]
    coloured = click.style(f"{bar:<{_CELLS}}", fg=COLOURS.get(span.hop))
    head = f"    {span.hop:<7} {coloured} {duration(took):>8}  "
    return [head + first, *(" " * (12 + _CELLS + 11) + row for row in more)]


def _client(hop: Data) -> list[str]:
    out = hop.get("out") or {}
    return [f"{bytes_text(out.get('body_bytes'))}, the first after {duration(out.get('first_byte_us'))}"]


def _nginx(hop: Data) -> list[str]:
    place = hop.get("location") or {}
    where = f"location {place.get('match')} ({place.get('where')})" if place else "no location"
    static = hop.get("static")
    if not static:
        return [f"{where}: over to uWSGI"]
    kept = next((value for name, value in static.get("cache") or () if name.lower() == "cache-control"), "")
    return [f"{where}: a file", str(static.get("file")), *([f"Cache-Control: {kept}"] if kept else [])]


def _uwsgi(hop: Data) -> list[str]:
    count = count_text(len(hop.get("vars") or ()), "variable")
    size = bytes_text((hop.get("in") or {}).get("size"))
    return [f"worker {hop.get('worker')}: a packet of {size}, {count}"]


def _wsgi(hop: Data) -> list[str]:
    out, environ = hop.get("out") or {}, (hop.get("in") or {}).get("environ") or ()
    return [f"{hop.get('callable')}: {len(environ)} in environ, {out.get('status') or 'no status'}"]


def _django(hop: Data) -> list[str]:
    match = hop.get("match") or {}
    counts = (
        ("middleware", "middleware", "middlewares"),
        ("templates", "template", "templates"),
        ("sql", "SQL statement", "SQL statements"),
    )
    told = [count_text(len(hop[key]), one, many) for key, one, many in counts if hop.get(key)]
    return ["; ".join([str(match.get("view") or "no view"), *told])]


_FACTS: Mapping[str, Callable[[Data], list[str]]] = {
    "client": _client,
    "nginx": _nginx,
    "uwsgi": _uwsgi,
    "wsgi": _wsgi,
    "django": _django,
}
