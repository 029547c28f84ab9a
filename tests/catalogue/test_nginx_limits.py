"""nginx's own limits, and the folders it has to write to."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogue.conftest import SYSTEM_NGINX
from catalogue.kit import ROOT, Kit
from portico.actions.doctor import look_backends
from support.stack import until

Names = Callable[..., dict[str, Any]]
SERVE = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")
with_system = pytest.mark.skipif(SYSTEM_NGINX is None, reason="no nginx is installed on this system")
as_root = pytest.mark.skipif(not ROOT, reason="only root's nginx gives its workers another account")
BOTH = pytest.mark.parametrize("front", ["kit", pytest.param("system_kit", marks=with_system)])


@pytest.fixture
def deployment(request: pytest.FixtureRequest, front: str) -> Kit:
    """The same on the wheel's nginx (musl) and the system's (glibc)."""
    kit: Kit = request.getfixturevalue(front)
    return kit


def ids(envelope: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in envelope["findings"]]


@BOTH
def test_nginx_413_body_too_large(deployment: Kit, names: Names) -> None:
    deployment.uwsgi(*SERVE, deployment.socket)
    deployment.nginx(f"location / {{ {deployment.app} }}")
    assert deployment.get("/read/", data=b"x" * 2_000_000).status == 413
    found = names(deployment.doctor(), "nginx-413-body-too-large", "nginx.E133", certain=True)
    assert "2000000 bytes" in found["cause"]
    assert "client_max_body_size 10m;" in found["fix"][0]


def test_a_limit_that_was_raised_since_is_not_blamed(kit: Kit) -> None:
    kit.nginx("client_max_body_size 1m; location / { proxy_pass http://127.0.0.1:1; } location /ok { return 200; }")
    assert kit.get("/read/", data=b"x" * 2_000_000).status == 413
    conf = kit.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("client_max_body_size 1m", "client_max_body_size 5m"))
    assert "nginx.E133" not in ids(kit.doctor("/ok"))


@BOTH
def test_nginx_400_header_too_large(deployment: Kit, names: Names) -> None:
    """With what the access log has, for the error log has nothing at its usual level."""
    deployment.nginx("return 200 ok;")
    assert deployment.get("/", "-H", f"Cookie: s={'a' * 9000}").status == 400
    names(deployment.doctor(), "nginx-400-414-header-too-large", "nginx.E134", certain=False)


def test_nginx_400_header_too_large_told_in_the_log(kit: Kit, names: Names) -> None:
    kit.nginx("return 200 ok;", level="info")
    assert kit.get("/", "-H", f"Cookie: sessionid=top-secret-value{'a' * 9000}").status == 400
    envelope = kit.doctor()
    found = names(envelope, "nginx-400-414-header-too-large", "nginx.E134", certain=True)
    assert "Cookie" in found["cause"]
    assert "top-secret-value" not in json.dumps(envelope)


@BOTH
def test_nginx_414_uri_too_large(deployment: Kit, names: Names) -> None:
    deployment.nginx("return 200 ok;")
    names(deployment.doctor(f"/?q={'a' * 9000}"), "nginx-400-414-header-too-large", "nginx.E134", certain=True)
    names(deployment.doctor("/"), "nginx-400-414-header-too-large", "nginx.E134", certain=True)


def test_a_cookie_that_only_uwsgi_refuses_is_not_nginxs(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get("/", "-H", f"Cookie: s={'a' * 5000}").status == 502
    assert not {"nginx.E134", "nginx.E133"} & set(ids(kit.doctor()))


def test_a_body_that_only_uwsgi_refuses_is_not_nginxs(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--limit-post=1000")
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get("/read/", data=b"x" * 20_000).status in (502, 0)
    assert not {"nginx.E133", "nginx.E135"} & set(ids(kit.doctor()))


@as_root
@BOTH
def test_nginx_client_body_temp_unwritable(deployment: Kit, names: Names) -> None:
    deployment.uwsgi(*SERVE, deployment.socket)
    deployment.nginx(f"location / {{ {deployment.app} }}")
    folder = deployment.folder / "t-client_body"
    shutil.chown(folder, "root")
    folder.chmod(0o700)
    assert deployment.get("/read/", data=b"a=1").status == 200
    assert deployment.get("/read/", data=b"x" * 900_000).status == 500
    found = names(deployment.doctor(), "nginx-client-body-temp-unwritable", "nginx.E135", certain=True)
    assert any("(13: " in row for row in found["evidence"])
    assert folder.stat().st_uid == 0, "looking must not mend"
    fixed = deployment.doctor("/", "--fix", "--yes")
    assert [(one["id"], one["outcome"]) for one in fixed["result"]["fixes"]][:1] == [("nginx.E135", "fixed")]
    assert deployment.get("/read/", data=b"x" * 900_000).body == b"read 900000 bytes\n"


@as_root
def test_a_temporary_folder_below_a_closed_one(kit: Kit, names: Names) -> None:
    home = kit.folder / "home"
    home.mkdir(mode=0o700)
    kit.nginx("return 200 ok;", http="")
    conf = kit.folder / "nginx.conf"
    kit.processes[0].terminate()
    kit.processes[0].wait(10)
    conf.write_text(conf.read_text().replace(f"{kit.folder}/t-client_body", f"{home}/body"))
    kit.start_nginx(conf)
    found = names(kit.doctor(), "nginx-client-body-temp-unwritable", "nginx.E135", certain=True)
    assert str(home) in found["cause"]
    assert kit.doctor("/", "--fix", "--yes")["result"]["fixes"] == []
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def slow_download(kit: Kit, path: str) -> bytes:
    """A client that reads slowly at first, so that nginx has to keep what the application sends."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", kit.port))
        client.settimeout(30)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        until(lambda: "[crit]" in (kit.folder / "error.log").read_text(), 10, "nginx has given up")
        parts = []
        while part := client.recv(1 << 16):
            parts.append(part)
        return b"".join(parts)


