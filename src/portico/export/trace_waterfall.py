"""The bars of a trace's waterfall: where each begins and how long it is, in hundredths of the whole. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portico.export.spans import Span, spans
from portico.export.trace_flow import ORDER
from portico.export.trace_units import duration

#: What a span's kind is called, and the section of the page that tells more.
_KINDS = {
    "queue": ("listen queue", "hop-uwsgi"),
    "middleware": ("middleware", "middleware"),
    "match": ("URL match", "view"),
    "view": ("view", "view"),
    "template": ("template", "templates"),
    "signal": ("signal", "signals"),
    "sql": ("SQL", "sql"),
}
_MARKS = 4


@dataclass(frozen=True)
class Bar:
    """One row. `left` and `width` are percent of the whole; `anchor` is the section of the page that tells more."""

    name: str
    hop: str
    kind: str
    says: str
    detail: str
    failed: bool
    depth: int
    left: float
    width: float
    took: str
    began: str
    anchor: str


@dataclass(frozen=True)
class Waterfall:
    """The bars from the client inwards and in the order of time, and the marks of the scale as (percent, time)."""

    bars: tuple[Bar, ...]
    marks: tuple[tuple[float, str], ...]


def waterfall(result: Mapping[str, Any]) -> Waterfall:
    """The waterfall of a trace: every span whose begin is known; empty where there is none."""
    timed = [(span, span.started_us or 0, span.ended_us or 0) for span in spans(result) if span.started_us is not None]
    whole = max((end for _, _, end in timed), default=0)
    if whole <= 0:
        return Waterfall((), ())
    marks = tuple((100 * part / _MARKS, duration(whole * part / _MARKS)) for part in range(_MARKS + 1))
    return Waterfall(tuple(_bar(span, began, whole) for span, began, _ in timed if span.hop in ORDER), marks)


def _bar(span: Span, began_us: int, whole_us: int) -> Bar:
    says, anchor = _KINDS.get(span.kind, ("hop", f"hop-{span.hop}"))
    return Bar(
        name=span.name,
        hop=span.hop,
        kind=span.kind,
        says=says,
        detail=span.detail,
        failed=span.failed,
        depth=span.depth,
        left=round(100 * began_us / whole_us, 3),
        width=round(100 * (span.duration_us or 0) / whole_us, 3),
        took=duration(span.duration_us),
        began=duration(began_us),
        anchor=anchor,
    )
