"""A plot for a terminal: rows of text, in which each line has a sign of its own, so that no colour is needed to read it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import click
from plotille import Canvas

from portico.cli.trace_rows import bar, clip, harmless, padded, width_of
from portico.export.plot_apart import apart
from portico.export.plot_scale import Scale, number, scale
from portico.model.plot import Bar, Bars, Line, Plot

_SIGNS = "●○■□▲△◆◇★☆▼▽"
_COLOURS = ("blue", "yellow", "green", "magenta", "cyan", "red")
_LONGEST, _LEAST = 28, 20
#: Columns of a picture, and of the bars of one that is too narrow for more.
_NARROWEST, _SHORT = 30, 8
#: Of a canvas, a character that has no dots (https://www.unicode.org/charts/PDF/U2800.pdf), the first of 256 patterns.
_NO_DOTS = 0x2800
_PARTS = 1_000_000


@dataclass(frozen=True)
class _Drawn:
    """A line with its sign and colour, and what a canvas of its own has in each row."""

    line: Line
    sign: str
    colour: str
    rows: tuple[str, ...]
    end: float


def text(picture: Plot | Bars, width: int = 80, height: int = 16, colour: bool = False) -> list[str]:
    """Rows of at most `width` columns (at least 30 are needed); `height` rows are the field of a plot. Without `colour`
    there is no style in them; with it there always is, and the caller leaves it away where it must not be."""
    width = max(_NARROWEST, width)
    rows = _bars(picture, width, colour) if isinstance(picture, Bars) else _plot(picture, width, max(4, height), colour)
    return [clip(row, width).rstrip() for row in rows]


def _plot(plot: Plot, width: int, height: int, colour: bool) -> list[str]:
    shown = [(line, points) for line in plot.lines if (points := _points(plot, line))]
    head = [_styled(harmless(plot.title), colour, bold=True), harmless(plot.y)]
    if not shown:
        return [*head, "  nothing was measured"]
    x_axis = scale((x for _, points in shown for x, _ in points), plot.log_x, zero=False, most=10)
    y_axis = scale((y for _, points in shown for _, y in points), plot.log_y, most=max(2, height // 3))
    left = max(len(number(tick)) for tick in y_axis.ticks) + 1
    right = min(_LONGEST, max(width_of(harmless(line.name)) for line, _ in shown)) + 4
    across = max(_LEAST, width - left - right - 1)
    drawn = [_drawn(at, line, points, (x_axis, y_axis), (across, height)) for at, (line, points) in enumerate(shown)]
    y_names = {_row(y_axis.share(tick), height): number(tick) for tick in y_axis.ticks}
    labels = _labels(drawn, height, colour)
    field = [
        f"{y_names.get(row, ''):>{left}}{'┤' if row in y_names else '│'}{_cells(drawn, row, colour)} {labels.get(row, '')}"
        for row in range(height)
    ]
    marks = [(mark.x, harmless(mark.name)) for mark in plot.marks]
    under = [" " * left + "└" + _ruler(x_axis, across), " " * (left + 1) + _placed(x_axis, across, _names(x_axis))]
    under += [" " * (left + 1) + _placed(x_axis, across, [(x, f"▲ {name}")], centred=False) for x, name in marks]
    return [*head, *field, *under, " " * (left + 1) + harmless(plot.x).center(across)]


def _points(plot: Plot, line: Line) -> list[tuple[float, float]]:
    return [
        (x, y)
        for x, y in line.points
        if math.isfinite(x) and math.isfinite(y) and (x > 0 or not plot.log_x) and (y > 0 or not plot.log_y)
    ]


def _drawn(
    at: int, line: Line, points: Sequence[tuple[float, float]], axes: tuple[Scale, Scale], size: tuple[int, int]
) -> _Drawn:
    sign = _SIGNS[at % len(_SIGNS)]
    # A canvas leaves out what lies exactly on its upper end: 1 is the middle of its last dot.
    canvas = Canvas(size[0], size[1], 0, 0, size[0] * 2 / (size[0] * 2 - 1), size[1] * 4 / (size[1] * 4 - 1))
    places = [(axes[0].share(x), axes[1].share(y)) for x, y in points]
    for begin, end in pairwise(places):
        canvas.line(*begin, *end)
    for x, y in places:
        canvas.point(x, y, marker=sign)
    rows = tuple(canvas.plot().split("\n"))
    return _Drawn(line, sign, _COLOURS[at % len(_COLOURS)], rows, places[-1][1])


def _row(share: float, height: int) -> int:
    """The row, from the top, in which a canvas puts a share of its height."""
    return height - 1 - round(share * (height * 4 - 1)) // 4


def _cells(drawn: Sequence[_Drawn], row: int, colour: bool) -> str:
    """One row of all canvases over each other: signs hide dots, dots join; the main line lies above."""
    order = sorted(drawn, key=lambda one: one.line.main)
    cells = [_cell([(one, one.rows[row][at]) for one in order]) for at in range(len(order[0].rows[row]))]
    runs = [(one, "".join(letter for _, letter in run)) for one, run in groupby(cells, key=lambda cell: cell[0])]
    return "".join(_in_colour(one, letters, colour) if one else letters for one, letters in runs)


def _cell(letters: Sequence[tuple[_Drawn, str]]) -> tuple[_Drawn | None, str]:
    there = [(one, letter) for one, letter in letters if letter not in (" ", chr(_NO_DOTS))]
    signs = [(one, letter) for one, letter in there if letter == one.sign]
    if signs or not there:
        return signs[-1] if signs else (None, " ")
    dots = 0
    for _, letter in there:
        dots |= ord(letter) - _NO_DOTS
    return there[-1][0], chr(_NO_DOTS + dots)


def _in_colour(one: _Drawn, shown: str, colour: bool) -> str:
    return click.style(shown, fg=one.colour, bold=one.line.main or None) if colour else shown


def _labels(drawn: Sequence[_Drawn], height: int, colour: bool) -> dict[int, str]:
    """What is written behind a row; lines beyond the last row have none."""
    wanted = [(1 - one.end) * (height - 1) for one in drawn]
    found: dict[int, str] = {}
    for one, place in zip(drawn, apart(wanted, 1, 0, height - 1), strict=True):
        row = round(place)
        while row in found:
            row += 1
        found[row] = _in_colour(one, f"{one.sign} {padded(harmless(one.line.name), _LONGEST).rstrip()}", colour)
    return found


def _ruler(axis: Scale, across: int) -> str:
    at = {_column(axis, tick, across) for tick in axis.ticks}
    return "".join("┬" if column in at else "─" for column in range(across))


def _column(axis: Scale, value: float, across: int) -> int:
    return round(axis.share(value) * (across * 2 - 1)) // 2


def _names(axis: Scale) -> list[tuple[float, str]]:
    return [(tick, number(tick)) for tick in axis.ticks]


def _placed(axis: Scale, across: int, names: Sequence[tuple[float, str]], centred: bool = True) -> str:
    """Names under their places; one that would touch the name before it is left out."""
    row = ""
    for value, name in names:
        begin = _column(axis, value, across) - (len(name) // 2 if centred else 0)
        begin = max(0, min(begin, across - len(name) + 2))
        if not row or begin > len(row):
            row = row.ljust(begin) + name
    return row


def _bars(picture: Bars, width: int, colour: bool) -> list[str]:
    head = [_styled(harmless(picture.title), colour, bold=True), harmless(picture.x)]
    if not picture.bars:
        return [*head, "  nothing was measured"]
    axis = scale(one.value for one in picture.bars)
    left = min(_LONGEST + 6, max(width_of(harmless(one.name)) for one in picture.bars))
    says = [_says(one) for one in picture.bars]
    if width - left - 4 - max(map(width_of, says)) < _LEAST:
        says = [_says(replace(one, low=None)) for one in picture.bars]
    long = max(_SHORT, width - left - 4 - max(map(width_of, says)))
    return [*head, *(_bar(one, say, axis, (left, long), colour) for one, say in zip(picture.bars, says, strict=True))]


def _says(one: Bar) -> str:
    spread = "" if one.low is None or one.high is None else f" ({number(one.low)}-{number(one.high)})"
    return number(one.value) + spread + (f"  {harmless(one.note)}" if one.note else "")


def _bar(one: Bar, says: str, axis: Scale, columns: tuple[int, int], colour: bool) -> str:
    drawn = bar(0, round(axis.share(one.value) * _PARTS), _PARTS, columns[1], "░" if one.faint else "█").rstrip()
    name = padded(harmless(one.name), columns[0])
    if colour:
        drawn = click.style(drawn, fg="blue" if one.main else None, dim=one.faint or None)
        name = click.style(name, bold=True) if one.main else name
    return f"  {name} {drawn} {says}"


def _styled(shown: str, colour: bool, bold: bool) -> str:
    return click.style(shown, bold=bold) if colour else shown
