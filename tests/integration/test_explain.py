"""`portico explain`, before the stack runs and while it does."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portico.cli import main
from support.stack import ROOT, Project, Ran, remove, start_project

#: A command leaves it to its end to close what it asked the supervisor through; this process goes on.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CONFIG = """
[env]
API_TOKEN = "hunter2hunter2"

[nginx]
client_max_body_size = "75m"
extra_http = ["map $uri $mine { default 1; }"]
extra_server = '''
add_header Authorization "Basic c2VjcmV0c2VjcmV0";
add_header X-Other hunter2hunter2;
location = /ping { return 204; }
'''

[uwsgi]
processes = 2
extra = ["; mine", "set-placeholder = db_password=geheim123"]
"""
SECRETS = ("hunter2hunter2", "c2VjcmV0c2VjcmV0", "geheim123")


@pytest.fixture(scope="module")
def site() -> Iterator[Project]:
    """A Django project with lines and secrets of its own; it is started by `live`."""
    base = Path(tempfile.mkdtemp(prefix="ptest-", dir="/tmp"))
    base.chmod(0o755)
    project = Project(start_project(base / "site"))
    project.write("portico.toml", CONFIG)
    try:
        yield project
    finally:
        remove(project)
        shutil.rmtree(base, ignore_errors=True)


def explain(project: Project, *arguments: str) -> Ran:
    """`portico explain --json`, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main.run(["-C", str(project.folder), "explain", "--json", *arguments])
    ran = Ran(int(str(ended.value.code)), out.getvalue(), err.getvalue())
    assert not [secret for secret in SECRETS if secret in ran.out + ran.err]
    return ran


def done(project: Project, *arguments: str) -> dict[str, Any]:
    ran = explain(project, *arguments)
    assert ran.code == 0, ran.out + ran.err
    return ran.result


@pytest.fixture(scope="module")
def planned(site: Project) -> dict[str, Any]:
    """The flow before anything ran."""
    assert not (site.folder / ".portico").exists()
    result = done(site)
    assert not (site.folder / ".portico").exists(), "nothing is made"
    return result


@pytest.fixture(scope="module")
def live(site: Project, planned: dict[str, Any]) -> Project:
    ran = site.up()
    assert ran.code in (0, 1), ran.out
    return site


def hop(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(hop for hop in result["hops"] if hop["hop"] == name)


def row(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in result["paths"] if row["name"] == name)


def test_before_it_runs_the_plan_is_explained(planned: dict[str, Any]) -> None:
    assert (planned["running"], planned["release"]) == (False, None)
    nginx = hop(planned, "nginx")["process"]
    assert (nginx["running"], nginx["pid"]) == (False, None)
    assert nginx["would"].startswith("a master as ")
    assert row(planned, "nginx.conf")["exists"] is False
    assert row(planned, "settings")["exists"] is True


def test_while_it_runs_its_processes_are(live: Project) -> None:
    result = done(live)
    assert result["running"] is True
    assert result["url"] == live.url
    for name in ("nginx", "uwsgi"):
        process = hop(result, name)["process"]
        assert process["pid"] == live.hop(name)["pid"]
        os.kill(process["pid"], 0)
    assert len(hop(result, "uwsgi")["process"]["each"][0]["workers"]) == 2


def test_the_table_of_paths_is_what_lies_there(live: Project) -> None:
    result = done(live)
    for entry in result["paths"]:
        if entry["name"] not in ("media /media/",):
            assert entry["exists"] is True, entry
        assert entry["reads"] and entry["writes"] and entry["what"], entry
        status = Path(entry["path"]).stat()
        assert entry["mode"] == stat.filemode(status.st_mode), entry
    named = {entry["name"] for entry in result["paths"]}
    wanted = {"project", "settings", "wsgi.py", "uwsgi.ini", "nginx.conf", "uwsgi_params", "mime.types"}
    assert named >= wanted | {"access log", "error log", "uwsgi log", "app.sock", "static /static/"}
    assert stat.S_ISSOCK(Path(row(result, "app.sock")["path"]).stat().st_mode)


@pytest.mark.parametrize("name", ["nginx.conf", "uwsgi.ini", "uwsgi_params", "mime.types"])
def test_every_line_of_a_live_file_is_explained(live: Project, name: str) -> None:
    result = done(live, name)
    assert result["live"] is True
    rows = Path(result["path"]).read_text(encoding="utf-8").splitlines()
    explained = {line["line"]: line for line in result["lines"]}
    inner = {
        number for line in result["lines"] for number in range(line["line"], line["line"] + len(line["text"].splitlines()))
    }
    code = {n for n, text in enumerate(rows, 1) if text.strip() and text.strip()[0] not in "#;}"}
    assert code == inner
    assert [line for line in result["lines"] if not line["why"]] == []
    own = [line for line in explained.values() if line["kind"] == "own"]
    assert all(
        rows[line["line"] - 1] == line["text"] for line in explained.values() if line not in own and "\n" not in line["text"]
    )


def test_a_value_comes_with_where_it_came_from(live: Project) -> None:
    (line,) = [line for line in done(live, "nginx.conf")["lines"] if line["name"] == "client_max_body_size"]
    assert line["text"].strip() == "client_max_body_size 75m;"
    assert line["from"] == [
        {"key": "nginx.client_max_body_size", "value": 75 << 20, "origin": "file", "from": "portico.toml:6"}
    ]
    (line,) = [line for line in done(live, "uwsgi.ini")["lines"] if line["name"] == "threads"]
    assert line["origin"] == "default"
    (line,) = [line for line in done(live, "nginx.conf")["lines"] if line["name"] == "listen"]
    assert (line["from"][0]["origin"], line["from"][0]["from"]) == ("flag", "--listen")


def test_own_lines_are_the_users_with_file_and_line(live: Project) -> None:
    own = [line for line in done(live, "nginx.conf")["lines"] if line["kind"] == "own"]
    places = {line["text"].strip(): line["from"][0]["from"] for line in own}
    assert places["location = /ping { return 204; }"] == "portico.toml:11"
    assert places["map $uri $mine { default 1; }"] == "portico.toml:7"
    assert places["add_header Authorization ***;"] == "portico.toml:9"
    assert places["add_header X-Other ***;"] == "portico.toml:10"
    (line,) = [line for line in done(live, "uwsgi.ini")["lines"] if line["kind"] == "own"]
    assert "***" in line["text"]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("nginx.client_max_body_size", {"key"}),
        ("processes", {"key", "option"}),
        ("uwsgi_read_timeout", {"key", "directive"}),
        ("HARAKIRI", {"key", "option"}),
        ("max-requests", {"key", "option"}),
        ("listen", {"key", "directive", "option"}),
        ("REMOTE_ADDR", {"variable"}),
        ("http_user_agent", {"variable"}),
        ("wsgi.input", {"variable"}),
        ("$portico_host", {"variable"}),
        ("env", {"key", "option", "directive"}),
        ("uwsgi", {"hop"}),
        ("proxy_pass", {"directive"}),
        ("cheaper", {"option"}),
        ("uwsgi log", {"path"}),
        ("mysite/urls.py", {"path"}),
        ("/static/admin/css/base.css", {"path"}),
    ],
)
def test_a_name_is_explained_whatever_it_is_of(live: Project, name: str, kinds: set[str]) -> None:
    matches = done(live, name)["matches"]
    assert {match["kind"] for match in matches} == kinds
    assert [match for match in matches if not match["what"]] == []


