"""A plot as SVG text that needs nothing else: no script, no network, no font of its own; the same text for the same plot.

It brings its own ground and follows the reader's choice of dark or light (https://www.w3.org/TR/mediaqueries-5/), so it
can be read on a page of any colour. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined
from markupsafe import Markup

from portico.export.plot_apart import apart
from portico.export.plot_scale import Scale, number, scale
from portico.model.plot import Bar, Bars, Line, Mark, Plot

WIDTH = 720
_LEFT, _TOP, _FIELD, _BELOW = 68, 68, 280, 58
_ROW, _BARS_BELOW = 26, 34
#: Colours beside the main line's, and what tells lines apart that have one colour.
_COLOURS, _DASHES = 6, ("", "7 3", "2 3", "9 3 2 3")
#: Pixels between two labels, of a letter at most (a label's letters are not measured), and between two ticks' numbers.
_APART, _LETTER = 15, 6.9
_TICK = 60
_LONGEST = 34


@dataclass(frozen=True)
class Tick:
    """A tick at a pixel."""

    at: float
    says: str


def svg(picture: Plot | Bars) -> str:
    """The picture, 720 pixels wide; text in it is escaped, and what is not printable is a space."""
    return _lines(picture) if isinstance(picture, Plot) else _bars(picture)


def plain(text: str, longest: int = 200) -> str:
    """Text that XML may hold (https://www.w3.org/TR/xml/#charsets), cut to `longest` letters."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def letters(texts: Sequence[str]) -> float:
    """Pixels that the longest of the texts takes, at most."""
    return max((len(text) for text in texts), default=0) * _LETTER


def ticks(axis: Scale, place: Callable[[float], float]) -> list[Tick]:
    return [Tick(place(value), number(value)) for value in axis.ticks]


def _lines(plot: Plot) -> str:
    shown = [(line, _shown(plot, line)) for line in plot.lines]
    shown = [(line, points) for line, points in shown if points]
    x_axis = scale((x for _, points in shown for x, _ in points), plot.log_x, zero=False, most=10)
    y_axis = scale((y for _, points in shown for _, y in points), plot.log_y)
    names = [plain(line.name, _LONGEST) for line, _ in shown]
    right, bottom = round(WIDTH - 48 - letters(names)), _TOP + _FIELD

    def across(value: float) -> float:
        return round(_LEFT + x_axis.share(value) * (right - _LEFT), 1)

    def down(value: float) -> float:
        return round(bottom - y_axis.share(value) * _FIELD, 1)

    labels = apart([down(points[-1][1]) for _, points in shown], _APART, _TOP, bottom)
    drawn = [
        _drawn(line, name, [(across(x), down(y)) for x, y in points], label)
        for (line, points), name, label in zip(shown, names, labels, strict=True)
    ]
    for row, (place, style) in zip(drawn, _styles([line for line, _ in shown]), strict=True):
        row.update(colour=f"c{place}", dashes=style)
    return _render(
        "plot_lines.svg.j2",
        title=plain(plot.title),
        height=bottom + _BELOW,
        x_name=plain(plot.x),
        y_name=plain(plot.y),
        left=_LEFT,
        right=right,
        top=_TOP,
        bottom=bottom,
        x_ticks=ticks(x_axis, across),
        y_ticks=ticks(y_axis, down),
        marks=_marks(plot.marks, x_axis, across),
        # What is drawn last lies above the others.
        lines=sorted(drawn, key=lambda row: bool(row["main"])),
    )


def _shown(plot: Plot, line: Line) -> list[tuple[float, float]]:
    return [
        (x, y)
        for x, y in line.points
        if math.isfinite(x) and math.isfinite(y) and (x > 0 or not plot.log_x) and (y > 0 or not plot.log_y)
    ]


def _drawn(line: Line, name: str, dots: list[tuple[float, float]], label_y: float) -> dict[str, object]:
    path = "M" + "L".join(f"{x} {y}" for x, y in dots)
    return {"name": name, "main": line.main, "path": path, "dots": dots, "label_y": label_y}


def _styles(lines: Sequence[Line]) -> Iterator[tuple[int, str]]:
    """A colour and dashes for each line: the main ones' colour is theirs alone."""
    others = 0
    for line in lines:
        if line.main:
            yield 0, ""
        else:
            yield 1 + others % _COLOURS, _DASHES[others // _COLOURS % len(_DASHES)]
            others += 1


def _marks(marks: Sequence[Mark], axis: Scale, across: Callable[[float], float]) -> list[dict[str, object]]:
    """A mark's text stands on the side where there is room, and two marks' texts are not at one height."""
    return [
        {
            "at": across(mark.x),
            "says": plain(mark.name, 60),
            "before": axis.share(mark.x) > 0.5,
            "text_y": _TOP - 6 + _APART * row,
        }
        for row, mark in enumerate(marks)
    ]


def _bars(picture: Bars) -> str:
    names = [plain(bar.name, _LONGEST) for bar in picture.bars]
    notes = [plain(f"{number(bar.value)} {bar.note}", 60) for bar in picture.bars]
    left = round(30 + letters(names))
    values = [one for bar in picture.bars for one in (bar.value, bar.high or bar.value)]
    field = max(120.0, WIDTH - left - 30 - _note_room(picture.bars, notes, scale(values)))
    axis = scale(values, most=max(2, int(field / _TICK)))
    bottom = _TOP + max(1, len(picture.bars)) * _ROW

    def across(value: float) -> float:
        return round(left + axis.share(value) * field, 1)

    return _render(
        "plot_bars.svg.j2",
        title=plain(picture.title),
        height=bottom + _BARS_BELOW,
        x_name=plain(picture.x),
        left=left,
        top=_TOP - 6,
        bottom=bottom,
        ticks=ticks(axis, across),
        bars=[_bar(bar, names[at], _TOP + at * _ROW, left, across) for at, bar in enumerate(picture.bars)],
    )


def _note_room(bars: Sequence[Bar], notes: Sequence[str], axis: Scale) -> float:
    """Pixels that must stay free to the right of the axis: a note begins where its bar ends."""
    shares = [axis.share(bar.high or bar.value) for bar in bars]
    return max((len(note) * _LETTER - (1 - share) * 200 for note, share in zip(notes, shares, strict=True)), default=0)


def _bar(bar: Bar, name: str, y: float, left: float, across: Callable[[float], float]) -> dict[str, object]:
    spread = None if bar.low is None or bar.high is None else (across(bar.low), across(bar.high))
    end = max(across(bar.value), spread[1] if spread else 0.0)
    return {
        "name": name,
        "y": y,
        "long": round(across(bar.value) - left, 1),
        "spread": spread,
        "says": number(bar.value),
        "note": plain(bar.note, 50),
        "text_x": round(end + 8, 1),
        "main": bar.main,
        "faint": bar.faint,
    }


def style() -> Markup:
    """The style of all pictures; ours, so it is not escaped."""
    text = (resources.files("portico.export") / "templates" / "plot.css").read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704


@cache
def environment(*more: Path) -> Environment:
    """The templates of pictures; those in the folders `more` can build on them."""
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(more), PackageLoader("portico.export")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **values: object) -> str:
    return environment().get_template(template).render(width=WIDTH, style=style(), **values).lstrip()
