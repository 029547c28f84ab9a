"""The part of `portico adopt`'s screen that shows a proof: what differed, what was meant to, what was not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from portico.cli.drawing import cells, padded, shortened, width, wrapped

Data = Mapping[str, Any]

_COLOURS = {"same": "green", "same but for what is meant": "green", "different": "red", "could not tell": "yellow"}
_MARKS = {"same": "=", "same but for what is meant": "≈", "different": "≠", "could not tell": "?"}
#: Of requests that agree, so many columns are enough for method and path.
_PATH = 46


def lines(proof: Data) -> Iterator[str]:
    """What it is made of: the lines for what `Proof.data()` holds, without the verdict."""
    rows: Sequence[Data] = proof["requests"]
    if rows:
        yield click.style("What both were asked, and answered (old/new):", bold=True)
    for row in rows:
        yield from _request(row)
    yield from _meant(rows)
    yield from _list("Changed in the old files to run them here:", proof["adjusted"])
    yield from _list("To know:", proof["notes"])


def verdict(proof: Data) -> str:
    """What has come out of it, in one line."""
    said = proof["verdict"]
    return (
        f"{click.style('Proof', bold=True)}: {click.style(said, fg=_COLOURS[said], bold=True)}{_counts(proof['requests'])}"
    )


def _counts(rows: Sequence[Data]) -> str:
    if not rows:
        return ""
    found = Counter(row["verdict"] for row in rows)
    parts = [f"{found[name]} {name}" for name in _MARKS if found[name]]
    return f"  ({len(rows)} requests to each: {', '.join(parts)})"


def _request(row: Data) -> Iterator[str]:
    statuses = f"{row['old']['status'] or '-'}/{row['new']['status'] or '-'}"
    path = padded(shortened(f"{row['method']} {row['path']}", _PATH), _PATH)
    room = max(10, width() - _PATH - 16)
    mark = click.style(_MARKS[row["verdict"]], fg=_COLOURS[row["verdict"]])
    yield f"  {mark} {path}  {padded(statuses, 7)}  {shortened(row['name'], room)}"
    for one in row["differences"]:
        if not one["intended"]:
            yield from _difference(one)


def _difference(one: Data) -> Iterator[str]:
    old, new = one["old"] or "none", one["new"] or "none"
    row = f"      {one['what']}: old {old}, new {new}"
    if cells(row) <= width():
        yield row
    else:
        yield f"      {one['what']}:"
        yield from (f"        {side} {shortened(said, width() - 12)}" for side, said in (("old", old), ("new", new)))
    if one["why"]:
        yield from wrapped(one["why"], width(), "        ")


def _meant(rows: Sequence[Data]) -> Iterator[str]:
    """Each reason once, with how many requests it explains."""
    reasons = Counter(why for row in rows for why in {one["why"] for one in row["differences"] if one["intended"]})
    if reasons:
        yield ""
        yield click.style("Meant, and the number of requests:", bold=True)
    for why, count in reasons.most_common():
        first, *rest = wrapped(why, width(), "        ")
        yield f"  {count:>4}  {first.strip()}"
        yield from rest


def _list(heading: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield ""
        yield click.style(heading, bold=True)
    for row in rows:
        first, *rest = wrapped(row, width(), "    ")
        yield f"  - {first.strip()}"
        yield from rest
