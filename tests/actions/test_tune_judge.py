"""What `portico tune` would try, and what it makes of the figures."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.actions.tune.caveats import Circumstances, caveats
from portico.actions.tune.fits import Room, fitting
from portico.actions.tune.judge import judged
from portico.actions.tune.rows import Judged, Round, Row
from portico.actions.tune.sizes import MOST_THREADS, Nature, Size, candidates

NOW = Size(2, 2)
SLEEPS = Nature(wall_us=50_600, cpu_us=500, load_us=100)
COMPUTES = Nature(wall_us=12_000, cpu_us=11_400, load_us=200)


def row(size: Size, *per_s: float, p99_ms: float = 50.0, megabytes: float = 80.0, **seen: float) -> Row:
    """`lost` and `bad` are those of the first round."""
    rounds = [Round(rate, p99_ms / 2, p99_ms, 5.0, 400.0, megabytes * 1e6, others=seen.get("others", 0.0)) for rate in per_s]
    rounds[0] = replace(rounds[0], lost=int(seen.get("lost", 0)), bad=int(seen.get("bad", 0)))
    return Row(size, tuple(rounds))


def decide(*rows: Row) -> Judged:
    return judged(rows, NOW, 64)


def test_a_page_that_waits_is_given_as_many_slots_as_keep_the_cores_busy() -> None:
    tried = candidates(NOW, SLEEPS, cores=2, clients=64)
    assert tried[0] == NOW
    assert Size(2, 32) in tried
    assert SLEEPS.slots(2, 64) == 64
    assert SLEEPS.slots(2, 1000) == pytest.approx(2 * 50_500 / 500, abs=1)


def test_a_page_that_computes_is_tried_with_processes_rather_than_threads() -> None:
    assert not COMPUTES.waits
    tried = candidates(NOW, COMPUTES, cores=4, clients=64)
    assert {Size(4, 1), Size(4, 2), Size(8, 1)} <= set(tried)
    assert max(size.threads for size in tried) <= 4


def test_what_cannot_be_told_from_the_way_there_is_no_waiting() -> None:
    assert not Nature(wall_us=700, cpu_us=300, load_us=80).waits


@given(
    wall=st.floats(100, 5e6),
    share=st.floats(0.0, 1.0),
    cores=st.integers(1, 64),
    clients=st.integers(1, 2000),
    present=st.builds(Size, st.integers(1, 64), st.integers(1, 64)),
)
def test_few_settings_are_tried_and_never_a_single_worker_unasked(
    wall: float, share: float, cores: int, clients: int, present: Size
) -> None:
    tried = candidates(present, Nature(wall, wall * share), cores, clients)
    assert tried[0] == present
    assert len(set(tried)) == len(tried)
    assert 2 <= len(tried) <= 10
    assert all(size.processes >= 2 and 1 <= size.threads <= MOST_THREADS for size in tried[1:])


def test_the_settings_asked_for_are_tried_in_all_pairs_beside_the_present_one() -> None:
    tried = candidates(NOW, COMPUTES, 2, 64, processes=(1, 4), threads=(1, 8))
    assert tried == (NOW, Size(1, 1), Size(1, 8), Size(4, 1), Size(4, 8))


def test_more_threads_are_recommended_where_they_answer_more() -> None:
    found = decide(row(NOW, 78, 79, 78), row(Size(2, 16), 610, 620, 615), row(Size(2, 32), 1150, 1180, 1160))
    assert (found.outcome, found.size) == ("change", Size(2, 32))


def test_of_settings_as_good_the_one_that_takes_least_memory() -> None:
    found = decide(
        row(NOW, 78, 79, 78),
        row(Size(8, 8), 1190, 1180, 1200, megabytes=300),
        row(Size(2, 32), 1170, 1175, 1180, megabytes=90),
    )
    assert found.size == Size(2, 32)
    assert set(found.near) == {Size(8, 8), Size(2, 32)}


def test_one_that_is_fast_but_makes_some_wait_long_is_not_as_good() -> None:
    found = decide(
        row(NOW, 500, 500, 500, p99_ms=60),
        row(Size(2, 8), 800, 800, 800, p99_ms=50, megabytes=90),
        row(Size(2, 4), 790, 790, 790, p99_ms=70, megabytes=70),
    )
    assert found.size == Size(2, 8)


def test_noise_keeps_the_present_setting_and_says_so() -> None:
    found = decide(row(NOW, 500, 560, 430, 520), row(Size(4, 2), 560, 500, 520, 470))
    assert (found.outcome, found.size) == ("keep", NOW)
    louder = decide(row(NOW, 500, 560, 430, 520), row(Size(4, 2), 590, 540, 520, 515))
    assert louder.outcome == "keep"
    assert "noise" in " ".join(louder.why)


def test_a_slow_spell_that_hits_both_alike_is_no_noise() -> None:
    found = decide(row(NOW, 500, 250, 480, 100), row(Size(4, 2), 600, 300, 576, 120))
    assert (found.outcome, found.size) == ("change", Size(4, 2))


def test_what_other_processes_take_makes_a_difference_less_sure() -> None:
    slower, faster = row(NOW, 500, 505, 495, others=0.5), row(Size(4, 2), 600, 610, 590, others=0.5)
    assert decide(slower, faster).outcome == "keep"
    assert decide(slower, row(Size(4, 2), 5000, 5100, 4900, others=0.5)).outcome == "change"
    bound = Nature(wall_us=8_000, cpu_us=200).bound_per_s(4)
    assert bound == 500
    assert judged([slower, faster], NOW, 64, bound).outcome == "change", "it could not have answered more anyway"
    assert "50%" in about(NOW, others=0.5)["load"]


def test_much_less_memory_for_the_same_speed_is_worth_a_change() -> None:
    wide = Row(NOW, row(NOW, 500, 505, 495, megabytes=400).rounds)
    found = decide(wide, row(Size(2, 1), 498, 503, 500, megabytes=100))
    assert (found.outcome, found.size) == ("change", Size(2, 1))
    assert "memory" in found.why[0]


def test_a_setting_that_loses_requests_is_never_recommended() -> None:
    found = decide(row(NOW, 100, 100, 100), row(Size(4, 8), 900, 900, 900, lost=1), row(Size(2, 8), 400, 400, 400, bad=0))
    assert found.size == Size(2, 8)
    assert any("4 x 8" in why and "failed" in why for why in found.why)
    assert decide(row(NOW, 10, 10, bad=3), row(Size(4, 8), 90, 90, lost=1)).outcome == "none"


def test_where_the_present_setting_fails_requests_one_that_does_not_is_recommended() -> None:
    found = decide(row(NOW, 900, 900, bad=5), row(Size(2, 1), 500, 500))
    assert (found.outcome, found.size) == ("change", Size(2, 1))
    assert "fail" in found.why[0]


def test_one_round_is_too_little() -> None:
    assert decide(row(NOW, 10), row(Size(2, 8), 90)).outcome == "none"


def test_a_round_that_was_broken_off_does_not_count() -> None:
    found = decide(row(NOW, 100, 100, 400), row(Size(2, 8), 120, 120))
    assert (found.outcome, found.size) == ("change", Size(2, 8))


_RATES = st.lists(st.floats(1, 5000), min_size=2, max_size=6)


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 64), _RATES, st.floats(10, 900)), min_size=1, max_size=8))
def test_a_recommendation_is_one_that_was_measured_is_as_good_as_the_best_or_is_the_present_one(
    seen: list[tuple[int, int, list[float], float]],
) -> None:
    rows = {Size(one, two): row(Size(one, two), *rates, megabytes=size) for one, two, rates, size in seen}
    rows[NOW] = rows.get(NOW) or row(NOW, 100.0, 110.0)
    found = judged(list(rows.values()), NOW, 64)
    assert found.size in rows
    assert found.size == NOW or found.size in found.near
    assert (found.outcome == "keep") == (found.size == NOW)


@given(st.lists(st.floats(10, 1000), min_size=3, max_size=6), st.randoms(use_true_random=False))
def test_settings_that_do_not_differ_are_left_as_they_are(rates: list[float], chance: random.Random) -> None:
    rows = [row(NOW, *rates), *(row(Size(number, 2), *rates) for number in (3, 4, 6))]
    chance.shuffle(rows)
    assert judged(rows, NOW, 64).outcome == "keep"


def test_what_does_not_fit_beside_each_other_runs_one_after_the_other() -> None:
    sizes = [NOW, Size(2, 8), Size(4, 2), Size(64, 2)]
    found = fitting(sizes, Room(memory_bytes=500_000_000, seen=NOW, seen_bytes=80e6))
    assert found.batches == ((NOW, Size(2, 8)), (Size(4, 2),))
    assert "memory" in found.left_out[Size(64, 2)]


def test_a_trial_never_takes_the_connections_that_the_site_lives_on() -> None:
    sizes = [NOW, Size(2, 8), Size(2, 32)]
    kept = fitting(sizes, Room(10**12, NOW, 80e6, connections=20, holds=True))
    assert kept.batches == ((NOW, Size(2, 8)),)
    assert "connections" in kept.left_out[Size(2, 32)]
    # The present setting runs beside all others, and its threads keep their connections.
    narrow = fitting([NOW, Size(2, 7), Size(2, 8)], Room(10**12, NOW, 80e6, connections=19, holds=True))
    assert narrow.batches == ((NOW, Size(2, 7)),)
    assert "16 connections of the database beside the 4 of 2 x 2" in narrow.left_out[Size(2, 8)]
    two = fitting([NOW, Size(2, 7), Size(2, 6)], Room(10**12, NOW, 80e6, connections=19, holds=True))
    assert two.batches == ((NOW, Size(2, 7)), (Size(2, 6),))


def about(size: Size, **seen: object) -> dict[str, str]:
    there = Circumstances(size, NOW, 64, ("/",), **seen)  # type: ignore[arg-type]
    return {one.about: " ".join([one.says, *one.evidence]) for one in caveats(there)}


def test_connections_are_counted_for_the_time_in_which_a_release_changes() -> None:
    database = {"alias": "default", "engine": "x", "vendor": "postgresql", "max_connections": 100, "connections": 5}
    assert "database" not in about(Size(2, 16), databases=(database,))
    assert "64" in about(Size(2, 32), databases=(database,))["database"]
    assert "more than" in about(Size(4, 32), databases=(database,))["database"]
    assert "SQLite" in about(Size(2, 16), databases=({**database, "vendor": "sqlite"},))["database"]
    assert "could not" in about(Size(2, 16), databases=None)["database"]


def test_threads_are_warned_of_only_where_there_are_more_than_before() -> None:
    assert "threads" not in about(NOW)
    assert "harakiri = 60" in about(Size(2, 32), harakiri_s=60)["threads"]


def test_memory_is_counted_twice_as_a_release_takes_it() -> None:
    assert "memory" not in about(NOW, pss_bytes=100e6, free_bytes=300_000_000)
    assert "2 x" in about(NOW, pss_bytes=100e6, free_bytes=150_000_000)["memory"]
