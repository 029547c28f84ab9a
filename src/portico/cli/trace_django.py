"""What happened within Django: middleware in and out, the URL, the view, templates, SQL, signals and exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from portico.cli.trace_hops import exception
from portico.cli.trace_rows import clip, dim, labelled, padded
from portico.export.sql_shape import REPEATED, shape
from portico.export.trace_units import count_text, duration

Data = Mapping[str, Any]

_MOST_STATEMENTS, _MOST_TEMPLATES, _MOST_SIGNALS = 10, 8, 4
_NAME, _TEMPLATE = 34, 50


def django(hop: Data, width: int) -> Iterator[str]:
    """In the order of time, but statements together."""
    yield from _middleware(list(hop.get("middleware") or ()))
    yield from _called(hop)
    yield from _templates(list(hop.get("templates") or ()))
    yield from _sql(hop, width)
    yield from _signals(list(hop.get("signals") or ()))
    for raised in hop.get("exceptions") or ():
        yield from exception(raised)
        if raised.get("status"):
            yield labelled("", f"Django made a {raised['status']} of it")


def _middleware(middleware: Sequence[Data]) -> Iterator[str]:
    """The nest, outermost first: own time, what it adds to the request on the way in, and to the response on the way out."""
    for depth, one in enumerate(middleware):
        name = str(one.get("name") or "?").rpartition(".")[2]
        inwards = [f"request.{added}" for added in one.get("adds_to_request") or ()]
        outwards = [f"+ {header}" for header, _ in one.get("adds_headers") or ()]
        outwards += [f"- {header}" for header in one.get("removes_headers") or ()]
        says = [click.style("answers itself: the view is not called", bold=True)] if one.get("answered") else []
        says += [f"in: + {', '.join(inwards)}"] if inwards else []
        says += [f"out: {', '.join(outwards)}"] if outwards else []
        label = "" if depth else "middleware"
        yield labelled(
            label, f"{padded(' ' * min(depth, 8) + name, _NAME)} {duration(one.get('own_us')):>9}  {'  '.join(says)}"
        )


def _called(hop: Data) -> Iterator[str]:
    match, view = hop.get("match") or {}, hop.get("view") or {}
    if match:
        named = f" ({match['url_name']})" if match.get("url_name") else ""
        given = "".join(f" {key}={value}" for key, value in (match.get("kwargs") or {}).items())
        route = repr(str(match.get("route") or ""))
        yield labelled(
            "URL", f"{route}{named}{given} -> {match.get('view') or '?'}  {dim(duration(match.get('duration_us')))}"
        )
    if view:
        kind = "async view" if view.get("async") else "view"
        yield labelled(kind, f"{view.get('name') or '?'}  {dim(duration(view.get('duration_us')))}")


def _templates(templates: Sequence[Data]) -> Iterator[str]:
    """One rendered several times, in the same depth, on one row."""
    alike: dict[tuple[int, str], list[Data]] = {}
    for one in templates:
        alike.setdefault((int(one.get("depth") or 0), str(one.get("name") or "?")), []).append(one)
    for place, ((depth, name), group) in enumerate(list(alike.items())[:_MOST_TEMPLATES]):
        times = f"{len(group)} x " if len(group) > 1 else ""
        row = f"{padded('  ' * min(depth, 8) + times + name, _TEMPLATE)} {duration(_took(group)):>9}"
        yield labelled("" if place else "templates", row)
    if len(alike) > _MOST_TEMPLATES:
        yield labelled("", dim(f"and {len(alike) - _MOST_TEMPLATES} more, which --json lists"))


def _sql(hop: Data, width: int) -> Iterator[str]:
    """Statements of one shape on one row, the costliest first."""
    statements = list(hop.get("sql") or ())
    if not statements:
        return
    alike: dict[str, list[Data]] = {}
    for one in statements:
        alike.setdefault(shape(" ".join(str(one.get("statement") or "?").split())), []).append(one)
    whole = hop.get("sql_us")
    took = f" in {duration(whole)}" if whole is not None else ""
    different = f", {len(alike)} different" if len(alike) < len(statements) else ""
    yield labelled("SQL", f"{count_text(len(statements), 'statement')}{took}{different}")
    ranked = sorted(alike.items(), key=lambda item: -_took(item[1]))
    for text, group in ranked[:_MOST_STATEMENTS]:
        yield from _statement(text, group, width)
    if len(ranked) > _MOST_STATEMENTS:
        yield labelled("", dim(f"and {len(ranked) - _MOST_STATEMENTS} more, which --json lists"))


def _statement(text: str, group: Sequence[Data], width: int) -> Iterator[str]:
    times = f"{len(group)} x " if len(group) > 1 else ""
    shown = text if len(group) > 1 else " ".join(str(group[0].get("statement") or "?").split())
    yield labelled("", clip(f"{duration(_took(group)):>9}  {times}{shown}", width - 14))
    if len(group) >= REPEATED:
        called = f"asked {len(group)} times: N+1? select_related and prefetch_related ask once"
        yield labelled("", click.style(f"{'':>9}  {called}", fg="red", bold=True))
    for one in group:
        if one.get("error"):
            yield labelled("", click.style(f"{'':>9}  failed: {one['error']}", fg="red"))


def _took(group: Sequence[Data]) -> int:
    return sum(int(one.get("duration_us") or 0) for one in group)


def _signals(signals: Sequence[Data]) -> Iterator[str]:
    """Those that somebody listens to, the costliest first."""
    heard = sorted((one for one in signals if one.get("receivers") != 0), key=lambda one: -int(one.get("duration_us") or 0))
    for place, one in enumerate(heard[:_MOST_SIGNALS]):
        name = str(one.get("name") or "?").rpartition(".")[2]
        sender = str(one.get("sender") or "").rpartition(".")[2]
        text = f"{name}{f' of {sender}' if sender else ''}, {count_text(int(one.get('receivers') or 0), 'receiver')}"
        yield labelled("" if place else "signals", f"{padded(text, _TEMPLATE)} {duration(one.get('duration_us')):>9}")
    rest = len(signals) - min(len(heard), _MOST_SIGNALS)
    if rest and heard:
        yield labelled("", dim(f"and {rest} more, which --json lists"))
