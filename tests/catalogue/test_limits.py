"""nginx and uWSGI disagree about how large, how long or how many."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.kit import LOGGING, Kit, uwsgi_params
from support.stack import until

Names = Callable[..., dict[str, Any]]
SERVE = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")


def test_buffer_size_too_small(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get(f"/?q={'a' * 1200}").status == 200
    assert kit.get(f"/?q={'a' * 1900}").status == 502
    found = names(kit.doctor("/"), "buffer-size-too-small", "nginx-uwsgi.E120")
    assert "buffer-size = 32768" in found["fix"][0]
    names(kit.doctor(f"/?q={'a' * 1900}"), "buffer-size-too-small", "nginx-uwsgi.E120")


def test_upstream_sent_too_big_header(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    names(kit.doctor("/bighdr/?n=5000"), "upstream-sent-too-big-header", "nginx-uwsgi.E121")


def test_slow_upload_unbuffered(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--socket-timeout=1", environ={"SETTINGS_EXTRA": LOGGING})
    kit.nginx(f"location / {{ {kit.app} uwsgi_request_buffering off; }}")
    with socket.create_connection(("127.0.0.1", kit.port)) as client:
        head = b"POST /read/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\nConnection: close\r\n\r\n"
        client.sendall(head + b"a" * 100)
        assert b" 500 " in client.recv(200)
    names(kit.doctor(), "slow-upload-unbuffered", "nginx-uwsgi.E122")


def test_uwsgi_limit_post_502(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--limit-post=1000000")
    kit.nginx(f"client_max_body_size 50m; location / {{ {kit.app} }}")
    assert kit.get("/read/", data=b"x" * 2_000_000).status in (502, 0)
    names(kit.doctor(), "uwsgi-limit-post-502", "nginx-uwsgi.E128")


@pytest.mark.parametrize("musl", [True, False], ids=["musl", "glibc"])
def test_uwsgi_read_timeout_504(musl: bool, request: pytest.FixtureRequest, names: Names) -> None:
    kit: Kit = request.getfixturevalue("kit" if musl else "system_kit")
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} uwsgi_read_timeout 1s; }}")
    names(kit.doctor("/slow/?s=2"), "uwsgi-read-timeout-504", "nginx-uwsgi.E131")


def while_the_queue_is_full(kit: Kit, address: str, target: str, is_full: Callable[[], bool]) -> dict[str, Any]:
    """What the doctor says when one worker is busy, and more wait for it than its queue takes."""
    kit.uwsgi(*SERVE, address, "--listen=2", "--processes=1")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass {target}; }}")
    clients = [threading.Thread(target=kit.get, args=("/slow/?s=2",), kwargs={"limit": 9}) for _ in range(8)]
    for client in clients:
        client.start()
    until(is_full, 15)
    envelope = kit.doctor("/")
    for client in clients:
        client.join()
    return envelope


def test_listen_queue_full_unix(kit: Kit, names: Names) -> None:
    log = kit.folder / "error.log"
    envelope = while_the_queue_is_full(kit, kit.socket, f"unix:{kit.socket}", lambda: "(11: " in log.read_text())
    names(envelope, "listen-queue-full-unix", "nginx-uwsgi.E126")


def test_listen_queue_full_tcp(kit: Kit, names: Names) -> None:
    address = f"127.0.0.1:{kit.spare}"
    envelope = while_the_queue_is_full(kit, address, address, lambda: "listen queue of socket" in kit.log.read_text())
    names(envelope, "listen-queue-full-tcp", "nginx-uwsgi.E125")
