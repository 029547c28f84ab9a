"""Requests that fail now and then are not put down to the load; those that only many clients meet are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portico.actions.options import Options
from portico.actions.tune import result
from portico.actions.tune.asked import Asked
from portico.actions.tune.failing import Failing, failing
from portico.actions.tune.rows import Round, Row
from portico.actions.tune.sizes import Size

NOW = Size(2, 2)


def row(size: Size, many: tuple[int, int], alone: tuple[int, int]) -> Row:
    one = Round(900.0, 5.0, 9.0, 4.0, 300.0, 5e7, bad=many[0] + alone[0], reasons=(("status 500", many[0]),))
    return Row(size, tuple(Round(**{**one.__dict__, "many": many, "alone": alone}) for _ in range(2)))


@pytest.mark.parametrize(
    ("many", "alone", "when"),
    [
        ((50, 1000), (20, 400), "anyway"),
        ((50, 1000), (14, 400), "anyway"),
        ((50, 1000), (0, 400), "under load"),
        ((500, 1000), (20, 400), "under load"),
        ((50, 1000), (0, 40), "unknown"),
        ((50, 1000), (0, 0), "unknown"),
    ],
)
def test_it_is_the_load_only_where_one_client_has_fewer_than_chance_explains(
    many: tuple[int, int], alone: tuple[int, int], when: str
) -> None:
    assert Failing(*many, *alone).when == when


def test_all_settings_count_together() -> None:
    found = failing([row(NOW, (5, 100), (1, 20)), row(Size(4, 4), (6, 100), (0, 20))])
    assert found == Failing(22, 400, 2, 80)


def finding(rows: list[Row], *logged: str) -> Any:
    first = SimpleNamespace(statuses={"/flaky/": 200})
    seen = SimpleNamespace(present=NOW, logged=logged, first=first, course=SimpleNamespace(clients=64))
    return result._failing(Asked(Options(Path("/srv/shop"))), rows, seen)  # type: ignore[arg-type]


def test_what_fails_anyway_shows_the_exception_and_where_to_look_and_no_word_of_the_load() -> None:
    found = finding([row(NOW, (50, 1000), (20, 400))], "application, 70 times: ValueError: odd")
    assert tuple(found.fix) == ("portico doctor /flaky/", "portico trace /flaky/")
    assert any("ValueError: odd" in line for line in found.evidence)
    assert "it is not the load" in found.cause


def test_what_grows_with_the_load_advises_fewer_clients() -> None:
    found = finding([row(NOW, (50, 1000), (0, 400))])
    assert [line.split("   #")[0] for line in found.fix] == ["portico tune /flaky/ --clients 16"]
    assert "grow with the load" in found.cause


def test_a_setting_that_fails_does_not_keep_the_present_one_from_being_judged() -> None:
    clean = Row(NOW, (Round(80.0, 5.0, 9.0, 4.0, 300.0, 5e7, many=(0, 1000), alone=(0, 400)),) * 3)
    other = Row(Size(2, 8), (Round(300.0, 5.0, 9.0, 4.0, 300.0, 5e7, many=(0, 1000), alone=(0, 400)),) * 3)
    worst = row(Size(4, 8), (50, 1000), (20, 400))
    uwsgi = SimpleNamespace(plan=SimpleNamespace(uwsgi=SimpleNamespace(instances=1)))
    nature = SimpleNamespace(bound_per_s=lambda _: 1e9)
    seen: Any = SimpleNamespace(present=NOW, base=uwsgi, first=SimpleNamespace(nature=nature))
    asked: Any = SimpleNamespace(clients=64)
    assert result._judged(asked, seen, [clean, other, worst, worst]).outcome != "none"
    assert result._judged(asked, seen, [row(NOW, (50, 1000), (20, 400)), other]).outcome == "none"
