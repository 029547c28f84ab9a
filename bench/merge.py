"""A part that was measured again takes the place of what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.results import Results


def merged(old: Results, new: Results) -> Results:
    """`old` with all that `new` measured: the machine is the new one's, a workload's rounds are replaced stack by stack, and
    so are its notes, a curve's points, and tables. What `new` has nothing of stays."""
    measured = {(key, stack) for part in (new.rounds, new.notes) for key, many in part.items() for stack in many}
    dates = (old.machine.get("Put together") or old.machine.get("Date", "?"), new.machine.get("Date", "?"))
    return Results(
        machine={**new.machine, "Put together": ", ".join(dates)},
        stacks=_by_key(old.stacks, new.stacks, _stack),
        workloads=_by_key(old.workloads, new.workloads),
        rounds=_again(old.rounds, new.rounds, measured),
        notes=_again(old.notes, new.notes, measured),
        curves=_by_key(old.curves, new.curves, _curve),
        tables=_by_key(old.tables, new.tables),
    )


def _by_key(old: tuple[Any, ...], new: tuple[Any, ...], join: Any = lambda _, new: new) -> tuple[Any, ...]:
    """In the old order, then what is new."""
    found = {one.key: one for one in old}
    for one in new:
        found[one.key] = join(found[one.key], one) if one.key in found else one
    return tuple(found.values())


def _stack(old: Any, new: Any) -> Any:
    """What was not measured now is as it was measured before."""
    kept = {name: getattr(old, name) for name in ("static", "slow_clients", "reload") if getattr(new, name) is None}
    return replace(new, **kept)


def _curve(old: Any, new: Any) -> Any:
    return replace(new, points={**old.points, **new.points})


def _again(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]], measured: set[tuple[str, str]]
) -> dict[str, dict[str, Any]]:
    """What is old stays only of what was not measured again, be it that it failed this time."""
    kept = {key: {stack: one for stack, one in many.items() if (key, stack) not in measured} for key, many in old.items()}
    return {key: {**kept.get(key, {}), **new.get(key, {})} for key in (*kept, *new)}
