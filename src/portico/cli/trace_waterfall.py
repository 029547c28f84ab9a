"""The waterfall of a trace in the terminal: a row for whatever took time, and what took the most of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from portico.cli.trace_rows import bar, bold, clip, dim, hop_colour, padded
from portico.export.spans import Span, spans
from portico.export.sql_shape import REPEATED, shape
from portico.export.trace_units import duration

Data = Mapping[str, Any]

_MOST_ROWS = 26
#: A middleware with less of its own, as a share of the whole, goes into one row with the others.
_WORTH_A_ROW = 0.05
#: Shares and microseconds from which on something is worth red.
_RED_SHARE, _RED_US = 0.2, 5000
#: A template or a signal with less of the whole is told of in Django's section only.
_SMALL, _SMALL_SHARE = ("signal", "template"), 0.02
_TABLE = re.compile(r"\b(?:from|into|update)\s+([\w.]+)", re.IGNORECASE)
_QUOTES = str.maketrans("", "", '"`[]')


@dataclass(frozen=True)
class Group:
    """Spans of one kind that are the same but for their values. `own_us` is what no inner span took."""

    name: str
    kind: str
    count: int
    own_us: int


def brief(statement: str) -> str:
    """`SELECT auth_user`: what a statement does to which table."""
    bare = statement.translate(_QUOTES)
    table = _TABLE.search(bare)
    return " ".join([*bare.split(maxsplit=1)[:1], *([table[1]] if table else bare.split(maxsplit=1)[1:])])


def slowest(made: Sequence[Span]) -> list[Group]:
    """What took time of its own, the longest first; statements of one shape count together, and the client does not count:
    it waits."""
    own: dict[tuple[str, str], Group] = {}
    for span, own_us in zip(made, own_times(made), strict=True):
        if own_us <= 0 or span.kind == "server-timing" or span.hop == "client":
            continue
        name = shape(span.name) if span.kind == "sql" else span.name
        known = own.get((span.kind, name), Group(name, span.kind, 0, 0))
        own[span.kind, name] = replace(known, count=known.count + 1, own_us=known.own_us + own_us)
    return sorted(own.values(), key=lambda group: -group.own_us)


def own_times(made: Sequence[Span]) -> list[int]:
    """For each span its microseconds without those of the spans directly in it. What a middleware says of itself counts
    instead; the rest is Django's own: it answers an exception between two of them."""
    own = [span.duration_us or 0 for span in made]
    around: list[int] = []
    for place, span in enumerate(made):
        while around and made[around[-1]].depth >= span.depth:
            around.pop()
        if around and span.kind != "server-timing":
            own[around[-1]] -= span.duration_us or 0
        around.append(place)
    django = next((place for place, span in enumerate(made) if span.name == "django" and span.kind == "hop"), None)
    for place, span in enumerate(made):
        said = span.source.get("own_us") if span.kind == "middleware" else None
        if said is not None and django is not None and said < own[place]:
            own[django] += own[place] - said
            own[place] = said
    return own


def headline(made: Sequence[Span], whole_us: int) -> str:
    """Where the time went, in one line; empty where nothing was measured."""
    groups = [group for group in slowest(made)[:3] if group.own_us * 100 >= whole_us]
    if not groups or not whole_us or all(span.hop in ("client", "nginx") for span in made):
        return ""
    first, *others = [
        f"{_called(group)} {duration(group.own_us)} ({100 * group.own_us / whole_us:.0f} %)" for group in groups
    ]
    return "   ".join([dim("most time"), click.style(first, bold=True, fg=_red(groups[0].own_us, whole_us)), *others])


def _red(own_us: int, whole_us: int) -> str | None:
    return "red" if own_us >= _RED_US and own_us >= _RED_SHARE * whole_us else None


def _called(group: Group) -> str:
    name = brief(group.name) if group.kind == "sql" else group.name
    times = f"{group.count} x " if group.count > 1 else ""
    kind = "" if group.kind in ("hop", "queue", "match", "sql") else f"{group.kind} "
    return times + kind + clip(name, 32)


@dataclass(frozen=True)
class _Row:
    span: Span
    count: int
    label: str
    took_us: int | None


