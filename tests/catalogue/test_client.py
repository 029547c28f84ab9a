"""Between the visitor and nginx."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogue.conftest import SYSTEM_NGINX
from catalogue.kit import LOGGING, Kit
from support.stack import until

Names = Callable[..., dict[str, Any]]
SERVE = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")
with_system = pytest.mark.skipif(SYSTEM_NGINX is None, reason="no nginx is installed on this system")
BOTH = pytest.mark.parametrize("front", ["kit", pytest.param("system_kit", marks=with_system)])
UPGRADE = ("-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13")
KEY = ("-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


@pytest.fixture
def deployment(request: pytest.FixtureRequest, front: str) -> Kit:
    """The same on the wheel's nginx (musl) and the system's (glibc)."""
    kit: Kit = request.getfixturevalue(front)
    return kit


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def ids(envelope: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in envelope["findings"]]


def make_certificate(folder: Path, name: str, days: str = "2") -> str:
    """The two lines that use a new certificate for that name; it has expired with `days` below zero."""
    (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
    for command in (
        f"openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN={name}",
        f"openssl x509 -req -in request.pem -signkey key.pem -extfile names -days {days} -out cert.pem",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_client_ipv6_no_listener(kit: Kit, names: Names) -> None:
    kit.nginx("return 200 ok;")
    conf = str(kit.folder / "nginx.conf")
    found = names(
        kit.portico("doctor", f"http://[::1]:{kit.port}/", "--nginx", conf), "client-ipv6-no-listener", "nginx.E101"
    )
    assert f"listen [::]:{kit.port};" in found["fix"][0]
    assert kit.doctor()["findings"] == []


@BOTH
def test_plain_http_to_tls_port(deployment: Kit, names: Names) -> None:
    lines = make_certificate(deployment.folder, "shop.example")
    deployment.nginx(f"listen 127.0.0.1:{deployment.spare} ssl; {lines} return 200 ok;")
    conf = str(deployment.folder / "nginx.conf")
    envelope = deployment.portico("doctor", f"http://127.0.0.1:{deployment.spare}/", "--nginx", conf)
    names(envelope, "plain-http-to-tls-port", "nginx.E102", certain=True)


@BOTH
def test_a_health_check_that_speaks_http_to_the_tls_port(deployment: Kit, names: Names) -> None:
    lines = make_certificate(deployment.folder, "shop.example")
    deployment.nginx(f"listen 127.0.0.1:{deployment.spare} ssl; {lines} return 200 ok;")
    assert deployment.get(url=f"http://127.0.0.1:{deployment.spare}").status == 400
    names(deployment.doctor(), "plain-http-to-tls-port", "nginx.E102", certain=False)


def test_https_to_a_port_without_tls(kit: Kit, names: Names) -> None:
    kit.nginx("return 200 ok;")
    envelope = kit.portico("doctor", f"https://127.0.0.1:{kit.port}/", "--nginx", str(kit.folder / "nginx.conf"))
    names(envelope, "https-to-plain-port", "nginx.E103", certain=True)


#: It shows that it has begun, and ends when it is told to.
SLOW = """
def slow(request):
    open("begun", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.02)
    return HttpResponse("slow")
