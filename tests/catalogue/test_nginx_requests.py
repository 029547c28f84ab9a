"""Which server answers, and what nginx makes of an answer."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.conftest import SYSTEM_NGINX
from catalogue.kit import ROOT, Kit, uwsgi_params
from portico.actions.doctor import visits
from portico.system.sockets import free_port
from support.stack import until

Names = Callable[..., dict[str, Any]]
SERVE = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")
HELLO = ("--master", "--module", "hello", "--chmod-socket=666", "--socket")
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
def test_a_healthy_site_is_not_blamed(deployment: Kit) -> None:
    deployment.uwsgi(*SERVE, deployment.socket)
    deployment.nginx(deployment.site, "gzip on; gzip_types text/css application/json; gzip_proxied any;")
    for path in ("/", "/items/", "/nowhere/", "/static/admin/css/base.css"):
        assert [name for name in ids(deployment.doctor(path)) if name.startswith("nginx.")] == []


def test_nginx_default_site_answers(kit: Kit, names: Names) -> None:
    kit.uwsgi(*HELLO, kit.socket)
    kit.nginx(
        f"server_name shop.example; location / {{ {kit.app} }}",
        f"server {{ listen 127.0.0.1:{kit.port}; server_name _; return 200 Welcome; }}",
    )
    assert kit.get().body == b"Welcome"
    found = names(kit.doctor(), "nginx-default-site-answers", "nginx.E130", certain=True)
    assert "shop.example" in found["cause"]
    assert found["evidence"][0].startswith("GET ")


def test_the_page_of_a_fresh_nginx(kit: Kit, names: Names) -> None:
    """The site was written and is not included."""
    pages = kit.folder / "html"
    pages.mkdir()
    (pages / "index.html").write_text("<h1>Welcome to nginx!</h1>")
    kit.write("sites-available/shop", f"server {{ listen 80; server_name shop.example; location / {{ {kit.app} }} }}\n")
    kit.nginx(f"server_name _; root {pages}; index index.html;")
    found = names(kit.doctor(), "nginx-default-site-answers", "nginx.E130")
    assert "sites-available/shop is not included" in " ".join(found["evidence"])


def test_the_site_by_its_name_and_a_catch_all_beside_it_are_well(kit: Kit) -> None:
    kit.uwsgi(*HELLO, kit.socket)
    kit.nginx(
        f"server_name shop.invalid; location / {{ {kit.app} }}",
        f"server {{ listen 127.0.0.1:{kit.port} default_server; return 444; }}",
    )
    envelope = kit.portico("doctor", f"http://shop.invalid:{kit.port}/", "--nginx", str(kit.folder / "nginx.conf"))
    assert "nginx.E130" not in ids(envelope)
    assert envelope["code"] == 0


def test_a_catch_all_that_redirects_to_the_name_is_well(kit: Kit) -> None:
    kit.uwsgi(*HELLO, kit.socket)
    kit.nginx(
        f"server_name shop.invalid; location / {{ {kit.app} }}",
        f"server {{ listen 127.0.0.1:{kit.port} default_server; return 301 http://shop.invalid$request_uri; }}",
    )
    assert "nginx.E130" not in ids(kit.doctor())


def test_nginx_conflicting_server_name(kit: Kit, names: Names) -> None:
    kit.nginx(
        "server_name a.example; return 200 one;",
        f"server {{ listen 127.0.0.1:{kit.port}; server_name a.example; return 200 two; }}",
    )
    found = names(kit.doctor(), "nginx-conflicting-server-name", "nginx.W131", certain=True)
    assert sum("server_name a.example" in row for row in found["evidence"]) == 2


@BOTH
def test_nginx_no_live_upstreams(deployment: Kit, names: Names) -> None:
    servers = f"upstream b {{ server 127.0.0.1:{deployment.spare}; server 127.0.0.1:{free_port()}; }}"
    deployment.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass b; }}", servers)
    assert [deployment.get().status for _ in range(2)] == [502, 502]
    found = names(deployment.doctor(), "nginx-no-live-upstreams", "nginx.E132", certain=True)
    assert f"127.0.0.1:{deployment.spare}" in found["cause"]


def test_one_dead_server_of_two_is_told_as_that(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", f"127.0.0.1:{kit.spare}")
    servers = f"upstream b {{ server 127.0.0.1:{free_port()}; server 127.0.0.1:{kit.spare}; }}"
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass b; }}", servers)
    assert {kit.get().status for _ in range(3)} == {200}
    assert "nginx.E132" not in ids(kit.doctor())


@pytest.mark.parametrize("protocol", ["uwsgi", "http"])
def test_uwsgi_read_timeout_504(kit: Kit, names: Names, protocol: str) -> None:
    if protocol == "uwsgi":
        kit.uwsgi(*SERVE, f"127.0.0.1:{kit.spare}")
        passed = f"include {uwsgi_params()}; uwsgi_pass 127.0.0.1:{kit.spare}; uwsgi_read_timeout 1s;"
    else:
        kit.uwsgi("--master", "--module", "mysite.wsgi", "--http-socket", f"127.0.0.1:{kit.spare}")
        passed = f"proxy_pass http://127.0.0.1:{kit.spare}; proxy_read_timeout 1s;"
    kit.nginx(f"location / {{ {passed} }}")
    envelope = kit.doctor("/slow/?s=3")
    names(envelope, "uwsgi-read-timeout-504", "nginx-uwsgi.E131")
    assert not {"nginx.W104", "nginx.I104"} & set(ids(envelope))


def drip(kit: Kit, count: int) -> None:
    """An application that sends a line every tenth of a second, behind nginx; nobody waits for another's request."""
    kit.write(
        "project/events.py",
        "import time\n\ndef application(e, s):\n    s('200 OK', [('Content-Type', 'text/event-stream')])\n"
        f"    for number in range({count}):\n        yield b'data: 1\\n\\n'\n        time.sleep(0.1)\n",
    )
    kit.uwsgi("--master", "--processes=3", "--module", "events", "--chmod-socket=666", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")


def test_nginx_buffers_stream(kit: Kit, names: Names) -> None:
    drip(kit, 25)
    found = names(kit.doctor(), "nginx-buffers-stream", "nginx.W140", certain=True)
    assert "uwsgi_buffering off;" in found["fix"][0]


def test_a_stream_that_is_passed_on_is_well(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} uwsgi_buffering off; }}")
    assert not {"nginx.W140", "nginx.E140"} & set(ids(kit.doctor("/stream/?n=3")))


