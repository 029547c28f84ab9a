"""What `portico bench` and `portico tune` take for a page of the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portico.actions.bench.asked import Asked, pages
from portico.actions.options import Options
from portico.actions.tune import run as tune_run
from portico.actions.tune.asked import Asked as TuneAsked
from portico.cli.main import run
from portico.model.result import Result
from support.plans import make_plan

TARGETS = ["nix", "http://localhost/js/?a=1", "/b#part", "/nix"]


def _code(*arguments: str) -> Any:
    """The exit status, however the command hands it on."""
    try:
        return run([*arguments])
    except SystemExit as stop:
        return stop.code


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TuneAsked]:
    """What `portico tune` was asked for, which it does not do here."""
    found: list[TuneAsked] = []

    def tune(asked: TuneAsked, *_: Any) -> Result:
        found.append(asked)
        return Result("tune", {})

    monkeypatch.setattr(tune_run, "tune", tune)
    return found


def test_tune_takes_what_bench_takes(tmp_path: Path, asked: list[TuneAsked]) -> None:
    assert _code("tune", "--json", "-C", str(tmp_path), *TARGETS) == 0
    there = pages(Asked(Options(tmp_path), tuple(TARGETS[:3])), make_plan())
    assert asked[0].paths == tuple(page.path for page in there) == ("/nix", "/js/?a=1", "/b")
    assert asked[0].host == there[1].host == "localhost"


def test_without_a_url_the_host_is_the_option_or_the_header(tmp_path: Path, asked: list[TuneAsked]) -> None:
    assert _code("tune", "--json", "-C", str(tmp_path), "/a/", "--host", "b.example") == 0
    assert _code("tune", "--json", "-C", str(tmp_path), "/a/", "-H", "Host: c.example") == 0
    assert [one.host for one in asked] == ["b.example", "c.example"]


@pytest.mark.parametrize(
    "targets",
    [
        ["ftp://localhost/"],
        ["http://a.example/", "http://b.example/"],
        ["http://a b/"],
        ["/a/", "--host", "a b"],
        ["/a/", "-H", "Host: \u00e9"],
    ],
)
def test_what_tune_cannot_ask_for_is_a_mistake_of_the_command_line(
    tmp_path: Path, asked: list[TuneAsked], targets: list[str]
) -> None:
    assert _code("tune", "--json", "-C", str(tmp_path), *targets) == 2
    assert not asked
