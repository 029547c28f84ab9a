"""The launcher, with the real pyuwsgi."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import portico

LAUNCHER = Path(portico.__path__[0]) / "inside" / "uwsgi_launcher.py"
APP = """
import json, os, sys
out = {"path": sys.path, "executable": sys.executable, "prefix": sys.prefix, "modules": sorted(sys.modules)}
with open("report.tmp", "w") as file: json.dump(out, file)
os.rename("report.tmp", "report.json")
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]
"""


def wait_until(condition: Callable[[], Any], timeout_s: float = 15.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
    return value


def pyuwsgi() -> str:
    spec = importlib.util.find_spec("pyuwsgi")
    assert spec is not None and spec.origin is not None
    return spec.origin


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        (folder / "app.py").write_text(APP)

    def start(self, *arguments: str, python: tuple[str, ...] = (sys.executable,), **options: Any) -> subprocess.Popen[bytes]:
        log = (self.folder / "log").open("ab")
        with log:
            process = subprocess.Popen(
                [*python, str(LAUNCHER), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **options,
            )
        self.started.append(process)
        return process

    def ini(self) -> str:
        path = self.folder / "uwsgi.ini"
        base = (
            "hook-master-start = unix_signal:15 gracefully_kill_them_all",
            # A worker that is not ready yet would miss the master's SIGHUP.
            "hook-asap = unix_signal:1 _exit",
            "hook-post-fork = unix_signal:1 _exit",
            "strict = true",
            "master = true",
            "need-app = true",
            f"socket = {self.folder}/a.sock",
            "module = app",
        )
        path.write_text("\n".join(("[uwsgi]", *base, f"binary-path = {sys.executable}")) + "\n")
        return str(path)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def report(self) -> dict[str, Any]:
        return json.loads(wait_until(lambda: (p := self.folder / "report.json").exists() and p.read_text()))


@pytest.fixture
def run() -> Iterator[Run]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="launch-") as name:
        run = Run(Path(name).resolve())
        yield run
        for process in run.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def test_serves_and_stops_gracefully(run: Run) -> None:
    # The hook finds a function of uWSGI by name, so its symbols must be visible although Python loaded it.
    process = run.start(pyuwsgi(), "--ini", run.ini())
    wait_until(lambda: "(master-start)..." in run.log())
    process.terminate()
    assert process.wait(15) == 0
    assert "graceful shutdown triggered" in run.log()


def test_the_application_sees_its_own_environment_only(run: Run) -> None:
    elsewhere = run.folder / "elsewhere"
    elsewhere.mkdir()
    copied = elsewhere / Path(pyuwsgi()).name
    shutil.copy(pyuwsgi(), copied)
    libraries = Path(pyuwsgi()).parent / "pyuwsgi.libs"
    if libraries.is_dir():
        (elsewhere / libraries.name).symlink_to(libraries)
    run.start(str(copied), "--ini", run.ini())
    report = run.report()
    assert str(LAUNCHER.parent) not in report["path"]
    assert str(elsewhere) not in report["path"]
    assert "portico" not in report["modules"]
    assert report["prefix"] == sys.prefix
    plain = subprocess.run(
        [sys.executable, "-c", "import sys; print('\\n'.join(sys.path[1:]))"], capture_output=True, text=True, check=True
    )
    # uWSGI itself puts the working directory first, in both spellings.
    assert report["path"][:2] == [".", ""]
    assert report["path"][2:] == plain.stdout.splitlines()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="PYTHONSAFEPATH came with 3.11")
def test_nothing_is_taken_off_the_path_where_python_added_no_script_folder(run: Run) -> None:
    first = str(run.folder / "first")
    run.start(pyuwsgi(), "--ini", run.ini(), env={**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": first})
    assert first in run.report()["path"]


def test_a_reload_keeps_the_process_and_the_environment(run: Run) -> None:
    process = run.start(pyuwsgi(), "--ini", run.ini())
    before = run.report()
    wait_until(lambda: "(master-start)..." in run.log())
    (run.folder / "report.json").unlink()
    process.send_signal(signal.SIGHUP)
    after = run.report()
    wait_until(lambda: "gracefully (RE)spawned uWSGI master" in run.log())
    assert process.poll() is None
    assert {k: after[k] for k in ("path", "prefix", "executable")} == {
        k: before[k] for k in ("path", "prefix", "executable")
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.so", "does not exist"),
        ("pyuwsgi.cpython-27-x86_64-linux-gnu.so", "is not for Python"),
        ("pyuwsgi.so", "cannot be loaded by Python"),
        ("pyuwsgi.abi3.so", "cannot be loaded by Python"),
    ],
)
def test_what_cannot_be_loaded_is_one_line_and_status_3(run: Run, name: str, said: str) -> None:
    path = run.folder / name
    if not name.startswith("missing"):
        path.write_text("no library")
    process = run.start(str(path), "--ini", run.ini())
    assert process.wait(15) == 3
    assert run.log().count("\n") == 1
    assert run.log().startswith(f"uwsgi_launcher: {path} ") and said in run.log()


def test_another_extension_is_refused(run: Run) -> None:
    spec = importlib.util.find_spec("_ctypes")
    if spec is None or not spec.origin or not spec.origin.endswith(".so"):
        pytest.skip("this Python has _ctypes built in")
    process = run.start(spec.origin, "--ini", run.ini())
    assert process.wait(15) == 3
    assert run.log().count("\n") == 1


def test_without_arguments_it_says_how_to_call_it(run: Run) -> None:
    assert run.start().wait(15) == 3
    assert run.log().startswith("uwsgi_launcher: usage: ")


def test_runs_in_every_python_that_a_project_may_have() -> None:
    ast.parse(LAUNCHER.read_text(), feature_version=(3, 8))