def waterfall(result: Data, width: int) -> list[str]:
    """Rows to scale; empty where no hop has a begin."""
    made = spans(result)
    timed = [span for span in made if span.started_us is not None]
    whole = max([int(result.get("duration_us") or 0), *(span.ended_us or 0 for span in timed)], default=0)
    if not timed or not whole:
        return []
    rows = _rows(made, whole)
    most = max(range(len(rows)), key=lambda at: _weight(rows[at], made))
    left = min(44, max(24, width * 2 // 5))
    bars = width - left - 12
    red = _red(_weight(rows[most], made), whole) is not None
    drawn = [_drawn(row, whole, left, bars, red and at == most) for at, row in enumerate(rows)]
    if len(rows) == _MOST_ROWS:
        drawn.append(dim("  what took less time than all of these is left out: --json and --html have it"))
    return drawn


def _weight(row: _Row, made: Sequence[Span]) -> int:
    """Own time of what a row stands for; the client's wait and what has no bar weigh nothing."""
    if row.span.hop == "client" or row.span.started_us is None:
        return -1
    alike = [group for group in slowest(made) if group.kind == row.span.kind and group.name == _group_name(row.span)]
    return alike[0].own_us if alike else 0


def _group_name(span: Span) -> str:
    return shape(span.name) if span.kind == "sql" else span.name


def _rows(made: Sequence[Span], whole: int) -> list[_Row]:
    """What is drawn: light middleware and repeated statements as one row each, and at most so many rows."""
    own = own_times(made)
    light = [
        place
        for place, span in enumerate(made)
        if span.kind == "middleware" and own[place] < _WORTH_A_ROW * whole and not span.source.get("answered")
    ]
    alike: dict[str, list[int]] = {}
    for place, span in enumerate(made):
        if span.kind == "sql":
            alike.setdefault(shape(span.name), []).append(place)
    groups = [light] if len(light) > 1 else []
    groups += [places for places in alike.values() if len(places) >= REPEATED]
    leaders = {places[0]: places for places in groups}
    hidden = {place for places in groups for place in places[1:]}
    small = _SMALL_SHARE * whole
    hidden |= {place for place, span in enumerate(made) if span.kind in _SMALL and (span.duration_us or 0) < small}
    shown = [place for place in range(len(made)) if place not in hidden]
    if len(shown) > _MOST_ROWS:
        ranked = sorted(shown, key=lambda place: (made[place].kind != "hop", -(made[place].duration_us or 0)))
        shown = sorted(ranked[:_MOST_ROWS])
    return [_row(made, place, leaders.get(place, [place]), _depth(made, place, shown)) for place in shown]


def _depth(made: Sequence[Span], place: int, shown: Sequence[int]) -> int:
    """How many of the spans around this one are drawn."""
    depth, count = made[place].depth, 0
    drawn = set(shown)
    for earlier in range(place - 1, -1, -1):
        if made[earlier].depth < depth:
            depth = made[earlier].depth
            count += earlier in drawn
    return count


def _row(made: Sequence[Span], place: int, places: Sequence[int], depth: int) -> _Row:
    span = replace(made[place], depth=depth)
    if len(places) == 1:
        return _Row(span, 1, brief(span.name) if span.kind == "sql" else span.name, span.duration_us)
    if span.kind == "middleware":
        return _Row(span, len(places), f"{len(places)} middleware", span.duration_us)
    took = sum(made[one].duration_us or 0 for one in places)
    ends = [made[one].ended_us or 0 for one in places]
    begin = span.started_us or 0
    return _Row(replace(span, duration_us=max(ends) - begin), len(places), f"{len(places)} x {brief(span.name)}", took)


def _drawn(row: _Row, whole: int, left: int, bars: int, most: bool) -> str:
    span = row.span
    kind = span.kind if span.kind in ("template", "signal", "view") else ""
    indent = " " * (2 + min(span.depth, 16))
    fits = len(indent) + len(kind) + 1 + len(row.label) <= left
    label = row.label if fits or kind != "template" else row.label.rpartition("/")[2]
    name = padded(indent + " ".join(filter(None, (kind, label))), left)
    time = f"{duration(row.took_us):>9}"
    if span.started_us is None:
        said = " ".join(filter(None, ("as Server-Timing says" if span.kind == "server-timing" else "", span.detail)))
        return f"{dim(name)} {dim(padded(said, bars))} {time}"
    drawn = bar(span.started_us, span.duration_us or 0, whole, bars, "░" if span.kind == "queue" else "█")
    mark = click.style(drawn, fg="red") if most or span.failed else hop_colour(span.hop, drawn)
    shown = bold(name) if span.kind == "hop" or most else name
    return f"{shown} {mark} {bold(time) if most else time}"
