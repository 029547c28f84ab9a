"""Whether requests fail because many are made at a time, or now and then anyway. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from portico.actions.tune.rows import Row

#: With one client it has to be less than this part of what it is with many.
_LESS = 0.5

When = Literal["under load", "anyway", "unknown"]


@dataclass(frozen=True)
class Failing:
    """Of `many` requests that many clients made `many_failed`, of `alone` ones of a single client `alone_failed`."""

    many_failed: int
    many: int
    alone_failed: int
    alone: int

    @property
    def when(self) -> When:
        """`under load` only where one client alone had far fewer failures than chance explains; where it made too few
        requests to tell, and none failed, nobody knows."""
        expected = self.alone * self.many_failed / self.many if self.many else 0.0
        # Counts of rare events scatter by their root; less than twice that is chance.
        if self.alone_failed < min(_LESS * expected, expected - 2 * math.sqrt(expected)):
            return "under load"
        return "anyway" if self.alone_failed else "unknown"

    @property
    def says(self) -> str:
        """The two rates."""
        return (
            f"{self.alone_failed:,} of {self.alone:,} with one client alone, {self.many_failed:,} of {self.many:,} with many"
        )


def failing(rows: Sequence[Row]) -> Failing:
    """Of all settings together: one alone has seldom enough requests of a single client."""
    rounds = [one for row in rows for one in row.rounds]
    many_failed, many = _sums(one.many for one in rounds)
    alone_failed, alone = _sums(one.alone for one in rounds)
    return Failing(many_failed, many, alone_failed, alone)


def _sums(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    found = list(pairs)
    return sum(failed for failed, _ in found), sum(made for _, made in found)