def test_a_name_shows_its_value_its_origin_and_its_lines(live: Project) -> None:
    matches = done(live, "processes")["matches"]
    key = next(match for match in matches if match["kind"] == "key")
    assert (key["name"], key["value"], key["origin"]) == ("uwsgi.processes", 2, "file")
    lines = [(line["file"], line["text"]) for line in key["lines"]]
    assert {("uwsgi.ini", "processes = 2"), ("uwsgi.ini", "map-socket = 1:2")} <= set(lines), lines
    (match,) = done(live, "/static/admin/css/base.css")["matches"]
    assert Path(match["path"]).is_file()


def test_a_path_of_the_stack_is_known_from_the_project(live: Project) -> None:
    (match,) = done(live, ".portico/log/nginx-access.log")["matches"]
    assert match["name"] == "access log"
    assert done(live, ".portico/conf/nginx.conf")["file"] == "nginx.conf"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("procesess", "processes"),
        ("uwsgi_read_timout", "uwsgi_read_timeout"),
        ("REMOTE_ADR", "REMOTE_ADDR"),
        ("ngnx", "nginx"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(live: Project, name: str, near: str) -> None:
    ran = explain(live, name)
    assert (ran.code, ran.ids) == (2, ["config.E022"])
    assert near in ran.json["findings"][0]["cause"]


def test_a_name_near_nothing_is_said_to_be(live: Project) -> None:
    ran = explain(live, "qqqqqqqqqq")
    assert (ran.code, ran.ids) == (2, ["config.E022"])
    assert "did you mean" not in ran.out


def test_a_change_that_is_not_live_yet_is_told(live: Project) -> None:
    assert done(live)["notes"] == []
    before = (live.folder / "portico.toml").stat()
    live.write("portico.toml", CONFIG.replace("75m", "80m"))
    try:
        (note,) = done(live, "client_max_body_size")["notes"]
        assert "portico up" in note
        line = next(line for line in done(live, "nginx.conf")["lines"] if line["name"] == "client_max_body_size")
        assert line["value"] == "75m", "what runs is explained"
    finally:
        os.utime(live.write("portico.toml", CONFIG), ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_finding_is_explained_without_any_project(tmp_path: Path) -> None:
    ran = explain(Project(tmp_path), "NGINX.e001")
    assert ran.code == 0
    (match,) = ran.result["matches"]
    assert (match["name"], match["severity"]) == ("nginx.E001", "error")
    assert match["why"] and match["shows"] and match["example"] and match["cure"]
    assert (Path(__file__).parents[2] / match["page"]).is_file()


def test_other_shapes_are_explained_as_up_would_start_them(site: Project, tmp_path: Path) -> None:
    assert [hop["hop"] for hop in done(site, "--front", "none")["hops"]][:2] in (["client", "uwsgi"], ["client", "nginx"])
    plain = Project(tmp_path)
    plain.write("hello.py", "def application(environ, start_response):\n    start_response('200 OK', [])\n    return []\n")
    result = done(plain, "--app", "hello.py", "--front", "none")
    assert [hop["hop"] for hop in result["hops"]] == ["client", "uwsgi", "wsgi"]
    ran = explain(plain, "--app", "hello.py", "--front", "none", "nginx.conf")
    assert (ran.code, ran.ids) == (2, ["config.E022"])
    assert "no nginx runs here" in ran.out


def test_the_text_is_for_people(live: Project) -> None:
    ran = live.portico("explain", environ={"COLUMNS": "80"})
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    assert f"master {live.hop('nginx')['pid']}" in ran.out
    with pytest.raises(json.JSONDecodeError):
        json.loads(ran.out)
    assert ROOT or "www-data" not in ran.out
