"""Secrets of a real site, which its hooks, its exceptions and its requests tell of, in what every verb says."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.stack import ROOT, Project, until

#: Of `.env`, of `[env]`, written in the code, of a request's query, its header and its cookie, of a hook's command line.
SECRETS = (
    *("word-of-database", "word-of-table", "word-of-settings", "word-in-query", "word-in-header1", "word-in-cookie"),
    *("word-of-argv", "word-of-hook"),
)
SETTINGS = 'SECRET_KEY = "word-of-settings"\n'
APP = """
import os
from settings import SECRET_KEY


def application(environ, start_response):
    if environ["PATH_INFO"] == "/fails" or os.path.exists("fail"):
        said = [os.environ["DATABASE_URL"], os.environ["API_TOKEN"], SECRET_KEY, "/?" + environ["QUERY_STRING"]]
        print("marker", *said, "Authorization: %s" % environ.get("HTTP_AUTHORIZATION"), flush=True)
        print("Cookie: %s" % environ.get("HTTP_COOKIE"), flush=True)
        raise RuntimeError("cannot connect to " + ", ".join(said))
    start_response("200 OK", [])
    return [b"one"]
"""
DOES_NOT_LOAD = """
import os, sys
from settings import SECRET_KEY
if "uwsgi" in sys.modules:
    raise RuntimeError(f"cannot connect to {os.environ['DATABASE_URL']} as {SECRET_KEY} with {os.environ['API_TOKEN']}")
"""
TOML = """
env_files = [".env"]
health_path = "/?token=word-in-query"

[env]
API_TOKEN = "word-of-table"

[uwsgi]
extra = ["env = DB_PASSWORD=word-of-argv"]

[release]
hooks = [["sh", "-c", "echo $DATABASE_URL word-of-settings password=word-of-hook", "--token", "word-of-argv"]]
"""


@pytest.fixture
def telling(folder: Path) -> Project:
    project = Project(folder / "telling")
    for name, text in {"app.py": APP, "settings.py": SETTINGS, "portico.toml": TOML}.items():
        project.write(name, text)
    project.write(".env", "DATABASE_URL=postgres://joe:word-of-database@db.example/x\n")
    return project


#: As the application's own line is shown.
MARKER = "marker postgres://***@db.example/x *** *** /?token=*** Authorization: Bearer ***"


def _fails(project: Project) -> bool:
    headers = {"Authorization": "Bearer word-in-header1", "Cookie": "sessionid=word-in-cookie"}
    return project.get("/fails?token=word-in-query", **headers).status >= 500


def _clean(text: str, sign: str = "***") -> str:
    assert not [secret for secret in SECRETS if secret in text], text
    assert sign in text
    return text


def _said(project: Project, *arguments: str, code: int = 0, sign: str = "***") -> str:
    """All that a verb says, as text and as JSON."""
    texts = []
    for form in ([], ["--json"]):
        ran = project.portico(*arguments, *form)
        assert ran.code == code, ran.out + ran.err
        texts.append(_clean(ran.out + ran.err, sign))
    return "\n".join(texts)


def test_nothing_that_is_said_has_a_secret_in_it(telling: Project) -> None:
    root = ["--allow-root-app"] if ROOT else []
    foreground = telling.start("up", "app.py", "--listen", "auto", *root)
    try:
        telling.url = until(lambda: telling.status().result["url"], what="the site is up", timeout=60)
        assert MARKER in _followed(telling)
        assert "cannot connect to postgres://***@db.example/x, ***, ***" in _said(telling, "logs")
        _said(telling, "logs", "--status", "5xx")
        _said(telling, "trace", "--last", "--status", "5xx")
        _said(telling, "releases")
        _said(telling, "config", *root)
        _said(telling, "render", *root)
        _said(telling, "status", sign="app.py")
        (telling.folder / "fail").touch()
        assert "the last exception is RuntimeError: cannot connect to postgres://***@db.example/x" in _said(
            telling, "reload", code=4
        )
        telling.write("app.py", DOES_NOT_LOAD + APP)
        assert "cannot connect to postgres://***@db.example/x as *** with ***" in _said(telling, "reload", code=4)
    finally:
        foreground.send_signal(signal.SIGINT)
        out, err = foreground.communicate(60)
    assert MARKER in _clean(out + err)
    log = (telling.folder / ".portico" / "log" / "uwsgi.log").read_text()
    assert all(secret in log for secret in SECRETS[:5]), "the log itself is as it was written"


def _followed(project: Project) -> str:
    """What `logs -f` says of requests that fail."""
    followed = project.folder / "followed"
    command = [sys.executable, "-m", "portico", "-C", str(project.folder), "logs", "-f", "-n", "0"]
    with followed.open("w") as stream, subprocess.Popen(command, stdout=stream) as follower:
        try:
            until(lambda: _fails(project) and MARKER in followed.read_text(), what="it is followed", timeout=60)
        finally:
            follower.kill()
    return _clean(followed.read_text())
