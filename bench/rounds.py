"""Rounds: every stack in turn, again and again, so that what else the machine does hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.air import TROUBLE
from bench.results import Figures


class Contender(Protocol):
    """What is measured in rounds: a stack, or the floor.

    `revived` answers "" if it is still alive, else what became of it; it is then running again, or the text ends what can be
    done with it and `gone` is true.
    """

    @property
    def key(self) -> str: ...

    @property
    def gone(self) -> bool: ...

    def measure(self) -> Figures: ...

    def revived(self) -> str: ...


@dataclass
class Book:
    """What came of it: figures of each round and notes, by workload and stack."""

    rounds: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, workload: str, stack: str, figures: Figures) -> None:
        self.rounds.setdefault(workload, {}).setdefault(stack, []).append(figures)

    def note(self, workload: str, stack: str, text: str) -> None:
        """A second note of the same stack goes behind the first."""
        notes = self.notes.setdefault(workload, {})
        before = notes.get(stack, "")
        if text not in before:
            notes[stack] = f"{before}; {text}" if before else text

    def strike(self, workload: str, stack: str) -> None:
        """What it did in this workload is no comparison."""
        self.rounds.get(workload, {}).pop(stack, None)


def turns(keys: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """(round from 0, key): every second round goes the way back, and the next two begin with another, so that nobody always
    comes first or follows the same neighbour, of two no less than of many."""
    for number in range(rounds):
        start = number // 2 % len(keys) if keys else 0
        turned = [*keys[start:], *keys[:start]]
        for key in turned if number % 2 == 0 else turned[::-1]:
            yield number, key


def interleave(
    workload: str, contenders: Sequence[Contender], rounds: int, book: Book, said: Callable[[int], None] = lambda _: None
) -> None:
    """Measure them in `rounds` rounds. One that fails is noted and left out of the rest of this workload; one that died is
    started again and measured again, once. `said` is called with the number of each round that is complete."""
    by_key = {one.key: one for one in contenders}
    out = {one.key for one in contenders if one.gone}
    now = 0
    for number, key in turns(tuple(by_key), rounds):
        if number != now:
            said(now)
            now = number
        if key not in out and not _measured(workload, by_key[key], book):
            out.add(key)
            book.strike(workload, key)
    if rounds:
        said(now)


def _measured(workload: str, one: Contender, book: Book, again: bool = True) -> bool:
    try:
        figures = one.measure()
        trouble = f"lost {figures['lost']:.0f} of its requests" if figures.get("lost") else ""
    except TROUBLE as error:
        figures, trouble = None, str(error)
    if not trouble and figures is not None:
        book.add(workload, one.key, figures)
        return True
    died = one.revived()
    book.note(workload, one.key, f"{trouble}; {died}" if died else trouble)
    if one.gone:
        return False
    if died:
        return again and _measured(workload, one, book, again=False)
    if figures is None:
        return False
    book.add(workload, one.key, figures)
    return True


def odd_ones(lengths: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Whose bodies have other lengths than those of most, and in which way."""
    if not lengths:
        return {}
    usual = statistics.mode(lengths.values())
    return {
        key: f"bodies of {_bytes(one)} bytes where most answer {_bytes(usual)}"
        for key, one in lengths.items()
        if one != usual
    }


def _bytes(lengths: tuple[int, ...]) -> str:
    return ", ".join(map(str, lengths))
