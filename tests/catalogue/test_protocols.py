"""nginx and uWSGI meet, but one of them speaks another protocol, or nginx leaves out what must be said."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.kit import Kit, uwsgi_params
from support.stack import clean_environ, until
from support.traffic import Traffic

Names = Callable[..., dict[str, Any]]


def test_uwsgi_pass_to_http_socket(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--http-socket", f"127.0.0.1:{kit.spare}", "--socket-timeout=1")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass 127.0.0.1:{kit.spare}; }}")
    names(kit.doctor(), "uwsgi-pass-to-http-socket", "nginx-uwsgi.E110")


def test_uwsgi_pass_to_http_router(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--http", f"127.0.0.1:{kit.spare}")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass 127.0.0.1:{kit.spare}; uwsgi_read_timeout 1s; }}")
    names(kit.doctor(), "uwsgi-pass-to-http-router", "nginx-uwsgi.E111")


def test_uwsgi_pass_to_other_http_server(kit: Kit, names: Names) -> None:
    with kit.log.open("wb") as log:
        kit.processes.append(
            subprocess.Popen(
                [sys.executable, "-u", "manage.py", "runserver", "--noreload", f"127.0.0.1:{kit.spare}"],
                cwd=kit.project,
                env=clean_environ(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )
    until(lambda: kit.get(url=f"http://127.0.0.1:{kit.spare}").status == 200)
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass 127.0.0.1:{kit.spare}; uwsgi_read_timeout 1s; }}")
    names(kit.doctor(), "uwsgi-pass-to-other-http-server", "nginx-uwsgi.E112")


@pytest.mark.parametrize("buffer", [4096, 32768], ids=["said", "silent"])
def test_proxy_pass_to_uwsgi_socket(kit: Kit, names: Names, buffer: int) -> None:
    kit.uwsgi(
        "--master",
        "--module",
        "hello",
        "--socket",
        f"127.0.0.1:{kit.spare}",
        f"--buffer-size={buffer}",
        "--socket-timeout=1",
    )
    kit.nginx(f"location / {{ proxy_pass http://127.0.0.1:{kit.spare}; }}")
    assert kit.get().status == 502
    names(kit.doctor(), "proxy-pass-to-uwsgi-socket", "nginx-uwsgi.E113")


def test_tls_to_uwsgi_socket(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", f"127.0.0.1:{kit.spare}")
    assert kit.get(url=f"https://127.0.0.1:{kit.spare}").status == 0
    envelope = kit.portico("doctor", f"https://127.0.0.1:{kit.spare}/", "--log", str(kit.log))
    names(envelope, "tls-to-uwsgi-socket", "nginx-uwsgi.E114")


def test_tls_to_uwsgi_socket_through_nginx(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", f"127.0.0.1:{kit.spare}")
    kit.nginx(f"location / {{ proxy_pass https://127.0.0.1:{kit.spare}; }}")
    assert kit.get().status == 502
    names(kit.doctor(), "tls-to-uwsgi-socket", "nginx-uwsgi.E114")


def test_a_browser_on_uwsgis_socket(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", f"127.0.0.1:{kit.spare}")
    names(kit.portico("doctor", f"http://127.0.0.1:{kit.spare}/"), "proxy-pass-to-uwsgi-socket", "nginx-uwsgi.E115")


def test_missing_uwsgi_params(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ uwsgi_pass unix:{kit.socket}; }}")
    assert kit.get("/items/").status == 502
    names(kit.doctor("/items/"), "missing-uwsgi-params", "nginx-uwsgi.E116")


def test_fastcgi_params_with_uwsgi_pass(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666")
    params = kit.write("fastcgi_params", "fastcgi_param REQUEST_METHOD $request_method;\nfastcgi_param PATH_INFO $uri;\n")
    kit.nginx(f"location / {{ include {params}; uwsgi_pass unix:{kit.socket}; }}")
    assert kit.get().status == 502
    names(kit.doctor(), "fastcgi-params-with-uwsgi-pass", "nginx-uwsgi.E117")


def test_params_of_the_server_lost_in_the_location(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(
        f"include {uwsgi_params()};\nlocation / {{ uwsgi_param HTTP_X_REAL_IP $remote_addr; uwsgi_pass unix:{kit.socket}; }}"
    )
    assert kit.get().status == 502
    names(kit.doctor(), "params-not-inherited", "nginx-uwsgi.E118")


def test_proxy_keepalive_to_http_socket(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--http-socket", f"127.0.0.1:{kit.spare}")
    kit.nginx(
        'location / { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection ""; }',
        f"upstream b {{ server 127.0.0.1:{kit.spare} max_fails=0; keepalive 8; }}",
    )
    error_log = kit.folder / "error.log"

    with contextlib.ExitStack() as clients:
        for _ in range(6):
            clients.enter_context(Traffic(kit.port, pause_s=0))
        until(lambda: any(word in error_log.read_text() for word in ("104:", "prematurely")), 20)
    names(kit.doctor(), "proxy-keepalive-to-http-socket", "nginx-uwsgi.E127")


def test_chunked_body_empty(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--http-socket", f"127.0.0.1:{kit.spare}", "--need-app")
    answer = kit.get("/read/", "-H", "Transfer-Encoding: chunked", url=f"http://127.0.0.1:{kit.spare}", data=b"hello")
    assert b"read 0 bytes" in answer.body
    envelope = kit.portico("doctor", f"http://127.0.0.1:{kit.spare}/")
    names(envelope, "chunked-body-empty", "nginx-uwsgi.W123")
