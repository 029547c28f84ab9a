"""The axes of a picture: where a value lies, which values are written beside it, and how. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: Steps of a decade that people count in.
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`, with `ticks` between them in order."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, from 0 (`low`) to 1 (`high`); what is outside lies at the nearer end."""
        if self.log:
            if value <= 0:
                return 0.0
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))


def scale(values: Iterable[float], log: bool = False, zero: bool = True, most: int = 6) -> Scale:
    """A scale that holds all finite values (a logarithmic one those above 0), with at most about `most` ticks.

    `zero`: a linear scale begins at 0 unless a value is below it. Without any value: from 0 (logarithmic: 1) to 1 (10).
    """
    shown = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
    if log:
        return _logarithmic(min(shown, default=1.0), max(shown, default=10.0), most)
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    return _linear(min(low, 0.0) if zero else low, high, most)


def _linear(low: float, high: float, most: int) -> Scale:
    if high <= low:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    step = _step((high - low) / most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    # Multiples, not sums: 3 * 0.1 is written as 0.3 below, ten sums of 0.1 are not 1.
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)


def _step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50, ... that is not below `least`."""
    decade = 10.0 ** math.floor(math.log10(least))
    return next(step * decade for step in (*_STEPS, 10) if step * decade >= least * (1 - 1e-9))


def _logarithmic(low: float, high: float, most: int) -> Scale:
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    every = [step * 10.0**power for power in range(first, last + 1) for step in _STEPS]
    below = max(one for one in every if one <= low * (1 + 1e-9))
    above = min((one for one in every if one >= high * (1 - 1e-9)), default=10.0**last)
    if above <= below:
        above = min(one for one in (*every, 10.0 ** (last + 1)) if one > below)
    inside = [one for one in every if below <= one <= above]
    return Scale(below, above, _thinned(inside, most), log=True)


def _thinned(ticks: list[float], most: int) -> tuple[float, ...]:
    """1, 2, 5, 10, ...; where that is too many 1, 10, 100, ..., or every second or third of those."""
    if len(ticks) <= most:
        return tuple(ticks)
    decades = [one for one in ticks if math.isclose(math.log10(one), round(math.log10(one)), abs_tol=1e-9)]
    return tuple(decades[:: max(1, math.ceil(len(decades) / most))])


def number(value: float) -> str:
    """At most three digits that matter, thousands apart: 0.05, 1.2, 34.5, 1,234. For people, not for computing."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "-"
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