def test_a_slow_page_is_no_stream(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert not {"nginx.W140", "nginx.E140"} & set(ids(kit.doctor("/slow/?s=0.7")))


def test_events_that_never_end(kit: Kit, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "PATIENCE_S", 2)
    drip(kit, 100)
    names(kit.doctor("/"), "nginx-buffers-stream", "nginx.E140", certain=True)


ACCEL = "def application(e, s):\n    s('200 OK', [('X-Accel-Redirect', '/protected' + e['PATH_INFO'])])\n    return [b'']\n"


@BOTH
def test_x_accel_redirect_no_internal_location(deployment: Kit, names: Names) -> None:
    deployment.write("project/xa.py", ACCEL)
    deployment.uwsgi("--master", "--module", "xa", "--chmod-socket=666", "--socket", deployment.socket)
    deployment.nginx(f"location / {{ {deployment.app} }}")
    assert deployment.get("/f.pdf").status == 500
    found = names(deployment.doctor("/f.pdf"), "x-accel-redirect-no-internal-location", "nginx.E141", certain=True)
    assert "location /protected/ { internal;" in found["fix"][0]


def test_x_accel_redirect_to_a_place_of_the_application(kit: Kit, names: Names) -> None:
    """The application's own 404 for a path that nobody asked for."""
    kit.write(
        "project/xb.py",
        "def application(e, s):\n    if e['PATH_INFO'].startswith('/protected'):\n"
        "        s('404 Not Found', [('Content-Type', 'text/plain')])\n        return [b'nothing here']\n"
        "    s('200 OK', [('X-Accel-Redirect', '/protected/f.pdf')])\n    return [b'']\n",
    )
    kit.uwsgi("--master", "--module", "xb", "--chmod-socket=666", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get("/f.pdf").status == 404
    names(kit.doctor("/f.pdf"), "x-accel-redirect-no-internal-location", "nginx.E141", certain=True)


def test_x_accel_redirect_to_a_missing_file(kit: Kit, names: Names) -> None:
    kit.write("project/xa.py", ACCEL)
    kit.uwsgi("--master", "--module", "xa", "--chmod-socket=666", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} }} location /protected/ {{ internal; alias {kit.folder}/nowhere/; }}")
    assert kit.get("/f.pdf").status == 404
    found = names(kit.doctor("/f.pdf"), "x-accel-file-missing", "nginx.E146", certain=True)
    assert f"{kit.folder}/nowhere/f.pdf" in found["cause"]


