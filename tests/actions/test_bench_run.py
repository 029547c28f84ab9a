"""`portico bench` from beginning to end on a stack that is not there: what it finds, and what an interrupt leaves of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from portico.actions.bench import run
from portico.actions.bench.asked import Asked, Page
from portico.actions.bench.floor import Measurer, Python
from portico.actions.bench.seen import Once
from portico.actions.bench.target import Target
from portico.actions.options import Options
from portico.actions.places import Places
from portico.model.errors import Exit
from portico.model.load import Measured
from portico.model.result import Result
from portico.system.accounts import ourselves
from portico.system.http import Answer
from support.plans import make_plan

Bench = Callable[..., Result]
TOLD = (
    r'{"t":1.0,"rid":"x","level":"ERROR","logger":"django.request","path":"/broken/",'
    r'"exc":"Traceback (most recent call last):\n  File \"/srv/v.py\", line 1, in broken\nValueError: on purpose\n"}'
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    """Bench two pages that answer with these statuses; Ctrl-C comes in the load of that number (the first is 1). `raises`:
    each writes an exception to the log."""

    def bench(*statuses: int, interrupt_at: int = 0, raises: bool = False, **other: Any) -> Result:
        log = tmp_path / "uwsgi.log"
        log.write_text("")
        loads: list[str] = []

        def once(found: Target, page: Page, *_: Any) -> Once:
            loads.append(page.path)
            if len(loads) == interrupt_at:
                raise KeyboardInterrupt
            status = statuses[int(page.path[1:])]
            if status >= 500 or raises:
                log.write_text(f"{log.read_text()}{TOLD}\n")
            measured = Measured(1.0, {status: 100}, {}, (1000,) * 100)
            return Once(measured, {"uwsgi workers": 3e4}, 100, 0, 0.1, 0.1, 0, (1,) * 8)

        @contextmanager
        def target(asked: Asked) -> Iterator[Target]:
            where = Places(*(tmp_path / name for name in ("", ".portico", "state", "run")))
            yield Target(make_plan(), where, False, None, (), None, tmp_path, {}, ourselves(), None, log)

        monkeypatch.setattr(run, "target", target)
        monkeypatch.setattr(run, "once", once)
        monkeypatch.setattr(run, "memory", lambda found: {})
        monkeypatch.setattr(run, "_first", lambda found, page: Answer(200, {}, b"", 0.01))
        monkeypatch.setattr(run, "measurer", lambda *_: nullcontext(Measurer(None, Python(), "none here")))
        paths = tuple(f"/{number}" for number in range(len(statuses)))
        return run.bench(Asked(Options(tmp_path), paths, rounds=3, **other), lambda _: None)

    return bench


def test_pages_that_are_well_have_no_finding(bench: Bench) -> None:
    result = bench(200, 302)
    assert (result.findings, result.code, result.data["interrupted"], result.data["rounds"]) == ((), Exit.DONE, False, 3)


def test_a_run_without_a_page_is_a_warning_and_no_failure(bench: Bench) -> None:
    result = bench(302, 404)
    (finding,) = result.findings
    assert (finding.id, finding.severity, result.code) == ("system.W040", "warning", Exit.DONE)
    assert finding.evidence == ("/0: 302 x 300", "/1: 404 x 300")


def test_a_5xx_shows_what_the_application_raised_and_where_to_go_on(bench: Bench) -> None:
    result = bench(200, 500)
    (finding,) = result.findings
    assert (finding.id, result.code) == ("system.E041", Exit.FINDINGS)
    assert "in the application: ValueError: on purpose" in finding.evidence
    assert result.data["pages"][1]["next"] == "portico doctor /1"


def test_an_exception_that_no_answer_tells_of_is_a_note(bench: Bench) -> None:
    result = bench(200, 200, raises=True)
    assert (result.findings, result.code) == ((), Exit.DONE)
    assert [note for note in result.data["notes"] if "ValueError: on purpose" in note]
    assert not [note for note in bench(200, 500, raises=True).data["notes"] if "ValueError" in note]


def test_an_interrupt_leaves_the_rounds_that_are_whole(bench: Bench) -> None:
    # Two pages: two loads to warm up, then two in each round.
    result = bench(200, 200, interrupt_at=6)
    assert (result.code, result.data["interrupted"], result.data["rounds"]) == (Exit.INTERRUPTED, True, 1)
    assert [page["statuses"] for page in result.data["pages"]] == [{"200": 100}, {"200": 100}]


def test_an_interrupt_before_the_first_round_is_whole_ends_it(bench: Bench) -> None:
    with pytest.raises(KeyboardInterrupt):
        bench(200, 200, interrupt_at=4)


def test_an_interrupt_during_the_curve_leaves_the_rounds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def curve(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "curve", curve)
    result = bench(200, curve=True)
    assert (result.code, result.data["rounds"], "curve" in result.data) == (Exit.INTERRUPTED, 3, False)
