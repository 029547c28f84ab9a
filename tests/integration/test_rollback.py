"""Releases and the way back: at once where the one before sleeps, by its code where it does not, never by half."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from portico.actions.places import places
from support.crew import crew, kill, port_of
from support.stack import Project, Ran, until
from support.traffic import Traffic

APP = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"%s"]
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("%s"))]
"""
git_only = pytest.mark.skipif(shutil.which("git") is None, reason="no git")


@pytest.fixture
def one(folder: Path) -> Project:
    """An application that is not yet up."""
    project = Project(folder / "app")
    version(project, "one")
    return project


@pytest.fixture
def two(one: Project) -> Project:
    """Release 2, "two", is live; release 1, "one", was before it."""
    assert one.up("app.py").code == 0
    reloaded(one, "two")
    return one


def version(project: Project, text: str) -> None:
    project.write("app.py", APP % text)


def reloaded(project: Project, text: str, *arguments: str) -> Ran:
    version(project, text)
    ran = project.portico("reload", "--json", *arguments)
    assert ran.code == 0, ran.out + ran.err
    assert body(project) == text
    return ran


def body(project: Project) -> str:
    return project.get("/").body.decode()


def releases(project: Project) -> list[dict[str, Any]]:
    return list(project.portico("releases", "--json").result["releases"])


def states(project: Project) -> dict[int, str]:
    return {row["release"]: row["state"] for row in releases(project)}


def back(project: Project, *arguments: str) -> Ran:
    return project.portico("rollback", "--json", *arguments)


def processes_of_release(project: Project, number: int) -> list[int]:
    """Of its uWSGI, whether it serves or sleeps."""
    folder = f"{places(project.folder).release_dir(number)}/"
    found = psutil.process_iter(["pid", "cmdline"])
    return [process.pid for process in found if any(folder in word for word in process.info["cmdline"] or ())]


def broken(project: Project) -> None:
    project.write("app.py", "broken = (\n")


def refused(ran: Ran) -> dict[str, Any]:
    assert ran.code == 2, ran.out + ran.err
    return dict(ran.json["findings"][0])


