"""What a healthy answer is: a release that gives another is refused, and the one before serves on."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.stack import Project

APP = """
import os, sys, time
{before}

def application(environ, start_response):
    if environ["PATH_INFO"] == "/version":
        start_response("200 OK", [])
        return [b"{version}"]
    time.sleep({sleep})
    start_response("{status}", [("Location", "/version")] if "{status}".startswith("3") else [])
    return [b"{body}"]
"""
HANGS = """
def connect():
    if "uwsgi" in sys.modules:
        time.sleep(60)


connect()
"""
#: What answers is a thread that was started while it was imported.
THREADED = """
import queue, threading

asked, done = queue.Queue(), queue.Queue()

def serve():
    while True:
        done.put(asked.get())

threading.Thread(target=serve, daemon=True).start()

def application(environ, start_response):
    asked.put(b"fine")
    answer = done.get(timeout=3)
    start_response("200 OK", [])
    return [answer]
"""


def app(
    project: Project, version: str, status: str = "200 OK", body: str = "fine", sleep: float = 0, before: str = ""
) -> None:
    project.write("app.py", APP.format(version=version, status=status, body=body, sleep=sleep, before=before))


@pytest.fixture
def one(folder: Path) -> Project:
    """An application that is not yet up."""
    project = Project(folder / "app")
    app(project, "one")
    return project


def refused(project: Project, verb: str = "reload") -> str:
    """The cause for which a release was refused; what was live serves on, and nothing where there was nothing."""
    was_live = bool(project.url)
    ran = project.up("app.py") if verb == "up" else project.portico(verb, "--json")
    assert ran.code == 4, ran.out + ran.err
    if was_live:
        assert project.get("/version").body == b"one"
        status = project.status()
        assert (status.code, status.result["release"]) == (0, 1), status.out
    else:
        assert not project.status().result["running"]
    return str(ran.json["findings"][0]["cause"])


def test_threads_that_died_with_the_fork_are_named_where_a_release_hangs(one: Project) -> None:
    one.write("app.py", THREADED)
    one.write("portico.toml", 'health_timeout = "1s"\n')
    hung = one.up("app.py")
    assert (hung.code, hung.ids) == (4, ["uwsgi.E005", "wsgi.W013"]), hung.out
    one.write("portico.toml", "[uwsgi]\nextra = 'lazy-apps = true'\n")
    lazy = one.up("app.py")
    assert (lazy.code, lazy.ids) == (0, []), lazy.out
    assert one.get("/").body == b"fine"


def test_another_status_than_the_wanted_one_refuses_a_release(one: Project) -> None:
    one.write("portico.toml", 'health_status = ["200"]\n')
    assert one.up("app.py").code == 0
    for status in ("302 Found", "404 Not Found", "500 Oops"):
        app(one, "two", status)
        assert f"answered {status[:3]}, wanted 200" in refused(one)


def test_the_first_up_is_held_to_it_as_well(one: Project) -> None:
    one.write("portico.toml", 'health_status = ["200", "204"]\n')
    app(one, "one", "404 Not Found")
    assert "answered 404, wanted 200, 204" in refused(one, "up")


def test_a_text_that_the_answer_must_contain(one: Project) -> None:
    one.write("portico.toml", 'health_text = "fine"\n')
    assert one.up("app.py").code == 0
    app(one, "two", body="the database is gone")
    assert "does not contain 'fine'" in refused(one)
    app(one, "two", body="all is fine")
    assert one.portico("reload", "--json").code == 0
    assert one.get("/version").body == b"two"


def test_a_page_slower_than_its_time_limit(one: Project) -> None:
    assert one.up("app.py").code == 0
    one.write("portico.toml", 'health_timeout = "1s"\n')
    app(one, "two", sleep=4)
    assert "timed out" in refused(one)


def test_a_health_path_of_its_own(one: Project) -> None:
    one.write("portico.toml", 'health_path = "/version"\nhealth_status = ["2xx"]\nhealth_text = "one"\n')
    app(one, "one", "404 Not Found")
    assert one.up("app.py").code == 0
    app(one, "two", "404 Not Found")
    assert "/version" in refused(one)


def test_without_a_word_any_answer_below_500_is_one(one: Project) -> None:
    assert one.up("app.py").code == 0
    for status in ("302 Found", "404 Not Found"):
        app(one, status[:3], status)
        assert one.portico("reload", "--json").code == 0
        assert one.get("/version").body == status[:3].encode()


def test_without_a_word_a_page_that_fails_is_refused_only_where_it_worked_before(one: Project) -> None:
    app(one, "one", "500 Oops")
    assert one.up("app.py").code == 1, "it serves, and the failing page is a finding"
    app(one, "two", "500 Oops")
    assert one.portico("reload", "--json").code == 1
    app(one, "three")
    assert one.portico("reload", "--json").code == 0
    app(one, "four", "500 Oops")
    ran = one.portico("reload", "--json")
    assert ran.code == 4, ran.out
    assert "answered 500" in ran.json["findings"][0]["cause"]
    assert one.get("/version").body == b"three"


def test_a_status_that_is_none_is_wrong_usage(one: Project) -> None:
    for value in ('["abc"]', '["700"]', '["20"]', '[""]', '["300-200"]', "[200]"):
        one.write("portico.toml", f"health_status = {value}\n")
        ran = one.up("app.py")
        assert ran.code == 2, value + ran.out + ran.err
        assert "health_status" in ran.out
    assert not one.status().result["running"]


def test_an_import_that_hangs_is_refused_with_the_line_it_hangs_at(one: Project) -> None:
    assert one.up("app.py").code == 0
    # uWSGI says where it hangs when nine tenths of this are over since it has begun to load: later than we began to wait.
    one.write("portico.toml", '[release]\nload_timeout = "15s"\n')
    app(one, "two", before=HANGS)
    cause = refused(one)
    assert "did not finish loading in 15 s" in cause
    assert "app.py line 6 in connect" in cause
