"""The curves: a picture, the same in figures, and whether there is a cliff."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from bench.results import Curve, Results
from bench.verdict import PORTICO
from bench.words import cell, table
from portico.export.plot_scale import number

#: A step between neighbouring points by more than this factor is a cliff.
CLIFF = 1.5


@dataclass(frozen=True)
class Step:
    """The largest step of a line: from one x to the next, y changed by this factor (below 1: it fell)."""

    begin: float
    end: float
    factor: float

    @property
    def size(self) -> float:
        return max(self.factor, 1 / self.factor)


def largest(points: tuple[tuple[float, float], ...]) -> Step | None:
    """The largest step between neighbours; None where there are no two points above 0."""
    steps = [Step(x, next_x, next_y / y) for (x, y), (next_x, next_y) in pairwise(points) if y > 0 and next_y > 0]
    return max(steps, key=lambda step: step.size, default=None)


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
    step = largest(curve.points.get(PORTICO, ()))
    if step is None:
        return "Portico has no two points here."
    where = f"from {number(step.begin)} to {number(step.end)} ({curve.x})"
    found = "a cliff" if step.size > CLIFF else "no cliff"
    return (
        f"Portico: {found}. The largest step between neighbouring points is {where}, by a factor of {step.factor:.2f}; "
        f"more than {CLIFF} up or down would be called a cliff."
    )


def _table(curve: Curve, titles: dict[str, str]) -> list[str]:
    every = sorted({x for points in curve.points.values() for x, _ in points})
    rows = []
    for key, points in curve.points.items():
        at, step = dict(points), largest(points)
        said = f"{step.factor:.2f} at {number(step.end)}" if step else ""
        name = cell(titles.get(key, key))
        rows.append([f"**{name}**" if key == PORTICO else name, *(number(at[x]) if x in at else "" for x in every), said])
    head = [cell(f"{curve.y}; {curve.x}:"), *map(number, every), "largest step"]
    return table(head, rows, frozenset(range(1, len(every) + 1)))
