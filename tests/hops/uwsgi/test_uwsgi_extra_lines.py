"""Raw lines for uwsgi.ini that fight with the plan, and what the real uWSGI makes of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portico.hops.uwsgi.extra_lines import check
from portico.model.origin import Origin
from portico.model.plan import Interpreter, Uwsgi
from support.plans import make_plan

BINARY = Interpreter("/srv/.venv/bin/python", "/usr/bin/python3", "3.11", Uwsgi("binary", "/usr/bin/uwsgi", "2.0.30"))


def ids(*lines: str, **plan: Any) -> list[str]:
    return [finding.id for finding in check(make_plan(uwsgi={"extra": lines}, **plan))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("daemonize = /var/log/a.log", "uwsgi.E081"),
        ("daemonize2=/var/log/a.log", "uwsgi.E081"),
        ("proceses = 8", "uwsgi.E082"),
        ("enable_threads = true", "uwsgi.E082"),
        ("https = :443,a.crt,a.key", "uwsgi.E082"),
        ("need-plugin = python3", "uwsgi.E083"),
        ("env = TOKEN=hunter2", "uwsgi.W084"),
        ("virtualenv = /opt/x", "uwsgi.W084"),
        ("home = /opt/x", "uwsgi.W084"),
        ("plugin = python3", "uwsgi.W084"),
        ("http-socket = :9090", "uwsgi.W085"),
        ("http = :9090", "uwsgi.W085"),
        ("harakiri = 300", "uwsgi.W086"),
        ("workers = 9", "uwsgi.W086"),
        ("chdir = /", "uwsgi.W086"),
        ("master = false", "uwsgi.W086"),
    ],
)
def test_a_line_that_cannot_do_what_it_is_for(line: str, expected: str) -> None:
    assert ids(line) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "mule = worker.py",
        "cron2 = minute=-5 /srv/poll.sh",
        "lazy-apps = true",
        "pythonpath = /x",
        "; note",
        "# a",
        "",
        "[x]",
    ],
)
def test_a_line_that_can(line: str) -> None:
    assert ids(line) == []


def test_another_uwsgi_has_an_environment_and_plugins_of_its_own() -> None:
    lines = ("env = A=1", "home = /opt/x", "plugin = python3", "need-plugin = python3", "some-option-of-a-plugin = 1")
    assert ids(*lines, interpreter=BINARY) == []


def test_where_it_is_written_what_was_meant_and_no_secret() -> None:
    origins = {"uwsgi.extra": Origin("file", "portico.toml:9")}
    lines = ("env = TOKEN=hunter2", "proceses = 8", "harakiri = 300")
    secret, typo, twice = check(make_plan(uwsgi={"extra": lines}, origins=origins))
    assert "hunter2" not in str(secret)
    assert secret.evidence[0] == "portico.toml:9 ([uwsgi] extra): env = ..."
    assert secret.fix == ('[env]\nTOKEN = "..."   # in portico.toml',)
    assert typo.fix == ("processes = 8   # if that was meant",)
    assert twice.fix == ("[uwsgi]\nharakiri = 300   # in portico.toml, instead of the raw line",)


def test_files_that_run_alone_may_go_to_the_background() -> None:
    assert [found.id for found in check(make_plan(uwsgi={"extra": ("daemonize = /a.log",), "entry": ""}))] == []


def test_http_beside_http_is_no_side_door() -> None:
    assert ids("http-socket = :9090", front="none") == []


@pytest.mark.parametrize("line", ["proceses = 8", "enable_threads = true", "https = :1,a,b", "need-plugin = python3"])
def test_the_real_uwsgi_refuses_what_is_called_an_error(line: str, tmp_path: Path) -> None:
    ini = tmp_path / "uwsgi.ini"
    ini.write_text(f"[uwsgi]\nstrict = true\nsocket = {tmp_path}/a.sock\n{line}\n")
    argv = [sys.executable, "-c", "import pyuwsgi; pyuwsgi.run()", "--ini", str(ini)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, cwd=tmp_path, check=False)
    assert done.returncode == 1, done.stderr
