"""The tables of a trace's page: statements that repeat, the environ against the packet, the way back. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portico.export.sql_shape import REPEATED, shape
from portico.export.trace_flow import ORDER

_WORDS = (
    "SELECT DISTINCT FROM WHERE AND OR NOT IN IS NULL AS ON USING INNER LEFT RIGHT OUTER FULL CROSS JOIN GROUP BY ORDER "
    "HAVING LIMIT OFFSET ASC DESC UNION ALL INSERT INTO VALUES UPDATE SET DELETE RETURNING CASE WHEN THEN ELSE END LIKE "
    "BETWEEN EXISTS COUNT SUM MIN MAX AVG COALESCE BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE PRAGMA CREATE TABLE WITH FOR"
)
_KEYWORD = re.compile(rf"\b({'|'.join(_WORDS.split())})\b")
_PACKET_ORDER = {"changed": 0, "added": 1, "removed": 2, "": 3}


@dataclass(frozen=True)
class Statement:
    """One SQL statement, however often it ran: words as (text, is a keyword), and each time it ran. Where its values are
    part of it and differ, the words lack them; `differs` says so."""

    words: tuple[tuple[str, bool], ...]
    times: tuple[Mapping[str, Any], ...]
    total_us: int
    share: float
    often: bool
    differs: bool


@dataclass(frozen=True)
class Entry:
    """A key of the environ. `change` is added, changed, removed, or empty where it equals the packet's variable."""

    name: str
    value: str
    change: str
    before: str = ""


@dataclass(frozen=True)
class Step:
    """What one hop did to the answer on its way back; `silent`: it is known that it did nothing to the headers."""

    hop: str
    out: Mapping[str, Any]
    silent: bool


def statements(queries: Sequence[Mapping[str, Any]]) -> tuple[Statement, ...]:
    """The statements in the order in which each first ran, those that differ in nothing but values together."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for query in queries:
        groups.setdefault(shape(_text(query)), []).append(query)
    longest = max(map(_total_us, groups.values()), default=0) or 1
    return tuple(_statement(form, times, longest) for form, times in groups.items())


def _statement(form: str, times: Sequence[Mapping[str, Any]], longest_us: int) -> Statement:
    differs = len({_text(query) for query in times}) > 1
    return Statement(
        words=tuple(words(form if differs else _text(times[0]))),
        times=tuple(times),
        total_us=_total_us(times),
        share=_total_us(times) / longest_us,
        often=len(times) >= REPEATED,
        differs=differs,
    )


def _text(query: Mapping[str, Any]) -> str:
    return str(query.get("statement") or "")


def _total_us(queries: Sequence[Mapping[str, Any]]) -> int:
    return sum(int(query.get("duration_us") or 0) for query in queries)


def words(statement: str) -> Iterator[tuple[str, bool]]:
    """The statement cut at SQL's keywords; put together again, it is the same text."""
    at = 0
    for found in _KEYWORD.finditer(statement):
        if found.start() > at:
            yield statement[at : found.start()], False
        yield found[0], True
        at = found.end()
    if at < len(statement):
        yield statement[at:], False


def environ(asked: Mapping[str, Any]) -> tuple[Entry, ...]:
    """What `in` of a trace's wsgi hop says, as one list: what changed against the packet comes first."""
    values = {str(name): str(value) for name, value in (asked.get("environ") or {}).items()}
    added = set(map(str, asked.get("added") or ()))
    changed = {str(name): (str(before), str(after)) for name, before, after in asked.get("changed") or ()}
    entries = [Entry(name, "", "removed") for name in map(str, asked.get("removed") or ())]
    for name, value in values.items():
        if name in changed:
            entries.append(Entry(name, value, "changed", changed[name][0]))
        else:
            entries.append(Entry(name, value, "added" if name in added else ""))
    entries += [Entry(name, after, "changed", before) for name, (before, after) in changed.items() if name not in values]
    return tuple(sorted(entries, key=lambda entry: _PACKET_ORDER[entry.change]))


def way_back(hops: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The answer's way, from the innermost hop that answered to the client."""
    by_name = {str(hop.get("hop")): hop.get("out") or {} for hop in hops}
    steps = []
    for name in reversed(ORDER):
        out = by_name.get(name)
        if out:
            silent = "added" in out and not any(out.get(key) for key in ("added", "removed", "changed", "compressed"))
            steps.append(Step(name, out, silent))
    return tuple(steps)
