"""The links that nginx follows, when releases with other numbers of workers and instances take over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portico.actions import slots
from portico.actions.places import Places
from portico.model.plan import UwsgiPlan
from support.plans import make_plan


@pytest.fixture
def where(tmp_path: Path) -> Places:
    (tmp_path / "run" / "app").mkdir(parents=True)
    return Places(project=tmp_path, dot=tmp_path / "dot", state=tmp_path / "state", run=tmp_path / "run")


def release(where: Places, number: int, processes: int, own: bool = True, instances: int = 1) -> UwsgiPlan:
    plan = make_plan(uwsgi={"processes": processes, "worker_sockets": own, "instances": instances}).uwsgi
    return replace(plan, instance=number, instance_socket=f"{where.run}/app/app-{number}.sock")


def go_live(where: Places, plan: UwsgiPlan) -> None:
    for instance in plan.each():
        slots.point(where, instance)
    slots.drop_others(where, {link for instance in plan.each() for link in instance.links})


def wanted(plan: UwsgiPlan) -> dict[str, str]:
    data = {"instances": plan.instances, "processes": plan.processes, "worker_sockets": plan.worker_sockets}
    return slots.wanted(data, plan.instance)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((2, True, 1), (4, True, 1)),
        ((4, True, 1), (2, True, 1)),
        ((3, True, 1), (2, False, 2)),
        ((2, False, 2), (3, True, 1)),
    ],
)
def test_a_release_takes_over_every_link(where: Places, before: tuple[int, bool, int], after: tuple[int, bool, int]) -> None:
    go_live(where, release(where, 1, *before))
    assert slots.targets(where) == wanted(release(where, 1, *before))
    go_live(where, release(where, 2, *after))
    assert slots.targets(where) == wanted(release(where, 2, *after))


def test_a_link_that_nginx_still_knows_leads_to_the_release_that_is_live(where: Places) -> None:
    go_live(where, release(where, 1, 4))
    slots.point(where, release(where, 2, 2))
    assert slots.targets(where) == {
        "app.sock": "app-2.sock",
        "app.w2.sock": "app-2.w2.sock",
        "app.w3.sock": "app-2.sock",
        "app.w4.sock": "app-2.w2.sock",
    }


def test_going_back_leaves_no_link_to_what_failed(where: Places) -> None:
    go_live(where, release(where, 1, 2))
    before = slots.targets(where)
    slots.point(where, release(where, 2, 4))
    slots.restore(where, before)
    assert slots.targets(where) == {**before, "app.w3.sock": "app-1.sock", "app.w4.sock": "app-1.sock"}
    slots.drop_others(where, before)
    assert slots.targets(where) == before


def test_a_plan_of_an_earlier_version_has_one_socket() -> None:
    assert slots.wanted({"instances": 1, "processes": 2}, 7) == {"app.sock": "app-7.sock"}


@pytest.mark.parametrize(
    ("socket", "daemon"),
    [
        ("app-7.sock", "uwsgi-7"),
        ("app-7.w3.sock", "uwsgi-7"),
        ("app-7.2.sock", "uwsgi-7.2"),
        ("app-7.2.w12.sock", "uwsgi-7.2"),
        ("", ""),
    ],
)
def test_the_daemon_behind_a_socket(socket: str, daemon: str) -> None:
    assert slots.daemon_of(socket) == daemon


def test_what_a_killed_daemon_leaves_is_removed_and_nothing_else(where: Places) -> None:
    names = ["app-7.sock", "app-7.w2.sock", "app-7.2.sock", "app-70.sock", "app-6.w2.sock", "tap-7.sock"]
    for name in names:
        (where.run / "app" / name).touch()
    slots.forget_sockets(where, "uwsgi-7")
    assert sorted(path.name for path in (where.run / "app").iterdir()) == sorted(names[2:])
