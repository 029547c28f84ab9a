"""What `portico bench` makes of what it saw: figures, what bounds a page, and what is said before any figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portico.actions.bench.asked import AGENT, Asked, Page, pages
from portico.actions.bench.floor import Floor
from portico.actions.bench.judge import added_us, app_share, judge, ours
from portico.actions.bench.seen import Once, Spread, figures
from portico.actions.bench.unlike import floor_differs, warning
from portico.actions.options import Options
from portico.model.errors import Exit, PorticoError
from portico.model.load import Measured
from support.bench_seen import FULL
from support.plans import make_plan

PAGE = Page("/shop/", "shop.example")
WAITS: dict[str, Any] = {
    "per_s": Spread(80, 79, 80),
    "floor_us": Spread(100, 90, 110),
    "floor_wall_us": 50_300.0,
    "floor_waits_us": 50_100.0,
    "worker": 0.02,
    "machine": 0.1,
    "client": 0.01,
}


@pytest.mark.parametrize(
    ("seen", "cores", "bound", "says"),
    [
        ({}, 2, "application", "300 us of 450 us a request are the application's own (67 %)"),
        ({"floor_us": Spread(30, 29, 31)}, 2, "servers", "30 us of 450 us"),
        ({"floor_us": None}, 2, "cpu", "not known"),
        (WAITS, 2, "waiting", "of 50.3 ms a request takes the application, it waits 50.1 ms"),
        ({**WAITS, "floor_waits_us": None, "floor_wall_us": None}, 2, "waiting", "3.9 of 4 threads"),
        ({**WAITS, "machine": 1.0}, 2, "waiting", "it waits 50.1 ms"),
        ({**WAITS, "busy": 1.1}, 2, "nothing", "it waits 50.1 ms"),
        ({**WAITS, "machine": 1.0, "busy": 3.0, "p50_ms": 51.0}, 2, "nothing", "it waits 50.1 ms. Other processes took"),
        ({**WAITS, "machine": 1.0, "busy": 3.0, "p50_ms": 90.0}, 2, "others", "the machine was full"),
        ({"worker": 0.97, "machine": 0.3}, 8, "processes", "each of 2 took 97 % of a core, and the machine has 8 cores"),
        ({"by_app": 0.0, "busy": 0.0}, 2, "nginx", "nginx answers it itself, for 450 us"),
        ({"client": 0.98, "machine": 0.6}, 8, "client", "98 % of its core"),
        (
            {"per_s": Spread(300, 300, 300), "worker": 0.1},
            2,
            "others",
            "took 85 % of it; the site and this load had 14 %",
        ),
        ({"throttled": 0.6}, 2, "quota", "held processes back in 60 %"),
        ({"cpu_us": {"uwsgi router": 80.0, "uwsgi workers": 60.0}, "p50_ms": 44.0}, 2, "router", "Content-Length"),
        ({"statuses": {502: 9, 200: 1}}, 2, "errors", "failed under load"),
        ({"lost": {"reset": 200}}, 2, "errors", "failed under load"),
        ({"statuses": {}, "lost": {"refused": 20}}, 2, "errors", "no request was answered"),
    ],
)
def test_what_bounds_a_page(seen: dict[str, Any], cores: int, bound: str, says: str) -> None:
    judged = judge(replace(FULL, **seen), cores, 8)
    assert judged.bound == bound
    assert says in judged.says


def test_waiting_and_too_few_processes_lead_to_tune_and_an_idle_site_to_more_clients() -> None:
    assert judge(replace(FULL, **WAITS), 2, 8, "/a/").next.startswith("portico tune /a/   #")
    assert judge(replace(FULL, worker=0.97, machine=0.3), 8, 8, "/a/").next.startswith("portico tune /a/   #")
    assert judge(replace(FULL, **{**WAITS, "busy": 1.0}), 2, 8, "/a?b&c").next == "portico bench '/a?b&c' --clients 32"


def test_what_failed_leads_to_doctor_at_that_path() -> None:
    assert judge(replace(FULL, statuses={500: 9}), 2, 8, "/broken/").next == "portico doctor /broken/"
    assert judge(replace(FULL, statuses={}), 2, 8, "/a?b=c d").next == "portico doctor '/a?b=c d'"


def test_what_nginx_and_uwsgi_add_is_what_the_floor_leaves() -> None:
    assert added_us(FULL) == 150
    assert added_us(replace(FULL, floor_us=None)) is None
    assert app_share(FULL) == pytest.approx(2 / 3)
    assert ours(FULL, 2) == pytest.approx((4000 * 450e-6 + 0.15) / 2)


@pytest.mark.parametrize(
    ("statuses", "location", "says"),
    [
        ({302: 10}, "/accounts/login/?next=/shop/", "every answer was 302 to /accounts/login/?next=/shop/: the redirect"),
        ({301: 10}, "https://shop.example/shop/", "plain HTTP to https; --aside -H 'X-Forwarded-Proto: https' measures"),
        ({404: 10}, "", "every answer was 404: a page that does not exist"),
        ({400: 10}, "", "The Host header was 'shop.example'"),
        ({500: 9, 200: 1}, "", "9 of 10 answers were 500: an error page"),
        ({200: 8, 503: 2}, "", "200 x 8, 503 x 2: not only the page"),
    ],
)
def test_answers_that_are_no_pages_are_told(statuses: dict[int, int], location: str, says: str) -> None:
    assert says in warning(PAGE, replace(FULL, statuses=statuses), location)


def test_a_page_that_answers_well_has_no_warning() -> None:
    assert warning(PAGE, FULL, "") == ""
    assert warning(PAGE, replace(FULL, statuses={206: 400, 200: 4000}), "") == ""
    assert floor_differs(FULL) == ""
    assert "answered 500, and through it 200" in floor_differs(replace(FULL, floor_statuses=(500,)))


def _once(answers: int, cpu: dict[str, float], others: int = 0, floor: Floor | None = None) -> Once:
    measured = Measured(2.0, {200: answers}, {"reset": 1}, tuple(range(1000, 1000 + answers)))
    return Once(
        measured, cpu, by_app=answers + others, others=others, machine=1.0, client=0.2, queue=3, busy=(2, 4), floor=floor
    )


def test_figures_are_medians_and_what_visitors_asked_for_is_theirs() -> None:
    floors = [Floor(200, 210, 1, {200: 5}), None, Floor(220, 230, None, {200: 5})]
    cpu = [{"nginx": 1e5, "uwsgi workers": 4e5}, {"nginx": 2e5, "uwsgi workers": 6e5}, {"nginx": 9e5, "uwsgi workers": 9e5}]
    rounds = [_once(900, one, 100, floor) for one, floor in zip(cpu, floors, strict=True)]
    seen = figures(rounds, slots=4, processes=2)
    assert seen.statuses == {200: 2700}
    assert seen.lost == {"reset": 3}
    assert seen.per_s == Spread(450, 450, 450)
    assert seen.cpu_us == {"nginx": 200, "uwsgi workers": 600}
    assert seen.total_us == Spread(800, 650, 1300)
    assert seen.floor_us == Spread(210, 205, 215)
    assert seen.floor_waits_us == 1
    assert (seen.by_app, seen.others, seen.queue, seen.busy) == (1.0, 300, 3, 3.0)
    assert seen.worker == pytest.approx(0.6 / 2 / 2)
    assert seen.p50_ms == pytest.approx(1.45)


def test_pages_are_asked_as_a_browser_would_with_the_users_headers_over_it() -> None:
    plan = make_plan()
    asked = Asked(Options(Path("/x")), ("/a?q=1", "/a?q=1", "http://b.example/c"), headers=(("accept-encoding", "br"),))
    first, second = pages(asked, plan)
    assert (first.path, second.path, second.host) == ("/a?q=1", "/c", "b.example")
    assert first.request.method == "GET"
    assert first.request.headers["User-Agent"] == AGENT
    assert [value for name, value in first.request.headers.items() if name.lower() == "accept-encoding"] == ["br"]
    (health,) = pages(Asked(Options(Path("/x")), host="c.example"), plan)
    assert (health.path, health.host) == (plan.site.health_path, "c.example")


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        (("Cookie", "secret\r\nX: y"), "Cookie: the value has a line break"),
        (("X-A", "secret\0"), "X-A: the value has a zero byte"),
        (("X-A", "secret\u2603"), "X-A: the value has a character that is not in Latin-1"),
        (("Bad name", "secret"), "'Bad name' cannot be the name of a header"),
    ],
)
def test_what_is_no_header_is_refused_without_its_value(header: tuple[str, str], cause: str) -> None:
    with pytest.raises(PorticoError) as raised:
        pages(Asked(Options(Path("/x")), headers=(header,)), make_plan())
    assert raised.value.code == Exit.USAGE
    (finding,) = raised.value.findings
    assert "secret" not in str(finding)
    assert finding.cause == cause
    assert "-H" in finding.fix[0]
