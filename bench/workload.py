"""One workload, whole: who takes part, whether all answer the same, warming, rounds."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType

from bench import workloads
from bench.air import TROUBLE, Failed, OnAir
from bench.contenders import FloorContender, StackContender
from bench.effort import CLIENTS, Effort
from bench.rounds import Book, Contender, interleave, odd_ones
from bench.stacks.base import Ground
from portico.model.load import Request
from portico.system import load

Said = Callable[[int, int], None]
#: Every worker has to have answered: a server hands its requests out unevenly, so they are many, unless they take long.
WARM_ANSWERS, WARM_MOST_S = 400, 3.0
_WARM_CLIENTS = 2 * CLIENTS
#: What that takes of a fast view, about.
_WARM_S = 0.3
#: What is added to the seconds of a load, and what asking and warming a stack takes, about.
_AROUND_S, _BEFORE_S = 0.15, 0.15
#: One that takes longer has one round in a quick run, which takes about so long.
_LONG_S, _LEAST_S = 2.0, 3.5


def keys() -> tuple[str, ...]:
    """Of all workloads and curves that are here, in the order in which they run."""
    return tuple(key for key in (*workloads.ROUNDS_OF, *workloads.CURVES_OF) if module(key))


def module(key: str) -> ModuleType | None:
    """The workload's file; None if there is none."""
    name = f"bench.workloads.{key}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def seconds(one: ModuleType, effort: Effort, stacks: int) -> float:
    """How long it takes, about."""
    if not hasattr(one, "WORKLOAD"):
        return one.SECONDS * (0.2 if effort.quick else 1.0)
    each = getattr(one, "SECONDS", effort.seconds + _AROUND_S)
    if effort.quick and _long(one):
        each = max(each * effort.scale, min(each, _LEAST_S))
    return stacks * (_rounds(one, effort) * each + _WARM_S + _BEFORE_S)


def run(
    one: ModuleType,
    airs: Sequence[OnAir],
    ground: Ground | None,
    effort: Effort,
    book: Book,
    said: Callable[[int, int], None],
) -> None:
    """All rounds of it, into the book. `ground`: the floor's, if it takes part in this run. `said` is called with the number
    of each complete round, and how many there are."""
    on = [air for air in airs if air.running and not _left_out(one, air, effort, book)]
    on = [air for air in _alike(one, on, book) if _warmed(one, air, effort, book)]
    contenders: list[Contender] = [StackContender(air, one, effort) for air in on]
    if ground and getattr(one, "FLOOR", False):
        contenders.append(FloorContender(ground, one, effort))
    rounds = _rounds(one, effort)
    interleave(one.WORKLOAD.key, contenders, rounds, book, lambda number: said(number + 1, rounds))
    for air in on:
        if hasattr(one, "seen"):
            air.abilities.update(one.seen(tuple(book.rounds.get(one.WORKLOAD.key, {}).get(air.key, ()))))


def _rounds(one: ModuleType, effort: Effort) -> int:
    return 1 if effort.quick and _long(one) else min(effort.rounds, getattr(one, "ROUNDS", effort.rounds))


def _long(one: ModuleType) -> bool:
    return getattr(one, "SECONDS", 0.0) > _LONG_S


def _left_out(one: ModuleType, air: OnAir, effort: Effort, book: Book) -> bool:
    if air.stack.only and one.WORKLOAD.key not in air.stack.only:
        return True
    reason = one.left_out(air, effort) if hasattr(one, "left_out") else ""
    if reason:
        book.note(one.WORKLOAD.key, air.key, reason)
    return bool(reason)


def _alike(one: ModuleType, airs: Sequence[OnAir], book: Book) -> list[OnAir]:
    """Those that answer what is asked with 200 and with bodies as long as most do; the others are noted."""
    if not hasattr(one, "requests"):
        return list(airs)
    lengths: dict[str, tuple[int, ...]] = {}
    odd: dict[str, str] = {}
    for air in airs:
        try:
            lengths[air.key] = tuple(_length(air, request) for request in one.requests(air))
        except TROUBLE as error:
            odd[air.key] = str(error)
    if getattr(one, "SAME_LENGTH", True):
        odd |= odd_ones(lengths)
    for key, text in odd.items():
        book.note(one.WORKLOAD.key, key, text)
    return [air for air in airs if air.key not in odd]


def _length(air: OnAir, request: Request) -> int:
    answer = air.ask(request)
    if answer.status != 200:
        raise Failed(f"{request.path} is answered {answer.status}")
    return len(answer.plain())


def _warmed(one: ModuleType, air: OnAir, effort: Effort, book: Book) -> bool:
    """Every worker has been asked before anything is measured."""
    if not hasattr(one, "requests"):
        return True
    try:
        asked = air.load(one.requests(air), _WARM_CLIENTS, seconds=WARM_MOST_S, count=WARM_ANSWERS)
        # Kept connections would stay with the workers that took them.
        load.run(replace(asked, keep_alive=False))
    except TROUBLE as error:
        book.note(one.WORKLOAD.key, air.key, str(error))
        return False
    return True