@as_root
@BOTH
def test_answers_that_are_cut_off(deployment: Kit, names: Names) -> None:
    """200 with half a body; uWSGI's log accuses the client."""
    deployment.uwsgi(*SERVE, deployment.socket)
    deployment.nginx(f"location / {{ {deployment.app} }}")
    folder = deployment.folder / "t-uwsgi"
    shutil.chown(folder, "root")
    folder.chmod(0o700)
    (deployment.folder / "error.log").touch()
    received = slow_download(deployment, "/big/?n=20000000")
    assert received.startswith(b"HTTP/1.1 200")
    assert len(received) < 20_000_000
    found = names(deployment.doctor("/"), "answers-cut-off", "nginx.E136", certain=True)
    assert str(folder) in found["cause"]
    fixed = deployment.doctor("/", "--fix", "--yes")
    assert [(one["id"], one["outcome"]) for one in fixed["result"]["fixes"]][:1] == [("nginx.E136", "fixed")]


@as_root
def test_a_folder_for_answers_that_is_not_used_is_not_blamed(kit: Kit) -> None:
    kit.nginx("return 200 ok;")
    shutil.chown(kit.folder / "t-uwsgi", "root")
    assert kit.doctor()["findings"] == []


#: So long that all clients are there at once, however slowly they are started.
HELD = "/slow/?s=3"


def at_once(kit: Kit, path: str, count: int) -> list[int]:
    statuses: list[int] = []
    clients = [threading.Thread(target=lambda: statuses.append(kit.get(path).status)) for _ in range(count)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(30)
    return statuses


@BOTH
def test_nginx_worker_connections_exhausted(deployment: Kit, names: Names) -> None:
    deployment.uwsgi(*SERVE, deployment.socket, "--threads=20")
    deployment.nginx(f"location / {{ {deployment.app} }}", connections=8, main="worker_processes 1;")
    assert 0 in at_once(deployment, HELD, 12)
    found = names(deployment.doctor(), "nginx-worker-connections-exhausted", "nginx.E137", certain=True)
    assert "nginx.conf:" in found["evidence"][0]


@BOTH
def test_nginx_too_many_open_files(deployment: Kit, names: Names) -> None:
    deployment.uwsgi(*SERVE, deployment.socket, "--threads=40")
    deployment.nginx(f"location / {{ {deployment.app} }}", main="worker_processes 1; worker_rlimit_nofile 20;")
    assert {500, 0} & set(at_once(deployment, HELD, 24))
    found = names(deployment.doctor(), "nginx-too-many-open-files", "nginx.E138", certain=True)
    assert "20 files" in found["cause"]


def test_limits_of_workers_that_are_gone_are_not_blamed(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--threads=20")
    nginx = kit.nginx(f"location / {{ {kit.app} }}", connections=8, main="worker_processes 1;")
    assert 0 in at_once(kit, HELD, 12)
    conf = kit.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("worker_connections 8", "worker_connections 128"))
    before = workers(nginx.pid)
    nginx.send_signal(signal.SIGHUP)
    until(lambda: len(now := workers(nginx.pid)) == 1 and now != before, what="the new worker is alone")
    assert "nginx.E137" not in ids(kit.doctor())


def test_limits_of_a_worker_that_only_finishes_are_not_blamed(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_backends, "PROBE_S", 0.2)
    held = f"location / {{ return 200 ok; }} location /held {{ proxy_pass http://127.0.0.1:{kit.spare}; }}"
    nginx = kit.nginx(held, connections=8, main="worker_processes 1;")
    with contextlib.ExitStack() as sockets:
        sockets.enter_context(socket.create_server(("127.0.0.1", kit.spare)))
        for _ in range(6):
            client = sockets.enter_context(socket.create_connection(("127.0.0.1", kit.port)))
            client.sendall(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: "are not enough" in (kit.folder / "error.log").read_text())
        conf = kit.folder / "nginx.conf"
        conf.write_text(conf.read_text().replace("worker_connections 8", "worker_connections 128"))
        (old,) = workers(nginx.pid)
        nginx.send_signal(signal.SIGHUP)
        until(lambda: workers(nginx.pid) != [old] and b"shutting down" in Path(f"/proc/{old}/cmdline").read_bytes())
        assert "nginx.E137" not in ids(kit.doctor())
        assert old in workers(nginx.pid), "it waits for the answers"


def workers(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
