"""What `portico bench` tells of a page as it was sent, of limits that nginx has, and what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portico.actions.bench import measure, run, target, told
from portico.actions.bench.asked import Asked, Page
from portico.actions.bench.curve import with_svg
from portico.actions.bench.floor import Measurer, Python
from portico.actions.bench.seen import Once, figures
from portico.actions.bench.target import Target
from portico.actions.options import Options
from portico.actions.places import Places
from portico.cli import bench_screen
from portico.cli.main import run as portico
from portico.model.errors import Exit, PorticoError
from portico.model.load import Measured
from portico.model.plan import Plan
from portico.model.result import Result
from portico.system.accounts import ourselves
from portico.system.http import MOST_BYTES, Answer
from support.bench_seen import FULL
from support.plans import make_plan

PAGES = [Page("/shop/", "shop.example"), Page("/a b", "shop.example")]


def found(folder: Path, plan: Plan | None = None, live: bool = True) -> Target:
    where = Places(*(folder / name for name in ("", ".portico", "state", "run")))
    return Target(plan or make_plan(), where, live, 10, (20,), None, folder, {}, ourselves(), None, None)


@pytest.mark.parametrize(
    ("headers", "body", "size"),
    [
        ({}, b"hello", 5),
        ({"content-length": "20971520"}, b"x" * MOST_BYTES, 20_971_520),
        ({}, b"x" * MOST_BYTES, None),
    ],
)
def test_the_size_of_a_page_is_all_of_it(headers: dict[str, str], body: bytes, size: int | None) -> None:
    assert told.size(Answer(200, headers, body, 0.1)) == size


def test_where_nothing_was_answered_there_is_neither_a_latency_nor_what_an_answer_costs(tmp_path: Path) -> None:
    lost = Once(Measured(1.0, {}, {"short": 9}, ()), {"nginx": 9e4}, 9, 0, 0.5, 0.1, 0, (1,) * 8)
    some = Once(Measured(1.0, {200: 9}, {"short": 1}, (4000,) * 9), {"nginx": 900.0}, 9, 0, 0.5, 0.1, 0, (1,) * 8)
    every = [figures([lost, lost], 4, 2), figures([lost, some], 4, 2)]
    answers = [Answer(200, {}, b"", 0.1)] * 2
    data = told.result(Asked(Options(tmp_path)), found(tmp_path), PAGES, every, answers, Measurer(None, Python(), ""), {})
    never, seldom = data["pages"]
    assert never["p50_ms"] is never["cpu_us"] is never["total_us"] is never["app_share"] is never["added_us"] is None
    assert (seldom["p50_ms"], seldom["total_us"]["median"], seldom["cpu_us"]) == (4.0, 100.0, {"nginx": 100.0})
    shown, rest = bench_screen.text({**data, "interrupted": False}).split("GET /a b")
    assert "lost (short) x 18" in shown
    assert "latency" not in shown
    assert "us a request" not in shown
    assert "p50 4.0 ms" in rest


@pytest.mark.parametrize("status", [503, 429])
def test_a_limit_that_refused_these_requests_is_named(tmp_path: Path, status: int) -> None:
    plan = make_plan()
    assert plan.nginx
    nginx = replace(plan.nginx, extra_server=("limit_req zone=one;", "http2 on;"))
    limited = [replace(FULL, statuses={200: 10, status: 990}), FULL]

    def notes(site: Target, seen: list[Any]) -> list[str]:
        told_ = told.result(
            Asked(Options(tmp_path)), site, PAGES, seen, [Answer(200, {}, b"", 0.1)] * 2, Measurer(None, Python(), ""), {}
        )
        return [note for note in told_["notes"] if "limit" in note]

    site = found(tmp_path, replace(plan, nginx=nginx))
    (note,) = notes(site, limited)
    assert "(limit_req)" in note
    assert notes(site, [FULL, FULL]) == notes(found(tmp_path), limited) == []
    for finding in told.findings(site, PAGES, limited, ()):
        assert finding.fix[0].startswith("portico bench /shop/ '/a b' --aside   #")


def test_with_nginx_in_front_nothing_of_uwsgi_is_called_a_router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    families = {(10,): {10, 11}, (20,): {20, 21}}
    monkeypatch.setattr(measure, "tree", lambda *pids: frozenset(families[pids]))
    worker = type("Worker", (), {"pid": 21})
    monkeypatch.setattr(measure, "stats", lambda _: [type("Stats", (), {"workers": [worker]})])
    plain = {"nginx": {10, 11}, "uwsgi workers": {21}, "uwsgi master": {20}}
    assert measure.hops(found(tmp_path)) == plain
    families[20,] = {20, 21, 22}
    assert measure.hops(found(tmp_path)) == {**plain, "uwsgi rest": {22}}
    direct = replace(make_plan(), nginx=None)
    assert measure.hops(found(tmp_path, direct))["uwsgi router"] == {22}


@pytest.mark.parametrize(
    ("headers", "trusted"), [((("X-Forwarded-Proto", "https"),), ["10.0.0.1", "127.0.0.1"]), ((), None)]
)
def test_a_stack_aside_believes_requests_that_say_how_they_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headers: Any, trusted: Any
) -> None:
    (tmp_path / "portico.toml").write_text('[nginx]\ntrusted_proxies = ["10.0.0.1"]\n')
    started: list[Any] = []

    @contextmanager
    def standing(options: Options, values: Any, purpose: str) -> Iterator[None]:
        started.append(values.get("nginx.trusted_proxies"))
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(target, "standing", standing)
    with pytest.raises(KeyboardInterrupt), target.target(Asked(Options(tmp_path), headers=headers)):
        pass
    assert started == [trusted]


def test_a_curve_that_this_account_has_no_room_for_is_refused_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (180, 180))
    monkeypatch.setattr(run, "target", lambda _: pytest.fail("it was started"))
    with pytest.raises(PorticoError) as raised:
        run.bench(Asked(Options(tmp_path), curve=True), lambda _: None)
    assert raised.value.findings[0].id == "system.E031"


def test_a_picture_that_cannot_be_written_does_not_cost_the_figures(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    points = [{"clients": number, "per_s": 10.0} for number in (1, 2)]
    result = Result("bench", {"curve": [{"path": "/", "points": points}]})
    kept = with_svg(result, tmp_path / "file" / "curve.svg", lambda _: pytest.fail("it was written"))
    assert kept.data == result.data
    assert (len(kept.findings), kept.code) == (1, Exit.USAGE)
    said: list[str] = []
    assert with_svg(result, tmp_path / "curve.svg", said.append) == result
    assert "<svg " in (tmp_path / "curve.svg").read_text()


@pytest.mark.parametrize("verb", ["bench", "tune"])
def test_a_picture_that_can_be_no_file_is_refused_before_anything_is_measured(
    tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for where in (tmp_path, tmp_path / "file" / "curve.svg", ""):
        with pytest.raises(SystemExit) as stop:
            raise SystemExit(portico([verb, "-C", str(tmp_path), "--svg", str(where)]))
        assert stop.value.code == 2
        assert "--svg" in capsys.readouterr().err


@pytest.mark.parametrize(("verb", "option"), [("bench", "--seconds"), ("tune", "--seconds"), ("trace", "--timeout")])
def test_a_time_that_never_ends_is_refused(
    tmp_path: Path, verb: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(portico([verb, "-C", str(tmp_path), option, "nan"]))
    assert stop.value.code == 2
    assert option in capsys.readouterr().err
