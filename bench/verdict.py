"""Who is first, and where Portico stands: the rules, on plain figures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.results import Figures, Results, StackSeen, Workload

PORTICO, TUNED, FLOOR = "portico", "portico_tuned", "floor"
#: What Portico's default is not compared with: itself, and no server at all.
NO_RIVALS = (PORTICO, TUNED, FLOOR)
#: Up to this ratio to the best other one, Portico counts as first.
NEAR = 1.03
#: Fewer rounds are figures to look at, and no verdict.
LEAST_ROUNDS = 3
#: What a stack must do to be compared with, and what is said of one that does not.
QUALITIES = {
    "static": "serves no static files without the application",
    "slow_clients": "does not survive slow clients",
    "reload": "does not reload without loss",
}

Outcome = Literal["first", "near", "tie", "behind", "alone", "absent"]


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of `count` values."""

    median: float
    low: float
    high: float
    count: int

    @property
    def half_width(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


@dataclass(frozen=True)
class Verdict:
    """How Portico does in a workload: `behind` is the ratio to the `best` other stack that qualifies, by the figure that
    decides, turned so that above 1 Portico is worse. "alone": there is no other; "absent": Portico itself is not there."""

    outcome: Outcome
    best: str = ""
    behind: Spread | None = None


def spread(values: Sequence[float]) -> Spread | None:
    """Quartiles are values that were measured: of fewer than four values they are the smallest and the largest."""
    if not values:
        return None
    ordered = sorted(values)
    quarter = len(ordered) // 4
    return Spread(statistics.median(ordered), ordered[quarter], ordered[-1 - quarter], len(ordered))


def paired(one: Sequence[Figures], other: Sequence[Figures], figure: str, lower: bool = True) -> Spread | None:
    """The ratio of two stacks round by round; above 1 `one` is worse. None if there is no round that both have."""
    pairs = zip((each.get(figure) for each in one), (each.get(figure) for each in other), strict=False)
    ratios = [
        _ratio(mine, its) if lower else _ratio(its, mine) for mine, its in pairs if mine is not None and its is not None
    ]
    return spread(ratios)


def _ratio(one: float, other: float) -> float:
    if other:
        return one / other
    return math.inf if one else 1.0


def outcome(behind: Spread) -> Outcome:
    """What a ratio to the best other one says. Quartiles on both sides of 1 are no difference, whatever the median."""
    if behind.low <= 1 <= behind.high:
        return "tie"
    if behind.median < 1:
        return "first"
    return "near" if behind.median <= NEAR else "behind"


def lacking(stack: StackSeen) -> list[str]:
    """Why a stack does not qualify; empty if it does. What was not measured does not speak against it, which makes it harder
    for Portico, not easier."""
    return [why for name, why in QUALITIES.items() if getattr(stack, name) is False]


def contenders(results: Results, workload: str) -> Iterator[str]:
    """The other stacks that qualify and did the workload."""
    for stack in results.stacks:
        did = results.rounds.get(workload, {}).get(stack.key)
        if did and stack.key not in NO_RIVALS and not lacking(stack):
            yield stack.key


def verdict(results: Results, workload: Workload) -> Verdict:
    """Portico against the best of the other stacks that qualify, by the figure that decides."""
    return standing(results, workload, workload.figure, workload.lower)


def standing(results: Results, workload: Workload, figure: str, lower: bool) -> Verdict:
    """The same by any figure."""
    rounds = results.rounds.get(workload.key, {})
    mine = rounds.get(PORTICO, ())
    if not any(figure in one for one in mine):
        return Verdict("absent")
    against = {key: paired(mine, rounds[key], figure, lower) for key in contenders(results, workload.key)}
    known = {key: ratio for key, ratio in against.items() if ratio is not None}
    if not known:
        return Verdict("alone")
    best = max(known, key=lambda key: known[key].median)
    return Verdict(outcome(known[best]), best, known[best])


def hasty(results: Results) -> bool:
    """Whether no stack had enough rounds of any workload for a verdict."""
    counts = [len(many) for stacks in results.rounds.values() for many in stacks.values()]
    return 0 < max(counts, default=0) < LEAST_ROUNDS


def over_floor(results: Results, workload: str, stack: str, other: str) -> Spread | None:
    """CPU per request that `stack` adds to the floor, as a ratio to what `other` adds, round by round."""
    rounds = results.rounds.get(workload, {})
    values = [[one.get("cpu_us", math.nan) for one in rounds.get(key, ())] for key in (stack, other, FLOOR)]
    ratios = [(mine - floor) / (its - floor) for mine, its, floor in zip(*values, strict=False) if its > floor]
    return spread([one for one in ratios if math.isfinite(one)])
