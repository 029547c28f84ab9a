"""The hop's own checks, and the limit they rest on under the real uWSGI."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_uwsgi import local_plan, serving, started

from portico.hops.uwsgi import checks
from portico.model.finding import CouldNotTell, Finding
from portico.model.origin import Origin
from portico.model.plan import Interpreter, Uwsgi
from support.plans import make_plan


def ids(found: list[Finding | CouldNotTell]) -> list[str]:
    return [entry.id if isinstance(entry, Finding) else entry.check for entry in found]


def test_the_backlog_against_the_kernels_limit() -> None:
    plan = make_plan(uwsgi={"backlog": 1024}, origins={"uwsgi.listen": Origin("file", "portico.toml:3")})
    assert checks.backlog(plan, 1024) == []
    (finding,) = checks.backlog(plan, 128)
    assert isinstance(finding, Finding)
    assert (finding.id, finding.severity) == ("uwsgi.E001", "error")
    assert finding.evidence == ("listen = 1024 (file (portico.toml:3))", "net.core.somaxconn = 128")
    assert "listen = 128" in finding.fix[0]
    assert ids(checks.backlog(plan, None)) == ["uwsgi.backlog"]


@pytest.mark.parametrize(("length", "found"), [(102, []), (103, ["uwsgi.E002"])])
def test_socket_paths_up_to_the_limit(length: int, found: list[str]) -> None:
    path = "/" + "é" * ((length - 1) // 2) + "x" * ((length - 1) % 2)
    assert len(path.encode()) == length
    assert ids(checks.socket_paths(make_plan(uwsgi={"instance_socket": path}))) == found
    assert ids(checks.socket_paths(make_plan(uwsgi={"stats_socket": path}))) == found


@pytest.mark.parametrize("name", ["instance_socket", "stats_socket"])
def test_the_limit_is_uwsgis_own(base: Path, name: str) -> None:
    folder = base / "run"
    folder.mkdir()
    room = checks.SOCKET_PATH_BYTES - len(str(folder)) - 1
    fits, long = str(folder / ("s" * room)), str(folder / ("s" * (room + 1)))
    with serving(local_plan(base, uwsgi={name: fits})) as instance:
        assert instance.get("/")[0] == 200
    with started(local_plan(base, uwsgi={name: long})) as instance:
        assert instance.process.wait(15) == 1
        assert "invalid socket name" in instance.text()


def python(version: str, path: str, kind: str = "pyuwsgi", built_for: str = "") -> list[str]:
    uwsgi = Uwsgi("binary" if kind == "binary" else "pyuwsgi", path)
    return ids(checks.python(Interpreter("/srv/.venv/bin/python", "/usr/bin/python3", version, uwsgi), built_for))


@pytest.mark.parametrize(
    ("version", "path", "found"),
    [
        ("3.11", "/x/pyuwsgi.cpython-311-x86_64-linux-gnu.so", []),
        ("3.8", "/x/pyuwsgi.cpython-38-x86_64-linux-gnu.so", []),
        ("3.13", "/x/pyuwsgi.cpython-313t-x86_64-linux-gnu.so", []),
        ("3.12", "/x/pyuwsgi.cpython-311-x86_64-linux-gnu.so", ["uwsgi.E003"]),
        ("3.12", "/x.cpython-312-/pyuwsgi.cpython-311-darwin.so", ["uwsgi.E003"]),
        ("3.11", "/x/pyuwsgi.so", ["uwsgi.python"]),
        ("3.11", "", ["uwsgi.E004"]),
    ],
)
def test_pyuwsgi_names_its_python(version: str, path: str, found: list[str]) -> None:
    assert python(version, path) == found


@pytest.mark.parametrize(
    ("built_for", "found"), [("3.11.2", []), ("3.11", []), ("3.9.2", ["uwsgi.E003"]), ("", ["uwsgi.python"])]
)
def test_another_uwsgi_was_asked(built_for: str, found: list[str]) -> None:
    assert python("3.11", "/usr/bin/uwsgi", "binary", built_for) == found


def test_findings_say_what_to_do() -> None:
    (finding,) = checks.python(
        Interpreter("/p/bin/python", "/p/bin/python", "3.12", Uwsgi("pyuwsgi", "/x/pyuwsgi.cpython-311-x.so"))
    )
    assert isinstance(finding, Finding)
    assert finding.cause == "/x/pyuwsgi.cpython-311-x.so is for Python 3.11, but the project runs on 3.12"
    assert finding.fix == ("/p/bin/python -m pip install --force-reinstall pyuwsgi",)