"""


def has_left(kit: Kit) -> bool:
    return " 499 " in (kit.folder / "access.log").read_text()


@BOTH
def test_client_abort_499(deployment: Kit, names: Names) -> None:
    views = deployment.project / "shop" / "views.py"
    views.write_text(views.read_text() + SLOW)
    deployment.uwsgi(*SERVE, deployment.socket)
    deployment.nginx(f"location / {{ {deployment.app} }}")
    with socket.create_connection(("127.0.0.1", deployment.port)) as client:
        client.sendall(b"GET /slow/ HTTP/1.1\r\nHost: x\r\n\r\n")
        until((deployment.project / "begun").exists, 60)
    until(lambda: has_left(deployment), 60)
    (deployment.project / "go").touch()
    until(lambda: "SIGPIPE" in deployment.log.read_text(), 60)
    envelope = deployment.doctor("/")
    assert "/slow/" in names(envelope, "client-abort-499", "nginx.W104")["cause"]
    assert "nginx-uwsgi.E131" not in ids(envelope)


def test_a_visitor_who_left_is_no_fault(kit: Kit) -> None:
    kit.nginx(f"location /silent {{ proxy_pass http://127.0.0.1:{kit.spare}; }} location / {{ return 200 ok; }}")
    with socket.create_server(("127.0.0.1", kit.spare)) as silent:
        with socket.create_connection(("127.0.0.1", kit.port)) as client:
            client.sendall(b"GET /silent HTTP/1.1\r\nHost: x\r\n\r\n")
            silent.settimeout(60)
            passed_on, _ = silent.accept()
        with passed_on:
            until(lambda: has_left(kit), 60)
    assert ids(kit.doctor())[-1:] == ["nginx.I104"]


def test_underscore_header_dropped(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}", level="info")
    seen = kit.get("/env/", "-H", "api_key: top-secret-value", "-H", "Api-Token: 2").body
    assert b"HTTP_API_TOKEN" in seen
    assert b"HTTP_API_KEY" not in seen
    envelope = kit.doctor("/env/")
    found = names(envelope, "underscore-header-dropped", "nginx.W105", certain=True)
    assert "Api-Key" in found["fix"][0]
    assert "top-secret-value" not in json.dumps(envelope)


WEBSOCKET_APP = (
    "import uwsgi\ndef application(e, s):\n    uwsgi.websocket_handshake(e['HTTP_SEC_WEBSOCKET_KEY'], '')\n    return []\n"
)


def test_websocket_to_wsgi(kit: Kit, names: Names) -> None:
    kit.write("ws.py", WEBSOCKET_APP)
    kit.uwsgi("--master", "--module", "ws", "--socket", kit.socket, "--chmod-socket=666", cwd=kit.folder)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get("/", *UPGRADE, *KEY).status == 502
    names(kit.doctor("/"), "websocket-to-wsgi", "nginx.E106", certain=True)


def test_websocket_to_django(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    envelope = kit.portico("doctor", f"ws://127.0.0.1:{kit.port}/ws/chat/", "--nginx", str(kit.folder / "nginx.conf"))
    found = names(envelope, "websocket-to-wsgi", "nginx.E106", certain=True)
    assert "location /ws/" in found["fix"][1]


def test_websocket_through_a_proxy_without_upgrade(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--http-socket", f"127.0.0.1:{kit.spare}")
    kit.nginx(f"location / {{ proxy_pass http://127.0.0.1:{kit.spare}; }}")
    envelope = kit.portico("doctor", f"ws://127.0.0.1:{kit.port}/ws/", "--nginx", str(kit.folder / "nginx.conf"))
    assert "Upgrade" in names(envelope, "websocket-upgrade-missing", "nginx.E106")["cause"]


def at(kit: Kit, name: str, path: str) -> dict[str, Any]:
    """The doctor, asked by a name that no resolver knows."""
    url = f"http://{name}:{kit.port}{path}"
    return kit.portico("doctor", url, "--nginx", str(kit.folder / "nginx.conf"), "--log", str(kit.log))


def test_secure_cookie_over_http_login_loop(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": f"CSRF_COOKIE_SECURE=True; {LOGGING}"})
    kit.nginx(f"location / {{ {kit.app} }}")
    name = f"shop.invalid:{kit.port}"
    options = ("--resolve", f"{name}:127.0.0.1", "-c", str(kit.folder / "jar"), "-b", str(kit.folder / "jar"))
    page = kit.get("/form/", *options, url=f"http://{name}")
    token = re.search(rb'value="([^"]+)', page.body)
    assert token
    assert kit.get("/form/", *options, "-d", f"csrfmiddlewaretoken={token[1].decode()}", url=f"http://{name}").status == 403
    envelope = at(kit, "shop.invalid", "/form/")
    found = names(envelope, "secure-cookie-over-http-login-loop", "nginx.E107", certain=True)
    assert "csrftoken" in found["cause"]
    assert token[1].decode() not in json.dumps(envelope)
    names(kit.doctor("/"), "secure-cookie-over-http-login-loop", "nginx.E107")


def test_secure_session_cookie_over_http(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "SESSION_COOKIE_SECURE=True; CSRF_COOKIE_SECURE=True"})
    kit.nginx(f"location / {{ {kit.app} }}")
    names(at(kit, "shop.invalid", "/admin/login/"), "secure-cookie-over-http-login-loop", "nginx.E107", certain=True)
    assert "nginx.E107" not in ids(kit.doctor("/admin/login/"))


def test_ordinary_cookies_over_http_are_well(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    envelope = at(kit, "shop.invalid", "/admin/login/")
    names(envelope, "name-not-resolved", "nginx.W148")
    assert "nginx.E107" not in ids(envelope)


def test_an_expired_certificate(kit: Kit, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = make_certificate(kit.folder, "localhost", "-1")
    kit.nginx(f"listen 127.0.0.1:{kit.spare} ssl; {lines} return 200 ok;")
    monkeypatch.setenv("SSL_CERT_FILE", str(kit.folder / "cert.pem"))
    envelope = kit.portico("doctor", f"https://localhost:{kit.spare}/", "--nginx", str(kit.folder / "nginx.conf"))
    names(envelope, "certificate-expired", "nginx.E150", certain=True)


def test_a_certificate_of_another_name(kit: Kit, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = make_certificate(kit.folder, "other.example")
    kit.nginx(f"listen 127.0.0.1:{kit.spare} ssl; {lines} return 200 ok;")
    monkeypatch.setenv("SSL_CERT_FILE", str(kit.folder / "cert.pem"))
    conf = str(kit.folder / "nginx.conf")
    envelope = kit.portico("doctor", f"https://shop.invalid:{kit.spare}/", "--nginx", conf)
    names(envelope, "certificate-of-another-name", "nginx.E151", certain=True)
    assert "nginx.E151" not in ids(kit.portico("doctor", f"https://127.0.0.1:{kit.spare}/", "--nginx", conf))


def test_a_certificate_that_signed_itself(kit: Kit, names: Names) -> None:
    lines = make_certificate(kit.folder, "localhost")
    kit.nginx(f"listen 127.0.0.1:{kit.spare} ssl; {lines} return 200 ok;")
    envelope = kit.portico("doctor", f"https://localhost:{kit.spare}/", "--nginx", str(kit.folder / "nginx.conf"))
    names(envelope, "certificate-not-trusted", "nginx.W152")
