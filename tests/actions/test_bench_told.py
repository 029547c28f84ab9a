"""What `portico bench` says where a figure is none: too few looks, a floor above the whole, others on the machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portico.actions.bench.judge import added_us, app_share, judge
from portico.actions.bench.seen import Figures, Once, Spread, figures
from portico.actions.bench.told import by_others
from portico.actions.bench.unlike import floor_is_noise
from portico.model.load import Measured
from support.bench_seen import FULL

SEEN = replace(FULL, per_s=Spread(2000, 1900, 2100), worker=0.9, machine=0.9, client=0.1)


def _looked(busy: tuple[int, ...], workers_us: float = 1e5, **other: Any) -> Figures:
    measured = Measured(2.0, {200: 400}, {}, (1000,) * 400)
    seen: dict[str, Any] = {"by_app": 400, "others": 0, "machine": 0.5, "client": 0.1, "queue": 0, **other}
    return figures([Once(measured, {"uwsgi workers": workers_us}, busy=busy, **seen)], slots=4, processes=2)


@pytest.mark.parametrize("busy", [(), (2, 3), (0,) * 8, (1, 0, 0, 0, 0, 0)])
def test_too_few_looks_and_those_that_cannot_be_true_are_no_measure(busy: tuple[int, ...]) -> None:
    # Its workers took 1.5 of the cores.
    assert _looked(busy, workers_us=3e6).busy is None


def test_enough_looks_are_a_measure_and_nobody_is_busy_where_nginx_answers() -> None:
    assert _looked((2, 2, 3, 2, 1)).busy == 2
    assert _looked((0,) * 8, workers_us=0.0, by_app=0).busy == 0


def test_workers_that_served_without_any_cpu_were_not_measured() -> None:
    assert _looked((1,) * 8, workers_us=0.0).worker is None
    assert _looked((1,) * 8, workers_us=0.0, by_app=None).worker is None
    assert _looked((0,) * 8, workers_us=0.0, by_app=0).worker == 0
    assert judge(replace(SEEN, worker=None, busy=None, machine=0.2), 2, 8).bound == "nothing"


@pytest.mark.parametrize("floor", [450.0, 500.0])
def test_a_floor_that_is_not_below_the_whole_is_noise(floor: float) -> None:
    seen = replace(SEEN, floor_us=Spread(floor, floor, floor))
    assert added_us(seen) is None
    assert app_share(seen) is None
    note = floor_is_noise(seen)
    assert f"{floor:.1f} us" in note
    assert "450.0 us" in note
    assert "--seconds" in note
    judged = judge(replace(seen, machine=0.6), 2, 8)
    assert judged.bound == "cpu"
    assert "%" not in judged.says
    assert not floor_is_noise(SEEN)


def test_others_are_told_of_the_pages_that_they_met() -> None:
    assert list(by_others([("/a/", 0.1), ("/b/", 0.2)])) == []
    (all_of_them,) = by_others([("/a/", 0.3), ("/b/", 0.5)])
    assert "30 to 50 % of this machine:" in all_of_them
    (one,) = by_others([("/a/", 0.1), ("/b/", 0.5)])
    assert "50 % of this machine while /b/ was measured" in one
    (two,) = by_others([("/a/", 0.1), ("/b/", 0.5), ("/c/", 0.4)])
    assert "40 to 50 % of this machine while /b/, /c/ were measured" in two


def test_what_bounds_a_page_does_not_hide_the_others() -> None:
    alone, beside = judge(replace(SEEN, machine=0.6), 2, 8), judge(replace(SEEN, machine=0.95), 2, 8)
    assert alone.bound == beside.bound == "application"
    assert "ther processes" not in alone.says
    assert "Other processes took 45 % of the machine meanwhile" in beside.says
