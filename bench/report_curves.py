"""The curves: a picture, the same in figures, and whether there is a cliff."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from bench.results import Curve, Results
from bench.verdict import PORTICO
from bench.words import cell, table
from portico.export.plot_scale import number

#: A step for the worse between neighbouring points by more than this factor is a cliff.
CLIFF = 1.5
#: How a curve's key ends where more is better, and where y may grow as x does: with twice as many clients who ask as fast as
#: they are answered, each waits twice as long (https://en.wikipedia.org/wiki/Little%27s_law).
_MORE_IS_BETTER, _GROWS = "per_s", ("p50", "p99")


@dataclass(frozen=True)
class Step:
    """From one x to the next y got worse by this factor; below 1: better."""

    begin: float
    end: float
    worse: float


def steepest(curve: Curve, points: tuple[tuple[float, float], ...]) -> Step | None:
    """The largest step for the worse between neighbours; None where there are no two points above 0."""
    steps = [
        Step(x, next_x, _worse(curve.key, next_x / x if x > 0 else 1.0, next_y / y))
        for (x, y), (next_x, next_y) in pairwise(points)
        if y > 0 and next_y > 0
    ]
    return max(steps, key=lambda step: step.worse, default=None)


def _worse(key: str, x_factor: float, y_factor: float) -> float:
    if key.endswith(_MORE_IS_BETTER):
        return 1 / y_factor
    return y_factor / max(1.0, x_factor) if key.endswith(_GROWS) else y_factor


def paragraphs(results: Results) -> list[str]:
    if not results.curves:
        return []
    return ["## Curves", *(part for curve in results.curves for part in _curve(results, curve))]


def _curve(results: Results, curve: Curve) -> list[str]:
    titles = {stack.key: stack.title for stack in results.stacks}
    return [
        f"### {curve.title}",
        f"![{curve.title}](performance/curve-{curve.key}.svg)",
        _cliff(curve),
        "\n".join(_table(curve, titles)),
    ]


def _cliff(curve: Curve) -> str:
    step = steepest(curve, curve.points.get(PORTICO, ()))
    if step is None:
        return "Portico has no two points here."
    beyond = ", beyond what more clients explain" if curve.key.endswith(_GROWS) else ""
    if step.worse <= 1:
        return f"Portico: no cliff. From no point to the next does it get worse{beyond}."
    found = "**a cliff**" if step.worse > CLIFF else "no cliff"
    return (
        f"Portico: {found}. The largest step for the worse{beyond} is from {number(step.begin)} to {number(step.end)}, by a "
        f"factor of {step.worse:.2f}; more than {CLIFF} would be called a cliff."
    )


def _table(curve: Curve, titles: dict[str, str]) -> list[str]:
    every = sorted({x for points in curve.points.values() for x, _ in points})
    rows = []
    for key, points in curve.points.items():
        at, step = dict(points), steepest(curve, points)
        said = f"{step.worse:.2f} at {number(step.end)}" if step else ""
        name = cell(titles.get(key, key))
        rows.append([f"**{name}**" if key == PORTICO else name, *(number(at[x]) if x in at else "" for x in every), said])
    head = [cell(f"{curve.y}; {curve.x}:"), *map(number, every), "largest step for the worse"]
    return table(head, rows, frozenset(range(1, len(every) + 1)))
