"""Plots in the terminal: whole rows, readable without colour, in the width they are given."""

from __future__ import annotations

import re

import pytest

from portico.cli.plot_text import text
from portico.cli.trace_rows import width_of
from portico.model.plot import Bar, Bars, Line, Mark, Plot

_PLOT = Plot(
    "Requests per second",
    "processes",
    "per second",
    (
        Line("2 threads", ((1, 900), (2, 1700), (4, 1740), (8, 1500)), True),
        Line("1 thread", ((1, 500), (2, 1200), (8, 1300))),
    ),
    marks=(Mark(2, "now"), Mark(4, "recommended")),
)
_BARS = Bars(
    "JSON view", "µs", (Bar("Portico", 400, 390, 420, main=True), Bar("granian", 800, faint=True, note="no reload"))
)


@pytest.mark.parametrize("picture", [_PLOT, _BARS, Plot("", "", "", ()), Bars("", "", ())])
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_rows_fit_and_have_no_style_unless_asked(picture: Plot | Bars, width: int) -> None:
    rows = text(picture, width)
    assert max(map(width_of, rows)) <= width
    assert "\x1b" not in "".join(rows)


def test_colour_adds_style_and_nothing_else() -> None:
    for picture in (_PLOT, _BARS):
        coloured = text(picture, 80, colour=True)
        assert "\x1b[" in "".join(coloured)
        assert [re.sub(r"\x1b\[[0-9;]*m", "", row).rstrip() for row in coloured] == text(picture, 80)


def test_a_narrow_picture_keeps_its_bars_and_figures() -> None:
    rows = text(_BARS, 40)[2:]
    assert [row.split()[-1] for row in rows] == ["400", "reload"]
    assert all("█" * 4 in row or "░" * 4 in row for row in rows)


def test_each_line_has_a_sign_that_stands_at_its_points_and_before_its_name() -> None:
    rows = text(_PLOT, 80)
    field = "\n".join(rows)
    assert (field.count("●"), field.count("○")) == (4 + 1, 3 + 1)
    last = {
        sign: next(row for row in rows if f"{sign} {name}" in row) for sign, name in (("●", "2 threads"), ("○", "1 thread"))
    }
    # Both end so near to each other that the names still stand where the lines do.
    assert all(row.count(sign) == 2 for sign, row in last.items())


def test_axes_have_their_numbers_and_marks_stand_under_their_value() -> None:
    rows = text(_PLOT, 80)
    numbers = next(row for row in rows if re.fullmatch(r" +1 .* 8", row))
    assert numbers.split() == ["1", "2", "3", "4", "5", "6", "7", "8"]
    for name, value in (("now", "2"), ("recommended", "4")):
        mark = next(row for row in rows if name in row)
        assert mark.index("▲") == numbers.index(value)
    assert [row.split("┤")[0].strip() for row in rows if "┤" in row] == ["2,000", "1,500", "1,000", "500", "0"]


def test_names_never_lie_over_each_other() -> None:
    rows = text(Plot("", "", "", tuple(Line(f"line {at}", ((1, 5.0), (2, 5.0))) for at in range(9))), 80)
    assert [sum(f"line {at}" in row for row in rows) for at in range(9)] == [1] * 9


def test_bars_are_to_scale() -> None:
    one, other = text(_BARS, 100)[2:]
    assert abs(other.count("░") - 2 * one.count("█")) <= 2
    assert one.endswith("400 (390-420)")
    assert other.endswith("800  no reload")


def test_nothing_measured_is_said() -> None:
    assert "nothing was measured" in text(Plot("", "", "", (Line("empty", ()),)))[-1]


def test_text_does_nothing_to_the_terminal() -> None:
    evil = "a\x1b[2Jb\nc"
    for picture in (
        Plot(evil, evil, evil, (Line(evil, ((1, 1.0),)),), marks=(Mark(1, evil),)),
        Bars(evil, evil, (Bar(evil, 1, note=evil),)),
    ):
        assert all(row.isprintable() for row in text(picture, 80))
