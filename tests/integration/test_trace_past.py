"""`portico trace --last` on the logs of a real stack."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portico.actions.options import find_places
from portico.actions.trace.past import past
from portico.model.errors import PorticoError
from support.stack import Project, remove, start_project, until

VIEWS = """
import os, signal, time
from django.http import HttpResponse

def ok(request):
    return HttpResponse("fine")

def boom(request):
    raise RuntimeError("on purpose")

def slow(request):
    time.sleep(1.05)
    return HttpResponse("at last")

def die(request):
    os.kill(os.getpid(), signal.SIGKILL)
"""
URLS = """
from django.urls import path
from mysite import views

urlpatterns = [path("", views.ok), path("boom/", views.boom), path("slow/", views.slow), path("die/", views.die)]
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Project]:
    """A Django site that is up, with a view for each end a request can come to."""
    folder = Path(tempfile.mkdtemp(prefix="ptest-", dir="/tmp"))
    folder.chmod(0o755)
    project = Project(start_project(folder / "site"))
    project.write("mysite/views.py", VIEWS)
    project.write("mysite/urls.py", URLS)
    try:
        ran = project.up()
        assert ran.code == 0, ran.out + ran.err
        yield project
    finally:
        remove(project)
        shutil.rmtree(folder, ignore_errors=True)


def told(project: Project, request_id: str) -> dict[str, Any]:
    """The request with that id, once its line is there."""

    def look() -> dict[str, Any] | None:
        try:
            return past(find_places(project.folder), request_id)
        except PorticoError:
            return None

    return until(look, what=f"{request_id} is in the log")  # type: ignore[return-value]


def visit(project: Project, path: str, status: int) -> dict[str, Any]:
    answer = project.get(path)
    assert answer.status == status
    return told(project, answer.headers["x-request-id"])


def names(result: dict[str, Any]) -> list[str]:
    return [hop["hop"] for hop in result["hops"]]


def test_a_page_that_was_served(site: Project) -> None:
    result = visit(site, "/", 200)
    assert names(result) == ["client", "nginx", "uwsgi", "wsgi", "django"]
    assert (result["kind"], result["status"], result["died_at"]) == ("logs", 200, None)
    nginx = result["hops"][1]
    assert nginx["location"]["match"] == "/"
    assert nginx["tries"][0]["status"] == 200
    assert any('request_log = "all"' in note for note in result["notes"])


def test_a_slow_page_has_its_worker_and_its_time(site: Project) -> None:
    request_id = visit(site, "/slow/", 200)["request_id"]
    # uWSGI writes its line after it has closed the connection, and so perhaps later than nginx.
    uwsgi = until(lambda: "worker" in (hop := told(site, request_id)["hops"][2]) and hop, what="uWSGI's line is there")
    assert uwsgi["worker"] >= 1
    assert 1_050_000 <= uwsgi["duration_us"] <= uwsgi["worked_us"]


def test_a_view_that_raised(site: Project) -> None:
    result = visit(site, "/boom/", 500)
    assert result["died_at"] == "django"
    raised = result["hops"][-1]["exceptions"][0]
    assert (raised["type"], raised["message"], raised["frame"]["function"]) == ("RuntimeError", "on purpose", "boom")
    assert raised["frame"]["file"] == str(site.folder / "mysite" / "views.py")
    last = site.portico("trace", "--last", "--status", "5xx", "--json").result
    assert last["request_id"] == result["request_id"]


def test_a_worker_that_was_killed(site: Project) -> None:
    first = visit(site, "/die/", 502)
    assert first["died_at"] == "uwsgi"
    assert first["hops"][1]["errors"]
    # uWSGI's master notices it later than nginx does.
    killed = until(lambda: told(site, first["request_id"])["hops"][2].get("killed"), what="uWSGI's line about the worker")
    assert killed["signal"] == 9


def test_a_static_file_and_one_that_is_missing(site: Project) -> None:
    result = visit(site, "/static/admin/css/base.css", 200)
    assert names(result) == ["client", "nginx"]
    static = result["hops"][1]["static"]
    assert static["exists"]
    assert (static["prefix"], static["rest"]) == ("/static/", "admin/css/base.css")
    sent = site.get("/static/admin/css/base.css").headers["cache-control"]
    assert dict(static["cache"])["Cache-Control"] == sent
    gone = visit(site, "/static/nope.css", 404)
    assert gone["died_at"] == "nginx"
    assert "No such file" in gone["hops"][1]["errors"][0]


def test_the_text_of_a_past_request_says_where_it_died(site: Project) -> None:
    result = visit(site, "/boom/", 500)
    ran = site.portico("trace", "--id", result["request_id"])
    assert ran.code == 0, ran.err
    assert "RuntimeError: on purpose" in ran.out
