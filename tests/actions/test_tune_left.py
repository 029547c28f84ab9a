"""What a run of `portico tune` tells and leaves: figures are never lost to a file, and none is made up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from portico.actions.configure import load
from portico.actions.options import Options
from portico.actions.tune.asked import Asked
from portico.actions.tune.first_look import FirstLook
from portico.actions.tune.fits import Fitting
from portico.actions.tune.measure import Window
from portico.actions.tune.result import Seen, result
from portico.actions.tune.rows import Round, Row
from portico.actions.tune.site import Site
from portico.actions.tune.sizes import Nature, Size
from portico.cli import tune_screen
from portico.model.errors import Exit
from portico.model.load import Measured
from portico.model.result import Result
from support.plans import make_plan

NOW, BETTER = Size(2, 2), Size(2, 8)
NOTHING = Round(0.0, None, None, None, None, 5e7, lost=64)


def window(answers: int, load_us: float) -> Window:
    return Window(Measured(1.0, {200: answers} if answers else {}, {}, (1000,) * answers), 300.0, load_us)


def tuned(folder: Path, *rows: Row, first: FirstLook | None = None, logged: tuple[str, ...] = (), **asked: Any) -> Result:
    """The Result of a run that had these rows."""
    options = Options(folder)
    course = SimpleNamespace(rows=lambda: list(rows), seconds=1.0, rounds=2, clients=64)
    course.windows, course.fitting = [window(999, 30.0), window(1, 20_000.0)], Fitting((), {})
    base: Any = SimpleNamespace(plan=make_plan(), asked=SimpleNamespace(django=None))
    looked = first or FirstLook({"/": 200}, Nature(50_000, 500), window(100, 30.0))
    seen = Seen(base, looked, NOW, (), course if rows else None, logged=logged)  # type: ignore[arg-type]
    return result(Asked(options, **asked), Site(options, load(folder), "all", lives=False), seen)


def row(size: Size, per_s: float) -> Row:
    return Row(size, (Round(per_s, 5.0, 9.0, 4.0, 300.0, 5e7, others=0.0),) * 2)


def test_a_picture_that_cannot_be_written_does_not_cost_what_was_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = tuned(tmp_path, row(NOW, 80), row(BETTER, 300), svg=tmp_path / "file" / "tune.svg")
    assert ran.data["recommendation"]["threads"] == 8
    assert (len(ran.findings), ran.code) == (1, Exit.USAGE)


def test_lines_that_cannot_be_written_are_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tuned(tmp_path, row(NOW, 80), row(BETTER, 300))
    assert ran.code == Exit.DONE
    (tmp_path / "portico.toml").write_text("[uwsgi]\n")

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "portico.toml")

    monkeypatch.setattr("portico.system.edit.replace_text", refuse)
    refused = tuned(tmp_path, row(NOW, 80), row(BETTER, 300), write=True)
    assert refused.data["toml"] == ran.data["toml"]
    assert refused.data["written"] is None
    assert refused.data["next"][0].startswith("put these lines into portico.toml")
    assert refused.findings
    assert refused.code != Exit.DONE


def test_where_nothing_was_answered_there_is_no_latency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    some = Round(2.0, 9000.0, 15_000.0, None, 700.0, 5e7, lost=60)
    ran = tuned(tmp_path, row(NOW, 80), Row(Size(2, 1), (NOTHING, NOTHING)), Row(Size(4, 1), (NOTHING, some)))
    never, seldom, _ = sorted(ran.data["settings"], key=lambda one: one["per_s"]["median"])
    assert [never[name] for name in ("p50_ms", "p99_ms", "alone_ms", "cpu_us")] == [None] * 4
    assert (seldom["p50_ms"]["median"], seldom["p99_ms"]["median"], seldom["cpu_us"]["median"]) == (9000, 15_000, 700)
    shown = click.unstyle(tune_screen.text(ran.data))
    assert next(line.split() for line in shown.splitlines() if "2 x 1 " in line)[5:9] == ["-", "-", "-", "-"]


def test_what_the_load_took_is_that_of_a_request_and_not_of_a_window(tmp_path: Path) -> None:
    ran = tuned(tmp_path, row(NOW, 80), row(BETTER, 300))
    (load_says,) = [one["evidence"] for one in ran.data["caveats"] if one["about"] == "load"]
    assert load_says[0].startswith("50 us of CPU for each request")


def test_the_command_that_writes_measures_the_same_again(tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "paths": ("/a?b&c",),
        "clients": 200,
        "rounds": 3,
        "threads": (2, 8),
        "host": "shop.example",
        "headers": (("Cookie", "sessionid=secret"),),
    }
    command = tuned(tmp_path, row(NOW, 80), row(BETTER, 300), **asked).data["next"][1]
    wanted = "portico tune '/a?b&c' --rounds 3 --host shop.example --threads 2,8 --clients 200 -H 'Cookie: ...' --write   #"
    assert command.startswith(wanted)
    shaped = Asked(Options(tmp_path, target="hello.py", allow_root_app=True))
    assert shaped.again(()) == "portico tune --app hello.py --allow-root-app"


def test_a_page_that_fails_is_told_with_what_the_application_raised(tmp_path: Path) -> None:
    ran = tuned(tmp_path, first=FirstLook({"/boom?a&b": 500}), logged=("application, 1 times: ValueError: boom",))
    (finding,) = ran.findings
    assert "application, 1 times: ValueError: boom" in finding.evidence
    assert finding.fix[0].startswith("portico trace '/boom?a&b'")


def test_a_redirect_may_be_to_a_login(tmp_path: Path) -> None:
    ran = tuned(tmp_path, first=FirstLook({"/account/": 302}))
    assert "Cookie" in ran.findings[0].fix[0]


def test_a_present_setting_that_the_database_has_no_room_for_is_the_answer(tmp_path: Path) -> None:
    ran = tuned(tmp_path, Row(NOW, failed="it may need 40 connections of the database, which has 24 left"), row(BETTER, 300))
    assert ran.data["recommendation"]["outcome"] == "none"
    assert "40 connections of the database, which has 24 left" in ran.data["recommendation"]["why"][0]
    assert ran.code == Exit.FINDINGS