def git(project: Project, *words: str) -> str:
    named = ("-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(project.folder), *named, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(project: Project, subject: str) -> str:
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", subject)
    return git(project, "rev-parse", "HEAD")


def test_back_and_forth_at_once_and_nobody_notices(two: Project) -> None:
    assert states(two) == {2: "live", 1: "warm"}
    broken(two)
    with Traffic(port_of(two)) as traffic:
        ran = back(two)
        assert ran.code == 0, ran.out + ran.err
        assert body(two) == "one", "with the code it was started with, whatever the folder holds"
        assert states(two) == {2: "warm", 1: "live"}
        assert back(two).code == 0
        assert body(two) == "two"
    assert not traffic.failures
    assert len(traffic.replies) > 20
    assert states(two) == {2: "live", 1: "warm"}
    status = two.status()
    assert (status.code, status.result["release"]) == (0, 2)


def test_a_reload_after_a_rollback_is_a_new_release(two: Project) -> None:
    assert back(two).code == 0
    ran = reloaded(two, "three")
    assert ran.result["release"] == 3
    assert states(two) == {3: "live", 2: "kept", 1: "warm"}
    assert back(two).code == 0
    assert body(two) == "one"


def test_the_live_release_is_no_rollback(two: Project) -> None:
    ran = back(two, "2")
    assert (ran.code, ran.result["changed"]) == (0, False)
    assert body(two) == "two"


def test_a_release_that_never_was(two: Project) -> None:
    found = refused(back(two, "9"))
    assert "release 9" in found["cause"]
    assert [line.partition(":")[0] for line in found["evidence"]] == ["release 2", "release 1"]
    for word in ("-1", "0", "one"):
        assert back(two, word).code == 2, word
    assert body(two) == "two"


def test_nothing_to_go_back_to(one: Project) -> None:
    assert "nothing is running" in refused(back(one))["cause"]
    assert not one.status().result["running"]
    assert one.up("app.py").code == 0
    assert "before this one" in refused(back(one))["cause"]
    assert one.portico("down").code == 0
    refused(back(one))


@git_only
def test_what_is_kept_of_each_release(one: Project) -> None:
    git(one, "init", "-q")
    first = commit(one, "the first words")
    assert one.up("app.py").code == 0
    version(one, "two")
    second = commit(one, "a second: with 'quotes'")
    one.write("portico.toml", "[uwsgi]\nprocesses = 3\n")
    assert one.portico("reload", "--json").code == 0
    version(one, "three")
    one.write("portico.toml", '[uwsgi]\nprocesses = 3\n[release]\nhooks = ["false"]\n')
    assert one.portico("reload", "--json").code == 4
    failed, live, before = releases(one)
    assert (failed["state"], live["state"], before["state"]) == ("failed", "live", "warm")
    assert "`false` ended with exit code 1" in failed["failed"]
    assert (before["revision"], before["subject"], before["dirty"]) == (first, "the first words", False)
    assert (live["revision"], live["subject"]) == (second, "a second: with 'quotes'")
    assert (failed["revision"], failed["dirty"]) == (second, True)
    assert live["changed"]["uwsgi.processes"][1] == 3
    assert not before["changed"]
    shown = one.portico("releases").out
    assert "the first words" in shown and "exit code 1" in shown and first[:7] in shown


def test_a_sleeping_release_that_was_killed_is_not_taken_for_it(two: Project) -> None:
    masters = processes_of_release(two, 1)
    assert masters
    kill(*masters)
    until(lambda: states(two)[1] == "kept", what="it is no longer warm")
    until(lambda: processes_of_release(two, 1), what="supervisord has started it again")
    version(two, "three")
    found = refused(back(two))
    assert "other code" in found["cause"]
    assert found["fix"]
    assert body(two) == "two"
    version(two, "one")
    ran = back(two, "1")
    assert ran.code == 0, ran.out + ran.err

    assert body(two) == "one"


@git_only
def test_a_release_no_longer_in_memory_is_started_from_its_commit(one: Project) -> None:
    git(one, "init", "-q")
    first = commit(one, "one")
    assert one.up("app.py").code == 0
    for text in ("two", "three"):
        version(one, text)
        commit(one, text)
        assert one.portico("reload", "--json").code == 0
    assert states(one) == {3: "live", 2: "warm", 1: "kept"}
    found = refused(back(one, "1"))
    assert any(f"checkout {first}" in fix for fix in found["fix"]), found
    git(one, "checkout", "-q", first)
    with Traffic(port_of(one)) as traffic:
        ran = back(one, "1")
        assert ran.code == 0, ran.out + ran.err
    assert not traffic.failures
    assert body(one) == "one"
    assert states(one) == {3: "warm", 2: "kept", 1: "live"}


def test_without_warm_releases_no_second_uwsgi_stays(one: Project) -> None:
    one.write("portico.toml", "[release]\nwarm = 0\n")
    assert one.up("app.py").code == 0
    assert processes_of_release(one, 1)
    reloaded(one, "two")
    assert states(one) == {2: "live", 1: "kept"}
    assert not processes_of_release(one, 1)
    refused(back(one))
    assert body(one) == "two"


def test_only_so_many_are_kept(one: Project) -> None:
    one.write("portico.toml", "[release]\nkeep = 2\n")
    assert one.up("app.py").code == 0
    for text in ("two", "three", "four", "five"):
        reloaded(one, text)
    assert {5, 4} <= states(one).keys()
    assert len(states(one)) <= 3
    assert states(one)[5] == "live" and states(one)[4] == "warm"
    assert "no longer kept" in refused(back(one, "1"))["cause"]


def test_a_django_project_goes_back_with_its_static_files(site: Project) -> None:
    site.write("mysite/urls.py", URLS % "one")
    assert site.up().code == 0
    site.write("mysite/urls.py", URLS % "two")
    assert site.portico("reload", "--json").code == 0
    assert body(site) == "two"
    assert back(site).code == 0
    assert body(site) == "one"
    assert site.get("/static/admin/css/base.css").status == 200


HELD = (
    """
import os, time
try:
    import uwsgi
    while uwsgi.worker_id() == 2 and os.path.exists("hold"):
        time.sleep(0.01)
except ImportError:
    pass
"""
    + APP
)


def test_fast_waits_for_the_last_worker_to_load(one: Project) -> None:
    """What is changed after it is in no worker."""
    assert one.up("app.py", "--fast").code == 0
    before = crew(one).uwsgi
    hold = one.write("hold", "")
    one.write("app.py", HELD % "two")
    reload = one.start("reload", "--json")
    until(lambda: len(new := crew(one).uwsgi) == len(before) and not set(new[1:]) & set(before[1:]), 60, "new workers")
    with pytest.raises(subprocess.TimeoutExpired):
        reload.communicate(timeout=2)
    hold.unlink()
    assert reload.communicate(timeout=60) and reload.returncode == 0
    broken(one)
    assert {body(one) for _ in range(8)} == {"two"}


def test_fast_replaces_the_workers_of_the_one_uwsgi(one: Project) -> None:
    assert one.up("app.py", "--fast").code == 0
    before = crew(one).uwsgi
    with Traffic(port_of(one)) as traffic:
        ran = reloaded(one, "two")
        broken(one)
        failed = one.portico("reload", "--json")
        assert failed.code == 4, failed.out + failed.err
        assert body(one) == "two"
    assert not traffic.failures
    after = crew(one).uwsgi
    assert after[0] == before[0], "the same master"
    assert not set(after[1:]) & set(before[1:])
    assert "no way back" in ran.result["headline"]
    found = refused(back(one))
    assert "before this one" in found["cause"] or "--fast" in found["cause"]
    assert body(one) == "two"
