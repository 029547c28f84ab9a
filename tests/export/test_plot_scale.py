"""Scales and labels: properties that hold for whatever is measured."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.export.plot_apart import apart
from portico.export.plot_scale import number, scale

_VALUES = st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(_VALUES, st.booleans(), st.booleans())
def test_a_scale_holds_every_value_and_its_ticks_rise(values: list[float], log: bool, zero: bool) -> None:
    made = scale(values, log=log, zero=zero)
    assert made.low <= min(values) * (1 + 1e-6)
    assert made.high >= max(values) * (1 - 1e-6)
    assert list(made.ticks) == sorted(set(made.ticks))
    assert 1 <= len(made.ticks) <= 9
    shares = [made.share(value) for value in sorted(values)]
    assert shares == sorted(shares)
    assert (made.share(made.low), made.share(made.high)) == (0.0, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1, 1000, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
        (1, 50, (1, 2, 5, 10, 20, 50)),
        (3, 7, (2, 5, 10)),
        (5, 5, (5, 10)),
        (1, 200_000, (1, 10, 100, 1000, 10_000, 100_000)),
    ],
)
def test_a_logarithmic_scale_counts_in_1_2_5_10(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert scale((low, high), log=True, most=10).ticks == ticks


def test_a_linear_scale_begins_at_0_or_where_the_values_do() -> None:
    assert scale((437, 1213)).ticks == (0, 500, 1000, 1500)
    assert scale((3, 7), zero=False).ticks == (3, 4, 5, 6, 7)
    assert scale((0.1, 0.3)).ticks == (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


def test_what_cannot_be_drawn_does_not_bend_the_scale() -> None:
    assert scale((1, float("nan"), float("inf"), 4)) == scale((1, 4))
    assert scale((0, -3, 1, 4), log=True) == scale((1, 4), log=True)
    assert scale(()).ticks[0] == 0


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0, "0"),
        (0.05, "0.05"),
        (1.234, "1.23"),
        (5.0, "5"),
        (10.0, "10"),
        (34.56, "34.6"),
        (99.97, "100"),
        (1234.5, "1,234"),
    ],
)
def test_a_number_has_three_digits_that_matter(value: float, says: str) -> None:
    assert number(value) == says


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 100), max_size=12))
def test_labels_keep_apart_in_their_order_and_on_the_picture(wanted: list[float]) -> None:
    places = apart(wanted, 5, 0, 100)
    assert all(after - before >= 5 - 0.11 for before, after in pairwise(sorted(places)))
    assert all(-0.1 <= place <= 100.1 for place in places)
    by_wish = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert by_wish == sorted(by_wish)


def test_labels_that_have_room_stay_where_they_are() -> None:
    assert apart([80, 10, 40], 15, 0, 100) == [80, 10, 40]
