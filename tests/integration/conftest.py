"""Fixtures of the integration tests: a project in a short folder, on each nginx, always taken down."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stack import Project, processes_of, remove, start_project

SYSTEM_NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that every account may enter; whatever runs in it is stopped, and nothing may be left behind."""
    base = Path(tempfile.mkdtemp(prefix="ptest-", dir="/tmp"))
    base.chmod(0o755)
    try:
        yield base
    finally:
        for state in [*base.rglob(".portico")]:
            remove(Project(state.parent))
        left = processes_of(base)
        shutil.rmtree(base, ignore_errors=True)
        assert not left, f"left running: {left}"


@pytest.fixture
def site(folder: Path) -> Project:
    """A fresh Django project with DEBUG off."""
    return Project(start_project(folder / "site"))


@pytest.fixture
def hello(folder: Path) -> Project:
    """A plain WSGI application in one file, whose answer is in a module that tests rewrite."""
    project = Project(folder / "hello")
    project.write("hello.py", HELLO)
    return project


@pytest.fixture(params=["system", "wheel"])
def nginx(request: pytest.FixtureRequest) -> str:
    """Each nginx: the system's and the one from the wheel."""
    if request.param == "system" and SYSTEM_NGINX is None:
        pytest.skip("no nginx is installed on this system")
    return str(request.param)


#: `/sleep?S` takes S seconds, from now on or, with `&GATE`, once somebody has opened the folder GATE (`support.gate`).
HELLO = """
import json, os, time


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/sleep":
        seconds, _, gate = environ["QUERY_STRING"].partition("&")
        if gate:
            open(gate + "/reached", "w").close()
        while gate and not os.path.exists(gate + "/open"):
            time.sleep(0.01)
        time.sleep(float(seconds or 1))
    if path == "/boom":
        raise RuntimeError("boom")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = {
        "path": path, "pid": os.getpid(), "length": len(body), "version": "one", "uid": os.getuid(),
        "cwd": os.getcwd(), "token": os.environ.get("TOKEN"), "rid": environ.get("HTTP_X_REQUEST_ID"),
    }
    data = json.dumps(answer).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]
"""
