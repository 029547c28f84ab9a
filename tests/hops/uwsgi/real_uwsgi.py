"""Runs the real uWSGI on rendered files, for tests."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.hops.uwsgi import packet
from portico.hops.uwsgi.commands import serve_argv
from portico.hops.uwsgi.probe import request_variables
from portico.hops.uwsgi.render import files
from portico.model.plan import Interpreter, Plan, Uwsgi
from support.plans import make_plan

LAUNCHER = str(Path(sys.modules["portico"].__path__[0]) / "inside" / "uwsgi_launcher.py")
VERSION = "{}.{}".format(*sys.version_info[:2])
APP = """
import time
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/sleep/"):
        open("asleep", "w").close()
        time.sleep(float(path[7:]))
    if path == "/boom":
        raise RuntimeError("boom")
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [("path=" + path + " rid=" + environ.get("REQUEST_ID", "")).encode("latin-1")]
"""


AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def can_become_nobody() -> bool:
    """Whether we are root, and this Python is one that another account can run."""
    if os.getuid() != 0:
        return False
    argv = (sys.executable, "-c", "import portico, pyuwsgi")
    try:
        done = subprocess.run(argv, capture_output=True, cwd="/", user=65534, group=65534, extra_groups=[])
    except OSError:
        return False
    return done.returncode == 0


def pyuwsgi_path() -> str:
    spec = importlib.util.find_spec("pyuwsgi")
    assert spec is not None and spec.origin is not None
    return spec.origin


def interpreter() -> Interpreter:
    """This test run's Python with the pyuwsgi installed in it."""
    base = getattr(sys, "_base_executable", sys.executable)
    return Interpreter(sys.executable, base, VERSION, Uwsgi("pyuwsgi", pyuwsgi_path(), "2.0.30"))


def wait_until(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("the condition did not come true in time")
        time.sleep(0.02)
    return value


def local_plan(base: Path, run: Path | None = None, **overrides: Any) -> Plan:
    """A plan for `base/app.py` whose files all lie in `base`; the sockets lie in `base/run`, or in `run`."""
    run = run or base / "run"
    folders = {"conf": base / "conf", "log": base / "log", "run": run}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    if not (base / "app.py").exists():
        (base / "app.py").write_text(APP)
    uwsgi = {
        "address": f"unix:{run}/app.sock",
        "instance_socket": f"{run}/app-1.sock",
        "stats_socket": f"{run}/stats-1.sock",
        "fifo": f"{run}/fifo-1",
        "entry": "",
        "graceful_s": 5,
        **overrides.pop("uwsgi", {}),
    }
    site = {"framework": "wsgi", "module": "app", "settings": "", "maps": (), **overrides.pop("site", {})}
    paths = {name: str(folder) for name, folder in folders.items()}
    return make_plan(str(base), site=site, uwsgi=uwsgi, paths=paths, **{"interpreter": interpreter(), **overrides})


@dataclass
class Instance:
    plan: Plan
    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str = "/", request_id: str = "0123abcd", timeout_s: float = 30) -> tuple[int, str]:
        answer = ask(self.plan.uwsgi.instance_socket, path, request_id, timeout_s)
        return packet.parse_head(answer).status, answer.partition(b"\r\n\r\n")[2].decode("latin-1")

    def wait_asleep(self) -> None:
        """Until a request for /sleep/ has reached the application."""
        wait_until((Path(self.plan.site.directory) / "asleep").exists)

    def stats(self) -> str:
        return ask_raw(self.plan.uwsgi.stats_socket, b"").decode()


def ask(path: str, url: str, request_id: str = "0123abcd", timeout_s: float = 30) -> bytes:
    return ask_raw(path, packet.encode(request_variables("localhost", url, request_id)), timeout_s)


def ask_raw(path: str, payload: bytes, timeout_s: float = 30) -> bytes:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(timeout_s)
        stream.connect(path)
        if payload:
            stream.sendall(payload)
        return b"".join(iter(lambda: stream.recv(65536), b""))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def accepts(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as stream:
        try:
            stream.connect(path)
        except OSError:
            return False
    return True


@contextmanager
def started(plan: Plan, *, environ: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()) -> Iterator[Instance]:
    """Write the plan's files and start uWSGI on them; whatever is left is killed at the end.

    They belong to whoever owns the folder they are written to.
    """
    conf = Path(plan.paths.conf)
    for file in files(plan):
        (conf / file.path).write_text(file.text)
        (conf / file.path).chmod(file.mode)
        if os.getuid() == 0:
            os.chown(conf / file.path, conf.stat().st_uid, conf.stat().st_gid)
    log = Path(plan.paths.log) / "uwsgi.log"
    argv = prefix + serve_argv(plan, str(conf / "uwsgi.ini"), LAUNCHER)
    with log.open("ab") as out:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/", env=environ
        )
    try:
        yield Instance(plan, process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@contextmanager
def serving(plan: Plan, **options: Any) -> Iterator[Instance]:
    """As `started`, once the application is loaded and the master listens to signals."""
    with started(plan, **options) as instance:
        wait_until(lambda: "(master-start)" in instance.text() or instance.process.poll() is not None)
        assert instance.process.poll() is None, instance.text()
        instance.get()
        # That line is written before it listens to them; it answers here only afterwards.
        instance.stats()
        yield instance
