"""uWSGI as its own HTTP server and as a server of files, for real."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from real_uwsgi import APP, Instance, ask, can_become_nobody, local_plan, serving, wait_until

from portico.hops.uwsgi.packet import parse_head
from portico.model.plan import Listen, Plan
from portico.model.site import StaticMap
from portico.system.sockets import free_port

STREAM = """
def application(environ, start_response):
    if environ["PATH_INFO"] == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"part%d " % n for n in range(3))
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%s %d" % (environ["REQUEST_METHOD"].encode(), len(body))]
"""


def direct(base: Path, **overrides: Any) -> Plan:
    """A site without a front, with files in `base/files` under /static/ and a neighbour `base/files-private`."""
    for name, content in (
        ("files/a.css", "body {}"),
        ("files/deep/b.js", "let b"),
        ("files/.env", "SECRET"),
        ("files/page", "<script>alert(1)</script>"),
        ("files-private/secret.txt", "SECRET"),
    ):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(content)
    maps = (StaticMap("/static/", str(base / "files"), "static", served_by="uwsgi"),)
    overrides["site"] = {"maps": maps, **overrides.get("site", {})}
    return local_plan(base, **{"front": "none", "listen": Listen("127.0.0.1", free_port()), **overrides})


def listening(plan: Plan) -> bool:
    try:
        socket.create_connection((plan.listen.connect_host, plan.listen.port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def instance(base: Path) -> Iterator[Instance]:
    plan = direct(base)
    with serving(plan) as running:
        wait_until(lambda: listening(plan))
        yield running


def get(plan: Plan, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(plan.listen.connect_host, plan.listen.port, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    if body is not None:
        headers = {"Content-Length": str(len(body)), **headers}
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def test_the_application_answers_over_http(instance: Instance) -> None:
    status, headers, body = get(instance.plan, "/any/path")
    assert (status, body) == (200, b"path=/any/path rid=")
    assert headers["content-type"] == "text/plain; charset=utf-8"


def test_files_have_their_content_type(instance: Instance) -> None:
    for path, kind in (("a.css", "text/css"), ("deep/b.js", "text/javascript")):
        status, headers, _ = get(instance.plan, f"/static/{path}")
        assert (status, headers["content-type"]) == (200, kind)
        assert headers["x-content-type-options"] == "nosniff"
        assert "last-modified" in headers


def test_a_file_of_unknown_type_is_not_guessed(instance: Instance) -> None:
    status, headers, body = get(instance.plan, "/static/page")
    assert (status, body) == (200, b"<script>alert(1)</script>")
    assert "content-type" not in headers and headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/static/%2e%2e/files-private/secret.txt",
        "/static/deep/%2e%2e/%2e%2e/files-private/secret.txt",
        "/static/..%2ffiles-private/secret.txt",
        "/static/../files-private/secret.txt",
        "/static/.%2e/files-private/secret.txt",
        "/static/./%2e%2e/files-private/secret.txt",
        "/static//%2e%2e/files-private/secret.txt",
        "/%2e%2e/static/%2e%2e/files-private/secret.txt",
        "/static/.env",
        "/static/deep/../.env",
        "/static/%2eenv",
    ],
)
def test_nothing_beside_the_folder_and_nothing_hidden_gets_out(instance: Instance, path: str) -> None:
    status, _, body = get(instance.plan, path)
    assert b"SECRET" not in body
    assert status == 404 or body.startswith(b"path=")


def test_what_is_not_in_the_folder_goes_to_the_application(instance: Instance) -> None:
    assert get(instance.plan, "/static/absent.css")[2].startswith(b"path=/static/absent.css")
    assert get(instance.plan, "/static/a.css", "POST", b"")[2].startswith(b"path=/static/a.css")


def test_parts_of_a_file(instance: Instance) -> None:
    status, headers, body = get(instance.plan, "/static/a.css", Range="bytes=0-3")
    assert (status, body, headers["content-range"]) == (206, b"body", "bytes 0-3/7")


def test_a_file_that_did_not_change_is_not_sent_again(instance: Instance) -> None:
    modified = get(instance.plan, "/static/a.css")[1]["last-modified"]
    assert get(instance.plan, "/static/a.css", If_Modified_Since=modified)[0] == 304


def test_connections_stay_open_and_unknown_lengths_are_chunked(base: Path) -> None:
    plan = direct(base)
    (base / "app.py").write_text(STREAM)
    with serving(plan):
        wait_until(lambda: listening(plan))
        connection = http.client.HTTPConnection("127.0.0.1", plan.listen.port, timeout=30)
        for _ in range(2):
            connection.request("GET", "/stream")
            answer = connection.getresponse()
            assert answer.getheader("Transfer-Encoding") == "chunked"
            assert answer.read() == b"part0 part1 part2 "
        connection.request("POST", "/upload", body=b"x" * 200_000)
        assert connection.getresponse().read() == b"POST 200000"
        connection.close()


def test_a_folder_behind_a_symbolic_link(base: Path) -> None:
    plan = direct(base)
    (base / "link").symlink_to(base / "files")
    site = replace(plan.site, maps=(StaticMap("/static/", str(base / "link"), "static", served_by="uwsgi"),))
    plan = replace(plan, site=site)
    with serving(plan):
        wait_until(lambda: listening(plan))
        assert get(plan, "/static/a.css")[2] == b"body {}"


def test_awkward_prefixes_and_folders(base: Path) -> None:
    plan = direct(base)
    (base / "fi les=%d $(HOME)").mkdir()
    (base / "fi les=%d $(HOME)" / "a.css").write_text("odd")
    (base / "fi les=%d $(HOME)" / ".env").write_text("SECRET")
    odd = StaticMap("/m%C3%A9%20dia.(x)$/", str(base / "fi les=%d $(HOME)"), "media", served_by="uwsgi")
    plan = replace(plan, site=replace(plan.site, maps=(*plan.site.maps, odd)))
    with serving(plan):
        wait_until(lambda: listening(plan))
        assert get(plan, odd.url + "a.css")[::2] == (200, b"odd")
        assert get(plan, odd.url + "a.css")[1]["x-content-type-options"] == "nosniff"
        assert get(plan, odd.url + ".env")[0] == 404
        assert get(plan, "/static/a.css")[2] == b"body {}"


def test_it_listens_on_ipv6(base: Path) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
    plan = direct(base, listen=Listen("::1", free_port()))
    with serving(plan):
        wait_until(lambda: listening(plan))
        assert get(plan, "/")[0] == 200


@pytest.mark.parametrize("host", ["*", "0.0.0.0"])
def test_it_listens_on_every_address(base: Path, host: str) -> None:
    plan = direct(base, listen=Listen(host, free_port()))
    with serving(plan):
        wait_until(lambda: listening(plan))
        assert get(plan, "/")[0] == 200


def test_sigterm_lets_a_request_of_a_browser_finish(instance: Instance) -> None:
    address = ("127.0.0.1", instance.plan.listen.port)
    with socket.create_connection(address, timeout=15) as longer, socket.create_connection(address, timeout=15) as stream:
        # uWSGI ends its HTTP router together with the last worker, seldom before the very last bytes have left it.
        for client, seconds in ((longer, b"2"), (stream, b"1")):
            client.sendall(b"GET /sleep/%s HTTP/1.0\r\nHost: localhost\r\n\r\n" % seconds)
            instance.wait_asleep()
            (Path(instance.plan.site.directory) / "asleep").unlink()
        instance.process.terminate()
        assert b"".join(iter(lambda: stream.recv(65536), b"")).endswith(b"path=/sleep/1 rid=")
    assert instance.process.wait(15) == 0


def test_a_new_instance_takes_the_address_over(base: Path) -> None:
    first = direct(base)
    (base / "second").mkdir()
    second = direct(base / "second", listen=first.listen)
    with serving(first) as old, serving(second):
        wait_until(lambda: listening(first))
        old.process.terminate()
        assert old.process.wait(15) == 0
        assert all(get(second, "/")[0] == 200 for _ in range(5))


@pytest.mark.skipif(not can_become_nobody(), reason="needs root, and a Python that others can run")
def test_root_binds_a_low_port_before_it_gives_root_up(base: Path) -> None:
    with socket.socket() as probe:
        port = next((port for port in range(1023, 900, -1) if _free(port)), 0)
        assert port and probe
    plan = direct(base, listen=Listen("127.0.0.1", port), uwsgi={"user": "nobody", "group": "nogroup"})
    (base / "app.py").write_text("import os\nassert os.getuid() == 65534\n" + APP)
    os.chown(base / "run", 65534, 65534)
    with serving(plan):
        wait_until(lambda: listening(plan))
        assert get(plan, "/static/a.css")[2] == b"body {}"


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_files_behind_nginx_are_served_over_the_uwsgi_protocol(base: Path) -> None:
    plan = direct(base, front="nginx")
    with serving(plan):
        answer = ask(plan.uwsgi.instance_socket, "/static/a.css")
        assert parse_head(answer).header("content-type") == "text/css"
        assert answer.endswith(b"body {}")
        assert not listening(plan), "without a front only"
