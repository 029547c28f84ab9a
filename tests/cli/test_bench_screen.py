"""The screen of `portico bench`."""

from __future__ import annotations

from typing import Any

import pytest

from portico.cli.bench_screen import text


def _spread(median: float) -> dict[str, float]:
    return {"median": median, "low": median * 0.9, "high": median * 1.1}


def _page(**other: Any) -> dict[str, Any]:
    page: dict[str, Any] = {
        "path": "/shop/",
        "host": "shop.example",
        "warning": "",
        "statuses": {"200": 8000},
        "lost": {},
        "others": 0,
        "content_type": "text/html",
        "bytes": 4700,
        "per_s": _spread(4000),
        "p50_ms": 2.0,
        "p90_ms": 4.0,
        "p99_ms": 9.0,
        "cpu_us": {"nginx": 100.0, "uwsgi workers": 350.0},
        "total_us": _spread(450),
        "floor_us": _spread(300),
        "floor_note": "",
        "app_share": 2 / 3,
        "added_us": 150.0,
        "slots": 4,
        "busy": 3.9,
        "worker": 0.7,
        "queue": 4,
        "machine": 0.99,
        "client": 0.15,
        "says": "CPU: it is busy",
        "next": "",
    }
    return {**page, **other}


def _data(*pages: dict[str, Any], **other: Any) -> dict[str, Any]:
    uwsgi = {"version": "2.0.30", "processes": 2, "threads": 2, "instances": 1}
    data: dict[str, Any] = {
        "project": "/srv/shop",
        "live": True,
        "clients": 8,
        "seconds": 2.0,
        "rounds": 5,
        "interrupted": False,
        "headers": ["Cookie"],
        "cores": 2,
        "nginx": "1.22.1",
        "uwsgi": uwsgi,
        "python": {"version": "3.11.2", "optimized": True},
        "pages": list(pages),
        "memory_bytes": {"nginx": 4_000_000, "uwsgi": 60_000_000},
        "floor_missing": "",
        "notes": [],
    }
    return {**data, **other}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def test_a_page_says_how_many_how_long_what_it_cost_and_what_bounds_it() -> None:
    shown = text(_data(_page()))
    assert "4,000 (3,600-4,400) a second" in shown
    assert "p50 2.0 ms  p90 4.0 ms  p99 9.0 ms" in shown
    assert "450 (405-495) us a request; nginx and uWSGI add 150 us to the application" in shown
    assert "the application alone, 67 %" in shown
    assert "CPU: it is busy" in shown
    assert "GET only" in shown
    assert "headers Cookie (values not shown)" in shown


def test_the_bars_are_to_one_scale() -> None:
    lengths = {
        line.split()[0]: sum(letter in "█░" for letter in line)
        for line in text(_data(_page())).splitlines()
        if line.split()[:1] in (["nginx"], ["workers"], ["floor"]) and ("█" in line or "░" in line)
    }
    assert lengths["floor"] == 20
    assert lengths["nginx"] < lengths["floor"] < lengths["workers"]


def test_what_is_no_page_is_told_before_its_figures() -> None:
    shown = text(_data(_page(warning="every answer was 404", statuses={"404": 10}, lost={"reset": 2}, others=3)))
    assert shown.index("every answer was 404") < shown.index("a second")
    assert "lost (reset) x 2" in shown
    assert "and 3 of visitors" in shown


def test_what_is_not_known_is_left_out_or_said() -> None:
    page = _page(floor_us=None, app_share=None, added_us=None, busy=None, queue=None, slots=0)
    shown = text(_data(page, floor_missing="it imports uwsgi", nginx=None))
    assert "not measured: it imports uwsgi" in shown
    assert "the application alone" not in shown
    assert "threads busy" not in shown
    few = text(_data(_page(busy=None, worker=None)))
    assert "threads busy not measured, each process not measured" in few
    noise = text(_data(_page(app_share=None, added_us=None, floor_note="the floor came out higher than the whole")))
    assert "the application alone" in noise
    assert "the floor came out higher" in noise
    assert "add " not in noise
    assert "100 %" not in noise
    assert "nginx None" not in shown


def test_a_path_cannot_move_the_cursor_and_rows_fit() -> None:
    shown = text(_data(_page(path="/\x1b[2J", says="word " * 60), notes=["note " * 60]))
    assert "\x1b[2J" not in shown
    assert all(len(line) <= 110 for line in shown.splitlines())


def test_a_curve_is_drawn_and_written_as_numbers() -> None:
    points = [{"clients": n, "per_s": 1000.0 * n, "p50_ms": 1.0, "p99_ms": 2.0, "cpu_us": 400.0, "lost": 0} for n in (1, 8)]
    shown = text(_data(_page(), curve=[{"path": "/shop/", "points": points}]))
    assert "Requests a second with so many clients" in shown
    assert "8,000" in shown
