"""What the other servers are started with, and that nginx takes the configuration in front of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bench.stacks import granian, gunicorn, gunicorn_uwsgi, nginx, nginx_granian, processes, runserver, waitress
from bench.stacks.base import Ground

from bench import install
from portico.actions.machine import find_nginx


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    (tmp_path / "site" / "destiny").mkdir(parents=True)
    (tmp_path / "site" / "destiny" / "wsgi.py").touch()
    (tmp_path / "collected").mkdir()
    return Ground(
        folder=tmp_path,
        site=tmp_path / "site",
        collected=tmp_path / "collected",
        python=Path("/opt/env/bin/python"),
        environ={"DJANGO_SETTINGS_MODULE": "bench_settings"},
        port=18080,
        spare=18081,
        cores=3,
        nginx=Path(find_nginx("auto").path),
    )


FRONTS: dict[str, tuple[Callable[[Ground], nginx.Front], str]] = {
    "gunicorn": (gunicorn.front, "proxy_pass http://app_server;"),
    "gunicorn_uwsgi": (gunicorn_uwsgi.front, "uwsgi_pass app_server;"),
    "nginx_granian": (nginx_granian.front, "keepalive 32;"),
    "waitress": (waitress.front, "proxy_pass http://app_server;"),
}


@pytest.mark.parametrize("key", FRONTS)
def test_nginx_takes_the_configuration_in_front_of_it(ground: Ground, key: str) -> None:
    front, passes = FRONTS[key]
    server = nginx.server(ground, front(ground))
    text = (ground.folder / "nginx.conf").read_text()
    assert passes in text
    assert f"server unix:{ground.folder}/" in text
    assert f"alias {ground.collected}/;" in text
    assert "listen 127.0.0.1:18080;" in text
    done = subprocess.run([*server.argv, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_gunicorn_gets_the_workers_and_threads_of_its_documentation(ground: Ground) -> None:
    argv = gunicorn.app_server(ground, *gunicorn_uwsgi.PROTOCOL).argv
    assert argv[0] == "/opt/env/bin/gunicorn"
    assert argv[argv.index("--workers") + 1] == "7"
    assert argv[argv.index("--worker-class") + 1] == "gthread"
    assert argv[argv.index("--threads") + 1] == "12"
    assert argv[argv.index("--bind") + 1] == f"unix:{ground.folder}/gunicorn.sock"
    assert argv[-5:] == ("--protocol", "uwsgi", "--keep-alive", "0", "destiny.wsgi:application")


def test_granian_gets_as_many_workers_as_cores_and_nothing_else_that_tunes(ground: Ground) -> None:
    argv = granian.app_server(ground, "--port", "18080")
    expected = "--interface wsgi --port 18080 --workers 3 destiny.wsgi:application"
    assert argv == ("/opt/env/bin/granian", *expected.split())


def test_waitress_trusts_the_nginx_in_front_of_it(ground: Ground) -> None:
    argv = waitress.app_server(ground).argv
    assert "--trusted-proxy=localhost" in argv
    assert f"--unix-socket={ground.folder}/waitress.sock" in argv


def test_the_development_server_is_in_debug_mode_and_looks_for_changes(ground: Ground) -> None:
    server = runserver.app_server(ground)
    assert server.argv[1:] == ("manage.py", "runserver", "127.0.0.1:18080")
    assert server.environ["DJANGO_SETTINGS_MODULE"] == "runserver_settings"


def test_a_server_that_ends_at_once_is_told_with_what_it_said(ground: Ground) -> None:
    code = "import sys; sys.exit('the address is taken')"
    server = processes.Server("sham", (sys.executable, "-c", code), ground.folder / "sham.sock", processes.environ(ground))
    with pytest.raises(RuntimeError, match="sham ended: the address is taken"):
        processes.start(ground, server)


def test_servers_are_stopped_with_what_they_started(ground: Ground) -> None:
    """The child ignores its end, and its parent does not wait for it."""
    code = (
        "import pathlib, signal, socket, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.signal(15, signal.SIG_IGN); print(1, "
        "flush=True); signal.pause()'], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "pathlib.Path('child').write_text(str(child.pid))\n"
        "socket.socket(socket.AF_UNIX).bind('sham.sock')\n"
        "signal.pause()\n"
    )
    argv = (sys.executable, "-c", code)
    server = processes.Server("sham", argv, ground.folder / "sham.sock", processes.environ(ground), ground.folder)
    running = processes.start(ground, server)
    pids = (int((ground.folder / "child").read_text()), *running.roots())
    assert all(map(_alive, pids))
    running.stop()
    assert not any(map(_alive, pids))


def _alive(pid: int) -> bool:
    """A zombie, which waits for whoever adopted it, is dead."""
    try:
        row = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):  # it may end between open(2) and read(2)
        return False
    return row.rsplit(")", 1)[1].split()[0] != "Z"


def test_an_environment_is_another_when_the_packages_are_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    here = install.folder(gunicorn.STACK)
    assert here.parent == tmp_path / "portico-bench"
    assert here == install.folder(gunicorn.STACK)
    assert here != install.folder(replace(gunicorn.STACK, packages=("gunicorn==23.0.0",)))


@pytest.mark.parametrize("absent", ["apt-get", "root"])
def test_what_cannot_be_installed_is_missing_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, absent: str
) -> None:
    (tmp_path / "apt-get").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path if absent == "root" else tmp_path / "empty"))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    found = install.prepare(replace(gunicorn.STACK, apt=("apache2-not-there",)))
    assert found.python is None
    assert absent in found.missing
    assert "apache2-not-there" in found.missing
