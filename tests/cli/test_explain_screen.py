"""What `portico explain` draws, for stacks of every shape and terminals of every width. Nothing of them runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest

from portico.actions import stage
from portico.actions.doctor.discretion import Discretion
from portico.actions.explain.file import file_data
from portico.actions.explain.flow import flow
from portico.actions.explain.subject import Subject, Text
from portico.actions.places import Places
from portico.cli import drawing, explain_screen
from portico.model.origin import Origin
from portico.model.plan import Plan, Server, UpstreamPlan
from portico.model.site import StaticMap
from support.plans import make_plan

REMOTE = UpstreamPlan("", (Server("10.0.0.2:9090"), Server("10.0.0.3:9090")), max_fails=2, fail_timeout_s=30, tries=3)


def subject(plan: Plan, values: Mapping[str, Any] | None = None) -> Subject:
    base = Path(plan.paths.project)
    where = Places(base, base / ".portico", base / ".portico", Path(plan.paths.run))
    texts = {file.path: Text(file.path, Path(plan.paths.conf, file.path), file.text) for file in stage.render(plan)}
    return Subject(where, plan, values or {}, 0, {"running": False, "hops": []}, texts, Discretion(), "ana")


def served_by_uwsgi(plan: Plan) -> Plan:
    maps = (StaticMap("/static/", "/srv/destiny/static", "static", served_by="uwsgi"),)
    return replace(plan, site=replace(plan.site, maps=maps))


PLANS = {
    "default": make_plan(),
    "tcp": make_plan(uwsgi={"address": "127.0.0.1:9090"}),
    "direct": served_by_uwsgi(make_plan(front="none")),
    "plain": make_plan(site={"framework": "wsgi", "settings": "", "module": "", "file": "/srv/destiny/hello.py"}),
    "several": make_plan(uwsgi={"instances": 2}, upstream=REMOTE),
    "front": make_plan(uwsgi={"instances": 0}, upstream=REMOTE, site={"framework": "wsgi"}),
    "app": make_plan(front="elsewhere", uwsgi={"address": "10.0.0.2:9090"}),
    "wide": make_plan("/srv/" + "深い場所" * 12),
}
WAYS = {
    "default": ["client", "nginx", "uwsgi", "wsgi", "django"],
    "direct": ["client", "uwsgi", "wsgi", "django"],
    "plain": ["client", "nginx", "uwsgi", "wsgi"],
    "front": ["client", "nginx", "uwsgi"],
    "app": ["client", "nginx", "uwsgi", "wsgi", "django"],
}


def drawn(plan: Plan) -> list[str]:
    text = explain_screen.text({"about": "flow", "notes": [], **flow(subject(plan))})
    return click.unstyle(text).splitlines()


@pytest.mark.parametrize("columns", [20, 60, 80, 112, 300])
@pytest.mark.parametrize("name", PLANS)
def test_every_box_is_closed_at_every_width(name: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    width = max(60, min(112, columns))
    lines = drawn(PLANS[name])
    boxes = [line for line in lines if line[:1] in "┌│└" and line]
    assert len(boxes) > 10
    assert {drawing.cells(line) for line in boxes} == {width}
    assert {line[-1] for line in boxes} == {"┐", "│", "┘"}
    if name != "wide":
        assert [line for line in lines if drawing.cells(line) > width] == []


@pytest.mark.parametrize("name", WAYS)
def test_the_hops_stand_in_the_order_of_the_way(name: str) -> None:
    data = flow(subject(PLANS[name]))
    way = [hop["hop"] for hop in data["hops"]]
    assert way == WAYS[name]
    assert [(one["from"], one["to"]) for one in data["between"]] == list(pairwise(way))
    assert [line.split()[1] for line in drawn(PLANS[name]) if line.startswith("┌")] == way


def test_neighbours_speak_their_own_format_there_and_back() -> None:
    formats = [(one["there"]["format"], one["back"]["format"]) for one in flow(subject(make_plan()))["between"]]
    assert formats == [
        ("HTTP/1.1", "HTTP/1.1"),
        ("uwsgi packet", "HTTP response, unwrapped"),
        ("environ, start_response", "status, headers, an iterable of bytes"),
        ("HttpRequest", "HttpResponse"),
    ]


def test_several_uwsgis_are_all_there() -> None:
    text = "\n".join(drawn(PLANS["several"]))
    assert "app.2.sock" in text
    assert "10.0.0.3:9090" in text
    assert "2 instances, each a master" in text


def test_what_runs_on_another_machine_is_said_to() -> None:
    hops = {hop["hop"]: hop for hop in flow(subject(PLANS["front"]))["hops"]}
    assert hops["uwsgi"]["process"]["here"] is False
    assert hops["nginx"]["process"]["here"] is True
    hops = {hop["hop"]: hop for hop in flow(subject(PLANS["app"]))["hops"]}
    assert hops["nginx"]["process"]["here"] is False
    assert hops["uwsgi"]["sockets"][0]["address"] == "10.0.0.2:9090"


def test_a_file_is_shown_line_by_line_with_the_origin_of_its_values() -> None:
    plan = make_plan(
        origins={"nginx.client_max_body_size": Origin("file", "portico.toml:3"), "uwsgi.harakiri": Origin("default")}
    )
    about = subject(plan, {"nginx.client_max_body_size": 75 << 20})
    text = click.unstyle(explain_screen.text({"notes": ["note"], "about": "file", **file_data("nginx.conf", about)}))
    assert "client_max_body_size 75m;" in text
    assert "nginx.client_max_body_size = 78643200   file: portico.toml:3" in text
    assert "log_format portico escape=json" in text
    assert text.endswith("\n\nnote")
