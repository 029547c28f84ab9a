"""Pictures as SVG: they say what the plot says, need nothing else, and no text in them becomes markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from portico.export.plot_svg import WIDTH, svg
from portico.model.plot import Bar, Bars, Line, Mark, Plot

_XS = (1, 2, 5, 10, 100, 1000)
_LINES = (
    Line("nginx + gunicorn", tuple((x, 700 + x / 10) for x in _XS)),
    Line("Portico", tuple((x, 400.0) for x in _XS), main=True),
    Line("another at the same place", tuple((x, 401.0) for x in _XS)),
)
_PLOT = Plot("CPU per request", "clients", "µs", _LINES, log_x=True, marks=(Mark(10, "now"), Mark(100, "recommended")))
_BARS = Bars(
    "JSON view", "µs", (Bar("Portico", 400, 390, 420, main=True), Bar("granian", 380, faint=True, note="no reload"))
)


def _texts(drawn: str) -> list[str]:
    found = ElementTree.fromstring(drawn)
    return ["".join(one.itertext()) for one in found.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("picture", [_PLOT, _BARS, Plot("", "", "", ()), Bars("", "", ())])
def test_a_picture_is_one_svg_that_needs_nothing_else_and_is_the_same_each_time(picture: Plot | Bars) -> None:
    drawn = svg(picture)
    assert svg(picture) == drawn
    found = ElementTree.fromstring(drawn)
    assert found.attrib["width"] == str(WIDTH)
    assert not re.search(r"<script|href|@import|url\(|<image|<foreignObject| on\w+=", drawn)
    assert set(re.findall(r"https?://[^\s\"')]+", drawn)) == {
        "http://www.w3.org/2000/svg",
        "https://jfly.uni-koeln.de/color/",
    }


def test_a_plot_names_lines_axes_marks_and_ticks() -> None:
    drawn = svg(_PLOT)
    texts = _texts(drawn)
    assert {"CPU per request", "clients", "µs", "now", "recommended", *(line.name for line in _LINES)} <= set(texts)
    under = re.findall(r'class="middle quiet"[^>]*>([^<]+)<', drawn)
    assert under == ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1,000"]


def test_names_at_the_lines_ends_do_not_lie_over_each_other() -> None:
    drawn = svg(Plot("", "", "", tuple(Line(f"line {at}", ((1, 50.0), (2, 50.0 + at / 10))) for at in range(12))))
    places = sorted(float(y) for y in re.findall(r'y="([\d.]+)">line \d+<', drawn))
    assert len(places) == 12
    assert min(after - before for before, after in pairwise(places)) >= 14.8


def test_the_main_line_is_drawn_above_the_others_and_stronger() -> None:
    drawn = svg(_PLOT)
    paths = re.findall(r'<path class="line( strong)?"', drawn)
    assert paths == ["", "", " strong"]


def test_what_cannot_be_drawn_is_left_out() -> None:
    odd = Plot("", "", "", (Line("odd", ((0, 1.0), (1, float("nan")), (2, 5.0))), Line("none", ((0, 1.0),))), log_x=True)
    drawn = svg(odd)
    assert "nan" not in drawn
    assert drawn.count("<circle") == 1
    assert "none" not in _texts(drawn)


def test_nothing_measured_is_said() -> None:
    assert "nothing was measured" in _texts(svg(Plot("", "", "", (Line("empty", ()),))))
    assert "nothing was measured" in _texts(svg(Bars("", "", ())))


def test_bars_say_value_and_note_and_show_their_spread() -> None:
    drawn = svg(_BARS)
    assert {"Portico", "granian", "400", "380 no reload"} <= set(_texts(drawn))
    assert drawn.count('class="spread"') == 1
    assert drawn.count('class="bar out"') == 1


def test_text_is_never_markup() -> None:
    evil = '<script>alert("1")</script>&\x00\x1b[31m'
    plot = Plot(evil, evil, evil, (Line(evil, ((1, 1.0), (2, 2.0))),), marks=(Mark(1, evil),))
    for drawn in (svg(plot), svg(Bars(evil, evil, (Bar(evil, 1, note=evil),)))):
        ElementTree.fromstring(drawn)
        assert "<script" not in drawn
        assert "\x1b" not in drawn
