"""nginx and uWSGI do not meet at a socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import ROOT, Kit, uwsgi_params
from portico.system.sockets import free_port
from support.stack import until

Names = Callable[..., dict[str, Any]]
#: Runs nginx where another file is /etc/hosts.
UNSHARE = ("unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc/hosts; exec "$2" -p "$3" -c "$4"', "sh")
as_root = pytest.mark.skipif(not ROOT, reason="only root's nginx drops its workers to another account")


def test_socket_path_mismatch(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{kit.folder}/other.sock; }}")
    assert kit.get().status == 502
    found = names(kit.doctor(), "socket-path-mismatch", "nginx-uwsgi.E101")
    assert kit.socket in found["cause"]
    assert "nginx.conf:" in " ".join(found["evidence"])


def test_uwsgi_not_running(kit: Kit, names: Names) -> None:
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 502
    names(kit.doctor(), "uwsgi-not-running", "nginx-uwsgi.E104")


def test_stale_socket_file(kit: Kit, names: Names) -> None:
    uwsgi = kit.uwsgi("--master", "--module", "hello", "--socket", kit.socket, "--chmod-socket=666")
    os.killpg(uwsgi.pid, signal.SIGKILL)
    uwsgi.wait(10)
    assert Path(kit.socket).is_socket()
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 502
    names(kit.doctor(), "stale-socket-file", "nginx-uwsgi.E102")


def test_uwsgi_that_runs_without_its_socket(kit: Kit, names: Names) -> None:
    """One that has not made it yet, beside another that is well; and this one, when its file is removed."""
    flags = ("--master", "--module", "hello", "--chmod-socket=666", "--http-socket")
    kit.uwsgi(*flags, f"127.0.0.1:{kit.spare}", "--socket", kit.socket)
    late = (*flags, f"127.0.0.1:{free_port()}", "--socket", f"{kit.socket}2", "--hook-asap", "exec:sleep 1000")
    kit.uwsgi(*late, log="late.log", ready="running")
    kit.nginx(f"location / {{ {kit.app} }} location /late {{ include {uwsgi_params()}; uwsgi_pass unix:{kit.socket}2; }}")
    found = names(kit.doctor("/late"), "uwsgi-without-its-socket", "nginx-uwsgi.E104", certain=False)
    assert found["title"] == "uWSGI runs, and does not listen there yet"
    Path(kit.socket).unlink()
    found = names(kit.doctor("/"), "uwsgi-without-its-socket", "nginx-uwsgi.E104", certain=True)
    assert found["title"] == "uWSGI runs, and its socket was removed"


def test_upstream_tcp_refused(kit: Kit, names: Names) -> None:
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass 127.0.0.1:{kit.spare}; }}")
    assert kit.get().status == 502
    names(kit.doctor(), "upstream-tcp-refused", "nginx-uwsgi.E103")


def test_another_port(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", f"127.0.0.1:{kit.spare}")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass 127.0.0.1:{free_port()}; }}")
    assert kit.get().status == 502
    names(kit.doctor("/"), "another-port", "nginx-uwsgi.E101")


@as_root
@pytest.mark.parametrize("mode", ["664", "600"])
def test_socket_permission_denied(kit: Kit, names: Names, mode: str) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", kit.socket, f"--chmod-socket={mode}")
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 502
    found = names(kit.doctor(), "socket-permission-denied", "nginx-uwsgi.E105")
    assert "www-data" in found["cause"]
    fixed = kit.doctor("/", "--fix", "--yes")
    assert [one["outcome"] for one in fixed["result"]["fixes"]] == ["fixed"]
    assert fixed["code"] == 0
    assert kit.get().status == 200


@as_root
def test_socket_parent_dir_700(kit: Kit, names: Names) -> None:
    (kit.folder / "home").mkdir(mode=0o700)
    path = f"{kit.folder}/home/a.sock"
    kit.uwsgi("--master", "--module", "hello", "--socket", path, "--chmod-socket=666")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{path}; }}")
    assert kit.get().status == 502
    found = names(kit.doctor(), "socket-parent-dir-700", "nginx-uwsgi.E106")
    assert f"{kit.folder}/home" in found["cause"]


def test_unix_socket_path_too_long_for_uwsgi(kit: Kit, names: Names) -> None:
    deep = kit.folder / ("d" * 90)
    deep.mkdir()
    kit.uwsgi("--master", "--module", "hello", "--socket", f"{deep}/a.sock")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{deep}/a.sock; }}")
    names(kit.doctor(), "unix-socket-path-too-long", "nginx-uwsgi.E129")


def test_unix_socket_path_too_long_for_nginx(kit: Kit, names: Names) -> None:
    deep = kit.folder / ("d" * 100)
    deep.mkdir()
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{deep}/a.sock; }}")
    names(kit.doctor(), "unix-socket-path-too-long", "nginx-uwsgi.E129")


@as_root
def test_ipv6_localhost_upstream(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", f"127.0.0.1:{kit.spare}")
    hosts = kit.write("hosts", "127.0.0.1 localhost\n::1 localhost\n")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass localhost:{kit.spare}; }}")
    for process in kit.processes[1:]:
        process.terminate()
        process.wait(10)
    kit.processes.append(
        subprocess.Popen(
            [*UNSHARE, str(hosts), kit.nginx_binary, str(kit.folder), str(kit.folder / "nginx.conf")],
            start_new_session=True,
        )
    )
    until(lambda: socket.create_connection(("127.0.0.1", kit.port), 1).close() is None, 10)
    assert {kit.get().status for _ in range(4)} == {200}
    if "[::1]" not in (kit.folder / "error.log").read_text():
        pytest.skip("this machine has no IPv6")
    names(kit.doctor(), "ipv6-localhost-upstream", "nginx-uwsgi.E124")


def test_a_healthy_site_is_not_blamed(kit: Kit) -> None:
    kit.uwsgi("--master", "--need-app", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(kit.site)
    assert kit.get().status == 200
    envelope = kit.doctor("")
    assert [one["id"] for one in envelope["findings"] if one["severity"] == "error"] == []
    assert envelope["code"] == 0
    assert [visit["status"] for visit in envelope["result"]["visits"]] == [200, 200]