@pytest.mark.parametrize("internal", ["", "internal;"], ids=["open", "internal"])
def test_x_accel_redirect_to_a_location_that_is_open(kit: Kit, names: Names, internal: str) -> None:
    kit.write("project/xa.py", ACCEL)
    kit.write("files/f.pdf", "secret").parent.chmod(0o755)
    kit.uwsgi("--master", "--module", "xa", "--chmod-socket=666", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} }} location /protected/ {{ {internal} alias {kit.folder}/files/; }}")
    assert kit.get("/f.pdf").body == b"secret"
    assert ("nginx.W141" in ids(kit.doctor("/f.pdf"))) == (not internal)


def test_gzip_etag_oddities(kit: Kit, names: Names) -> None:
    kit.nginx("gzip on; gzip_types text/html application/json; return 200 ok;")
    found = names(kit.doctor(), "gzip-etag-oddities", "nginx.W142", certain=True)
    assert "nginx.conf:" in found["cause"]


def test_json_that_is_not_compressed(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"gzip on; location / {{ {kit.app} }}")
    found = next(one for one in kit.doctor(f"/env/?q={'a' * 300}")["findings"] if one["id"] == "nginx.I142")
    assert "application/json" in found["cause"]


def test_nothing_compressed_for_a_proxy(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"gzip on; gzip_types application/json; location / {{ {kit.app} }}")
    found = next(one for one in kit.doctor("/env/")["findings"] if one["id"] == "nginx.I142")
    assert "gzip_proxied" in found["cause"]


@pytest.mark.parametrize("new", [False, True], ids=["moved", "made-anew"])
def test_log_rotated_without_reopen(kit: Kit, names: Names, new: bool) -> None:
    kit.nginx("return 200 x;")
    log = kit.folder / "access.log"
    log.rename(kit.folder / "access.log.1")
    if new:
        log.touch()
    kit.get("/after")
    until(lambda: "/after" in (kit.folder / "access.log.1").read_text(), what="nginx logs a request once it has answered")
    names(kit.doctor(), "log-rotated-without-reopen", "nginx.W143", certain=True)
    assert log.exists() is new
    fixed = kit.doctor("/", "--fix", "--yes")
    assert [(one["id"], one["outcome"]) for one in fixed["result"]["fixes"]] == [("nginx.W143", "fixed")]
    kit.get("/later")
    until(lambda: "/later" in log.read_text())


def test_a_log_that_nginx_opens_anew_after_a_while_is_well(kit: Kit) -> None:
    nginx = kit.nginx("return 200 x;")
    log = kit.folder / "access.log"
    log.rename(kit.folder / "access.log.1")
    nginx.send_signal(signal.SIGSTOP)
    slow = threading.Timer(4, nginx.send_signal, (signal.SIGCONT,))
    slow.start()
    fixed = kit.doctor("/", "--fix", "--yes")
    slow.join()
    assert [(one["id"], one["outcome"]) for one in fixed["result"]["fixes"]] == [("nginx.W143", "fixed")]


def test_a_log_that_was_reopened_is_well(kit: Kit) -> None:
    nginx = kit.nginx("return 200 x;")
    log = kit.folder / "access.log"
    log.rename(kit.folder / "access.log.1")
    nginx.send_signal(signal.SIGUSR1)
    until(log.exists)
    assert kit.doctor()["findings"] == []


@as_root
@BOTH
def test_a_socket_in_a_private_tmp(deployment: Kit, names: Names) -> None:
    """errno 2 on a file everybody can see: nginx has another /tmp of its own."""
    deployment.uwsgi(*HELLO, deployment.socket)
    deployment.nginx(f"location / {{ {deployment.app} }}")
    for process in deployment.processes[1:]:
        process.terminate()
        process.wait(10)
    # The folder is there in the other name space too, with all but the socket.
    script = 'mount --bind "$1" "$2"; shift 2; exec "$@"'
    hidden = deployment.folder / "hidden"
    hidden.mkdir()
    (hidden / "nginx.conf").write_bytes((deployment.folder / "nginx.conf").read_bytes())
    command = [deployment.nginx_binary, "-p", str(deployment.folder), "-c", str(deployment.folder / "nginx.conf")]
    deployment.processes.append(
        subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script, "sh", str(hidden), str(deployment.folder), *command],
            start_new_session=True,
        )
    )
    until(lambda: deployment.get().status == 502, 10)
    (deployment.folder / "error.log").unlink()
    (deployment.folder / "error.log").symlink_to(hidden / "error.log")
    found = names(deployment.doctor(), "private-tmp", "nginx-uwsgi.E108")
    assert "another mount namespace" in found["cause"]
