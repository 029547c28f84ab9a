"""The text of `portico trace`: where the time went, each hop in the order of the request, and the way back."""

from __future__ import annotations

import shlex
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from portico.cli import trace_hops
from portico.cli.trace_back import back
from portico.cli.trace_django import django
from portico.cli.trace_rows import bold, clip, dim, flowing, harmless, hop_colour, width_of
from portico.cli.trace_waterfall import headline, waterfall
from portico.export.spans import spans
from portico.export.trace_units import duration

Data = Mapping[str, Any]

_NARROWEST, _WIDEST, _UNKNOWN = 60, 160, 100
_INDENT, _LABEL = "  ", 6
#: A command to copy, which is never cut.
_NEXT = "next  "
_SECTIONS: dict[str, Callable[[Data, int], Iterator[str]]] = {
    "client": trace_hops.client,
    "nginx": trace_hops.nginx,
    "uwsgi": trace_hops.uwsgi,
    "wsgi": trace_hops.wsgi,
    "django": django,
}


def text(data: Data) -> str:
    """A trace for the terminal, no row wider than it; what does not fit is cut, and `--json` has it."""
    width = min(_WIDEST, max(_NARROWEST, shutil.get_terminal_size((_UNKNOWN, 24)).columns))
    lines = (line.rstrip() for line in _lines(harmless(data), width))
    return "\n".join(line if line.startswith(_NEXT) else clip(line, width) for line in lines)


def _lines(data: Data, width: int) -> Iterator[str]:
    yield from _head(data, width)
    slow = headline(spans(data), int(data.get("duration_us") or 0)) if data.get("kind") != "logs" else ""
    yield from [slow] if slow else []
    drawn = waterfall(data, width)
    yield from ["", *drawn] if drawn else []
    for hop in data.get("hops") or ():
        yield from _section(hop, width)
    yield from _way_back(data, width)
    notes = list(data.get("notes") or ())
    if notes:
        yield ""
        for note in notes:
            yield from flowing("note", str(note), width, _LABEL)


def _head(data: Data, width: int) -> Iterator[str]:
    status = int(data.get("status") or 0)
    colour = "red" if status >= 500 or not status else "yellow" if status >= 400 else "green"
    reason = next((str((hop.get("out") or {}).get("reason") or "") for hop in data.get("hops") or ()), "")
    told = click.style(f"{status or 'no answer'} {reason}".rstrip(), fg=colour, bold=True)
    asked = bold(f"{data.get('method') or ''} {data.get('url') or ''}".strip())
    yield "  ".join(filter(None, (asked, told, duration(data.get("duration_us")))))
    yield dim("  ".join(_about(data)))
    if data.get("died_at"):
        sentence = f"died at {data['died_at']}: {data.get('died') or 'nothing says why'}"
        yield from (click.style(row, fg="red", bold=True) for row in textwrap.wrap(sentence, width, break_on_hyphens=False))
        yield f"{_NEXT}portico doctor {shlex.quote(str(data.get('url') or ''))}"


def _about(data: Data) -> Iterator[str]:
    if data.get("request_id"):
        yield f"request {data['request_id']}"
    trace_id = (data.get("traceparent") or {}).get("trace_id")
    if trace_id and trace_id != data.get("request_id"):
        yield f"trace {trace_id}"
    if data.get("release") is not None:
        yield f"release {data['release']}"
    if data.get("kind") == "logs":
        yield "as far as the logs tell"
    elif data.get("masked"):
        yield "masked (--reveal shows all)"


def _section(hop: Data, width: int) -> Iterator[str]:
    name = str(hop.get("hop") or "?")
    tells = _SECTIONS.get(name)
    rows = list(tells(hop, width)) if tells else []
    yield from _rule(name, _title(hop), width)
    yield from (_INDENT + row for row in rows)


def _rule(name: str, title: str, width: int) -> Iterator[str]:
    yield ""
    line = f"{name}  {title}".rstrip() + " "
    yield hop_colour(name, line, bold=True) + hop_colour(name, "─" * max(2, width - width_of(line)))


def _title(hop: Data) -> str:
    name = hop.get("hop")
    version = str(hop.get("version") or "")
    said = {
        "nginx": (version, f"on {hop['address']}" if hop.get("address") else ""),
        "uwsgi": (version, f"on {hop['address']}" if hop.get("address") else ""),
        "wsgi": (str(hop.get("callable") or ""), f"in Python {hop['python']}" if hop.get("python") else ""),
        "django": (version, str(hop.get("settings") or "")),
    }.get(str(name), ())
    when = f"{duration(hop.get('duration_us'))} from {duration(hop['started_us'])} on" if hop.get("started_us") else ""
    return "  ".join(filter(None, (*said, when or duration(hop.get("duration_us")))))


def _way_back(data: Data, width: int) -> Iterator[str]:
    rows = list(back(data, width))
    if rows:
        yield from _rule("back", "the response on its way to the client", width)
        yield from (_INDENT + row for row in rows)
