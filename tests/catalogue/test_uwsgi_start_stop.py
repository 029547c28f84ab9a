"""uWSGI is reloaded, stopped or supervised, and something else comes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.kit import UWSGI, Kit
from catalogue.uwsgi_start import SERVE, by_log, end, ids, ini, told
from support.stack import clean_environ, until

Names = Callable[..., dict[str, Any]]


def test_pyuwsgi_reload_loses_venv(kit: Kit, names: Names) -> None:
    uwsgi = kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 200
    told(kit, uwsgi, signal.SIGHUP, "gracefully killing")
    uwsgi.wait(10)
    assert kit.get().status == 502
    envelope = kit.doctor()
    found = names(envelope, "pyuwsgi-reload-loses-venv", "uwsgi.E133", certain=True)
    assert f"binary-path = {sys.executable}" in found["fix"][0]
    assert "uwsgi.W135" not in ids(envelope)
    assert "uwsgi.E132" not in ids(envelope)


def test_pyuwsgi_reload_runs_the_script(kit: Kit, names: Names) -> None:
    uwsgi = kit.uwsgi(*SERVE, kit.socket, "--binary-path", UWSGI)
    kit.nginx(f"location / {{ {kit.app} }}")
    told(kit, uwsgi, signal.SIGHUP, "gracefully killing")
    uwsgi.wait(10)
    envelope = kit.doctor()
    names(envelope, "pyuwsgi-reload-loses-venv", "uwsgi.E133", certain=True)
    assert "uwsgi.E112" not in ids(envelope)


def test_the_next_reload_is_seen_to_fail(kit: Kit, names: Names) -> None:
    touched = kit.write("reload", "")
    uwsgi = kit.uwsgi(*SERVE, kit.socket, "--touch-reload", str(touched))
    kit.nginx(f"location / {{ {kit.app} }}")
    names(kit.doctor(), "pyuwsgi-reload-loses-venv", "uwsgi.W134", certain=True)
    os.killpg(uwsgi.pid, signal.SIGKILL)
    uwsgi.wait(10)
    kit.uwsgi(*SERVE, kit.socket, "--touch-reload", str(touched), "--binary-path", sys.executable)
    assert "uwsgi.W134" not in ids(kit.doctor())


def test_sigterm_reloads_instead_of_stopping(kit: Kit, names: Names) -> None:
    uwsgi = kit.uwsgi(*SERVE, kit.socket, "--binary-path", sys.executable)
    kit.nginx(f"location / {{ {kit.app} }}")
    told(kit, uwsgi, signal.SIGTERM, "brutally killing")
    until(lambda: "(RE)spawned" in kit.log.read_text(), 20)
    until(lambda: kit.get().status == 200)
    assert uwsgi.poll() is None
    names(kit.doctor(), "sigterm-reloads-instead-of-stopping", "uwsgi.W135", certain=True)


def test_sigterm_without_die_on_term_under_pyuwsgi(kit: Kit, names: Names) -> None:
    uwsgi = kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    told(kit, uwsgi, signal.SIGTERM, "brutally killing")
    uwsgi.wait(10)
    envelope = kit.doctor()
    found = names(envelope, "sigterm-reloads-instead-of-stopping", "uwsgi.E133", certain=True)
    assert "die-on-term" in found["cause"]
    assert "uwsgi.W135" in ids(envelope)


def test_a_reload_that_went_well_is_not_blamed(kit: Kit) -> None:
    uwsgi = kit.uwsgi(*SERVE, kit.socket, "--binary-path", sys.executable)
    kit.nginx(f"location / {{ {kit.app} }}")
    told(kit, uwsgi, signal.SIGHUP, "gracefully killing")
    until(lambda: "(RE)spawned" in kit.log.read_text(), 20)
    until(lambda: kit.get().status == 200)
    assert not {"uwsgi.E133", "uwsgi.W135", "uwsgi.E132"} & ids(kit.doctor())


def test_a_stop_that_went_well_is_not_blamed(kit: Kit) -> None:
    uwsgi = kit.uwsgi(*SERVE, kit.socket, "--die-on-term")
    told(kit, uwsgi, signal.SIGTERM, "killing workers")
    uwsgi.wait(10)
    assert not {"uwsgi.E133", "uwsgi.W135", "uwsgi.E138"} & ids(by_log(kit))


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_uwsgi_daemonize_under_supervisor(kit: Kit, names: Names, unix: bool) -> None:
    address = kit.socket if unix else f"127.0.0.1:{kit.spare}"
    command = [UWSGI, *SERVE, address, "--daemonize", str(kit.log), "--pidfile", f"{kit.folder}/u.pid"]
    left: list[int] = []
    try:
        for ends in ("spawned uWSGI worker 1", "spawned uWSGI worker 1" if unix else "bind()"):
            count = kit.log.read_text().count(ends) if kit.log.exists() else 0
            # A supervisor starts it again because it ended; with status 0 each time.
            subprocess.run(command, cwd=kit.project, env=clean_environ(), stdout=subprocess.DEVNULL, check=True, timeout=20)
            until(lambda: kit.log.exists() and kit.log.read_text().count(ends) > count, 20)  # noqa: B023
            left.append(int((kit.folder / "u.pid").read_text()))
        envelope = by_log(kit)
    finally:
        for pid in left:
            end(pid)
    found = names(envelope, "uwsgi-daemonize-under-supervisor", "uwsgi.W136", certain=True)
    assert f"pid {left[0]}" in found["cause"]
    assert f"{kit.folder}/u.pid: {left[1]}" in " ".join(found["evidence"])
    assert ({"uwsgi.W102"} if unix else {"uwsgi.W101", "uwsgi.W137"}) <= ids(envelope)


def test_daemonize_by_hand_is_not_blamed(kit: Kit) -> None:
    """As the tutorial starts it, once."""
    file = ini(
        kit,
        f"[uwsgi]\nmaster = 1\nmodule = hello\nsocket = {kit.socket}\ndaemonize = {kit.log}\npidfile = {kit.folder}/u.pid\n",
    )
    subprocess.run(
        [UWSGI, "--ini", file], cwd=kit.project, env=clean_environ(), stdout=subprocess.DEVNULL, check=True, timeout=20
    )
    until(lambda: kit.log.exists() and "spawned uWSGI worker 1" in kit.log.read_text(), 20)
    try:
        assert not {"uwsgi.W136", "uwsgi.W137"} & ids(kit.portico("doctor", "--uwsgi", file))
    finally:
        end(int((kit.folder / "u.pid").read_text()))


@pytest.mark.parametrize("stranger", [False, True])
def test_uwsgi_stale_pidfile(kit: Kit, names: Names, stranger: bool) -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    kit.processes.append(other)
    if not stranger:
        other.kill()
        other.wait()
    pid_file = kit.write("u.pid", f"{other.pid}\n")
    file = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}\npidfile = {pid_file}\n")
    found = names(kit.portico("doctor", "--uwsgi", file), "uwsgi-stale-pidfile", "uwsgi.W137", certain=True)
    assert ("sleep 60" in found["cause"]) is stranger
    fixed = kit.portico("doctor", "--uwsgi", file, "--fix", "--yes")
    assert [one["outcome"] for one in fixed["result"]["fixes"]] == ["fixed"]
    assert not pid_file.exists()
    assert (other.poll() is None) is stranger


@pytest.mark.parametrize("content", ["99999999\n", None], ids=["dead", "absent"])
def test_uwsgi_stale_pidfile_as_uwsgi_tells_it(kit: Kit, names: Names, content: str | None) -> None:
    if content:
        kit.write("u.pid", content)
    kit.uwsgi("--stop", f"{kit.folder}/u.pid")
    names(by_log(kit), "uwsgi-stale-pidfile", "uwsgi.W137")


@pytest.mark.parametrize("front", ["uwsgi", "nginx"])
def test_max_requests_without_master(kit: Kit, names: Names, front: str) -> None:
    end = ("--max-requests=3", "--min-worker-lifetime=0", "--module=hello")
    if front == "nginx":
        uwsgi = kit.uwsgi(*end, "--socket", kit.socket, "--chmod-socket=666")
        kit.nginx(f"location / {{ {kit.app} }}")
    else:
        uwsgi = kit.uwsgi(*end, "--http-socket", f"127.0.0.1:{kit.port}")
    until(lambda: kit.get() is not None and uwsgi.poll() is not None)
    envelope = kit.doctor() if front == "nginx" else kit.portico("doctor", kit.url + "/", "--log", str(kit.log))
    names(envelope, "max-requests-without-master", "uwsgi.E138", certain=True)


def test_max_requests_without_master_that_still_runs(kit: Kit, names: Names) -> None:
    kit.uwsgi("--max-requests=1000", "--module=hello", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    names(kit.doctor(), "max-requests-without-master", "uwsgi.W139", certain=True)


def test_a_worker_that_the_master_replaces_is_not_blamed(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--max-requests=2", "--min-worker-lifetime=0")
    kit.nginx(f"location / {{ {kit.app} }}")
    until(lambda: kit.get() is not None and "Respawned" in kit.log.read_text())
    assert not {"uwsgi.E138", "uwsgi.W139"} & ids(kit.doctor())
