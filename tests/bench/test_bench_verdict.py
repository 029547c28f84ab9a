"""The rules by which one is first, on figures that are given."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.report_curves import steepest
from bench.results import Curve, Results, Workload
from bench.verdict import Spread, Verdict, lacking, outcome, over_floor, paired, spread, verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from measured import JSON, SLEEP, results, rounds, stack

_COST = Workload("w", "W", "", "cpu_us", True, ("cpu_us",))
_SPEED = replace(_COST, figure="per_s", lower=False)


def _of(workload: Workload, **figures: tuple[float, ...]) -> Verdict:
    found = {key: rounds(*many, figure=workload.figure) for key, many in figures.items()}
    return verdict(Results({}, tuple(map(stack, figures)), (workload,), {"w": found}), workload)


@pytest.mark.parametrize(
    ("mine", "says"),
    [
        ((0.9, 0.9, 0.91, 0.92, 0.9), "first"),
        ((0.99, 0.98, 0.99, 0.98, 0.99), "first"),
        ((0.9, 0.95, 1.0, 1.1, 0.9), "tie"),
        ((1.2, 1.3, 0.9, 0.95, 1.3), "tie"),
        ((1.02, 1.02, 1.01, 1.03, 1.02), "near"),
        ((1.03,) * 5, "near"),
        ((1.04,) * 5, "behind"),
        ((1.5,), "behind"),
    ],
)
def test_portico_against_one_other(mine: tuple[float, ...], says: str) -> None:
    other = (1.0,) * len(mine)
    assert _of(_COST, portico=mine, other=other).outcome == says
    # The same where more is better: what was a ratio of costs is one of speeds, the other way round.
    assert _of(_SPEED, portico=tuple(1 / one for one in mine), other=other).outcome == says


def test_portico_is_held_against_the_best() -> None:
    found = _of(_COST, portico=(10, 10, 10), slow=(20, 20, 20), fast=(8, 8, 8), medium=(9, 9, 9))
    assert (found.outcome, found.best) == ("behind", "fast")
    assert found.behind == Spread(1.25, 1.25, 1.25, 3)
    assert _of(_SPEED, portico=(10, 10, 10), slow=(5, 5, 5), fast=(11, 11, 11)).best == "fast"


@pytest.mark.parametrize("name", ["static", "slow_clients", "reload"])
def test_who_lacks_a_quality_is_no_contender_and_who_was_not_asked_is(name: str) -> None:
    figures = {"portico": rounds(10, 10), "other": rounds(5, 5)}
    for can, says in ((False, "alone"), (None, "behind"), (True, "behind")):
        seen = (stack("portico"), stack("other", **{name: can}))
        assert verdict(Results({}, seen, (_COST,), {"w": figures}), _COST).outcome == says
        assert len(lacking(seen[1])) == (can is False)


def test_the_floor_is_no_contender_and_one_who_is_absent_is_none_either() -> None:
    assert _of(_COST, portico=(10.0,), floor=(1.0,)).outcome == "alone"
    assert _of(_COST, other=(10.0,)).outcome == "absent"
    assert _of(_COST, portico=(10.0,), other=()).outcome == "alone"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0.1, 10)), min_size=1, max_size=9))
def test_what_slows_all_stacks_of_a_round_alike_changes_no_ratio(figures: list[tuple[float, float, float]]) -> None:
    calm = [rounds(*(one[at] for one in figures)) for at in (0, 1)]
    windy = [rounds(*(one[at] * one[2] for one in figures)) for at in (0, 1)]
    before, after = paired(*calm, "cpu_us"), paired(*windy, "cpu_us")
    assert before
    assert after
    assert after.median == pytest.approx(before.median)
    assert before.low <= before.median <= before.high


def test_quartiles_are_measured_values() -> None:
    assert spread([]) is None
    assert spread([7]) == Spread(7, 7, 7, 1)
    assert spread([3, 1, 2]) == Spread(2, 1, 3, 3)
    assert spread([5, 1, 4, 2, 3]) == Spread(3, 2, 4, 5)
    assert spread(range(1, 10)) == Spread(5, 3, 7, 9)


def test_nothing_lost_against_nothing_lost_is_no_difference() -> None:
    assert outcome(paired(rounds(0, 0), rounds(0, 0), "cpu_us") or Spread(0, 0, 0, 0)) == "tie"
    assert outcome(paired(rounds(2, 3), rounds(0, 0), "cpu_us") or Spread(0, 0, 0, 0)) == "behind"


def test_what_is_added_to_the_floor_is_compared() -> None:
    found = over_floor(results(), "json", "portico", "gunicorn")
    assert found
    assert found.median == pytest.approx((400 - 200) / (700 - 200))
    assert over_floor(results(), "sleep", "portico", "gunicorn") is None


def test_the_sample_run_has_one_of_each() -> None:
    assert [verdict(results(), one).outcome for one in results().workloads] == ["first", "behind", "alone"]
    assert (JSON.lower, SLEEP.lower) == (True, False)


@pytest.mark.parametrize(
    ("key", "points", "begin", "worse"),
    [
        ("clients_cpu", ((1, 100.0), (2, 110.0), (5, 99.0)), 1, 1.1),
        ("clients_per_s", ((1, 100.0), (2, 200.0), (5, 100.0)), 2, 2.0),
        ("clients_p99", ((1, 1.0), (10, 10.0), (20, 40.0)), 10, 2.0),
        ("sites_memory", ((1, 50.0), (2, 40.0)), 1, 0.8),
    ],
)
def test_a_cliff_is_a_step_for_the_worse(
    key: str, points: tuple[tuple[float, float], ...], begin: float, worse: float
) -> None:
    found = steepest(Curve(key, "", "", "", {}), points)
    assert found
    assert (found.begin, found.worse) == (begin, pytest.approx(worse))
    assert steepest(Curve(key, "", "", "", {}), points[:1]) is None
