"""What a request looks like when a real nginx hands it to the application, and what becomes of the answer."""

from __future__ import annotations

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from nginx_lab import FILE_ID, OK, make_server_plan, serving, stack

from portico.hops.nginx.facts import parse_access_line, parse_error_line
from portico.model.plan import NginxBinary

FORGED = [
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-SSL", "on"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "666"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Real-IP", "6.6.6.6"),
    ("Proxy", "http://evil.example/"),
    ("X_Forwarded_Proto", "https"),
    ("X_Forwarded_Host", "evil.example"),
]
ABSENT = (
    "HTTP_PROXY",
    "HTTP_X_FORWARDED_SSL",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
)


def test_the_variables_of_a_request(nginx: NginxBinary, base: Path) -> None:
    with stack(make_server_plan(base, nginx, site={"server_names": ("example.com",)})) as (server, app):
        port = server.plan.listen.port
        headers = [("Content-Type", "text/plain"), ("X-Mine", "é")]
        answer = server.ask("/caf%C3%A9/a%20b?q=%26", "POST", headers, b"body", host=f"EXAMPLE.com:{port}")
        assert (answer.status, answer.body) == (200, b"<p>from the application</p>")
        request = app.requests[0]
    expected = {
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/caf%C3%A9/a%20b?q=%26",
        "PATH_INFO": "/café/a b",
        "QUERY_STRING": "q=%26",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_SCHEME": "http",
        "UWSGI_SCHEME": "http",
        "HTTP_HOST": f"example.com:{port}",
        "HTTP_X_FORWARDED_PROTO": "http",
        "HTTP_X_FORWARDED_FOR": "127.0.0.1",
        "HTTP_X_REAL_IP": "127.0.0.1",
    }
    assert {name: request.variables[name] for name in expected} == expected
    assert "HTTP_X_MINE" in request.variables
    assert "HTTPS" not in request.variables
    assert request.body == b"body"
    assert request.variables["REQUEST_ID"] == request.variables["HTTP_X_REQUEST_ID"]
    assert len(request.variables) == len(request.pairs), "nothing twice"


@pytest.mark.parametrize("extra", [(), ("underscores_in_headers on;",)], ids=["", "underscores"])
def test_a_client_cannot_forge_what_a_proxy_says(nginx: NginxBinary, base: Path, extra: tuple[str, ...]) -> None:
    with stack(make_server_plan(base, nginx, nginx={"extra_server": extra})) as (server, app):
        server.ask("/", headers=FORGED)
        variables = app.requests[0].variables
        assert len(variables) == len(app.requests[0].pairs)
    assert variables["HTTP_X_FORWARDED_PROTO"] == "http"
    assert variables["HTTP_X_FORWARDED_FOR"] == variables["REMOTE_ADDR"] == variables["HTTP_X_REAL_IP"] == "127.0.0.1"
    assert [name for name in ABSENT if name in variables] == []


def test_an_address_that_is_not_a_trusted_proxy_cannot_either(nginx: NginxBinary, base: Path) -> None:
    with stack(make_server_plan(base, nginx, nginx={"trusted_proxies": ("10.0.0.0/8",)})) as (server, app):
        server.ask("/", headers=FORGED)
        variables = app.requests[0].variables
    assert variables["HTTP_X_FORWARDED_PROTO"] == "http"
    assert variables["REMOTE_ADDR"] == "127.0.0.1"
    assert [name for name in ABSENT if name in variables] == []


@pytest.mark.parametrize("network", ["127.0.0.1", "0.0.0.0/0"])
def test_a_trusted_proxy_is_believed(nginx: NginxBinary, base: Path, network: str) -> None:
    plan = make_server_plan(base, nginx, nginx={"trusted_proxies": (network, "10.0.0.0/8")})
    headers = [
        ("X-Forwarded-Proto", "HTTPS, http"),
        ("X-Forwarded-SSL", "on"),
        ("X-Forwarded-Host", "shop.example"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Prefix", "/shop"),
        ("X-Forwarded-For", "203.0.113.9, 10.1.2.3"),
    ]
    with stack(plan) as (server, app):
        server.ask("/", headers=headers)
        server.ask("/", headers=[("X-Forwarded-Proto", "gopher")])
        first, second = (request.variables for request in app.requests)
        # Two workers may log in another order than they answered.
        entries = [parse_access_line(line) for line in server.log("access_log", lines=2)]
    assert first["HTTP_X_FORWARDED_PROTO"] == "https"
    assert first["HTTP_X_FORWARDED_HOST"] == "shop.example"
    assert first["HTTP_X_FORWARDED_PORT"] == "443"
    assert first["HTTP_X_FORWARDED_PREFIX"] == "/shop"
    client = "203.0.113.9"
    assert first["REMOTE_ADDR"] == first["HTTP_X_FORWARDED_FOR"] == first["HTTP_X_REAL_IP"] == client
    assert {entry.remote_addr for entry in entries if entry} == {client, "127.0.0.1"}
    assert "HTTP_X_FORWARDED_SSL" not in first
    assert second["HTTP_X_FORWARDED_PROTO"] == "http"
    assert "HTTP_X_FORWARDED_HOST" not in second


def test_the_request_line_decides_about_the_host(nginx: NginxBinary, base: Path) -> None:
    with stack(make_server_plan(base, nginx)) as (server, app):
        server.raw(b"GET http://good.example/ HTTP/1.1\r\nHost: evil.example:81\r\nConnection: close\r\n\r\n")
        server.raw(b"GET / HTTP/1.0\r\n\r\n")
        server.raw(b"GET / HTTP/1.0\r\nHost: [::1]:8000\r\n\r\n")
        server.raw(b"GET / HTTP/1.0\r\nHost: [::1]\r\n\r\n")
        hosts = [request.variables.get("HTTP_HOST") for request in app.requests]
    assert hosts == ["good.example:81", None, "[::1]:8000", "[::1]"]


def test_a_params_file_of_the_users_cannot_take_the_port_from_the_host(nginx: NginxBinary, base: Path) -> None:
    own = base / "my [params]*"
    lines = [f"uwsgi_param {name} ${name.lower()};" for name in ("REQUEST_METHOD", "REQUEST_URI", "CONTENT_LENGTH")]
    own.write_text("\n".join([*lines, "uwsgi_param HTTP_HOST $host;", "uwsgi_param MINE 1;"]))
    with stack(make_server_plan(base, nginx, nginx={"uwsgi_params": str(own)})) as (server, app):
        assert server.ask("/").status == 200
        pairs = app.requests[0].pairs
        assert [value for name, value in pairs if name == "HTTP_HOST"][-1] == str(server.plan.listen)
        assert ("MINE", "1") in pairs


@pytest.mark.parametrize("given", ["abcdefgh", "A-z_0189" * 8])
def test_a_sane_request_id_is_kept(nginx: NginxBinary, base: Path, given: str) -> None:
    with stack(make_server_plan(base, nginx)) as (server, app):
        for target in ("/", "/static/none.css"):
            assert server.ask(target, headers=[("X-Request-ID", given)])["X-Request-ID"] == given
        entries = [parse_access_line(line) for line in server.log("access_log", lines=2)]
        assert app.requests[0].variables["REQUEST_ID"] == given
    assert [entry and entry.request_id for entry in entries] == [given, given]


def test_any_other_request_id_is_replaced(nginx: NginxBinary, base: Path) -> None:
    bad = ["", "short", "x" * 65, 'quote"me-please', "with space and more", "ümlaut-ümlaut", "a,b,c,d,e,f"]
    with stack(make_server_plan(base, nginx)) as (server, app):
        for given in bad:
            answer = server.ask("/", headers=[("X-Request-ID", given)])
            assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"] or ""), given
            assert app.requests[-1].variables["HTTP_X_REQUEST_ID"] == answer["X-Request-ID"]


def test_no_two_requests_have_one_id(nginx: NginxBinary, base: Path) -> None:
    """Of files, too, whose ids are not random: on one connection and on many, one after another and at once."""

    def ask(target: str) -> list[str]:
        listen = server.plan.listen
        with closing(http.client.HTTPConnection(listen.connect_host, listen.port, timeout=10)) as connection:
            return [asked(connection, target) for _ in range(10)]

    def asked(connection: http.client.HTTPConnection, target: str) -> str:
        connection.request("GET", target)
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("X-Request-ID") or ""

    with stack(make_server_plan(base, nginx)) as (server, _), ThreadPoolExecutor(8) as clients:
        files, pages = (list(chain(*clients.map(ask, [target] * 16))) for target in ("/static/none.css", "/"))
    assert len(set(files)) == len(files) == 160 == len(set(pages))
    assert all(map(FILE_ID.fullmatch, files))
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in pages)


def test_the_applications_headers_come_through(nginx: NginxBinary, base: Path) -> None:
    theirs = b"HTTP/1.1 201 Created\r\nX-Request-ID: theirs\r\nCache-Control: private\r\nX-Content-Type-Options: nosniff\r\n"
    with stack(make_server_plan(base, nginx), [theirs + b"Content-Type: text/plain\r\n\r\nmade"]) as (server, _):
        answer = server.ask("/")
    assert (answer.status, answer.body) == (201, b"made")
    assert answer["X-Request-ID"] != "theirs"
    assert answer["Cache-Control"] == "private"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


def test_a_header_the_user_adds_is_on_every_response(nginx: NginxBinary, base: Path) -> None:
    plan = make_server_plan(base, nginx, nginx={"extra_server": ("add_header X-Frame-Options DENY always;",)})
    with stack(plan) as (server, _):
        for target in ("/", "/static/none.css"):
            answer = server.ask(target)
            assert answer["X-Frame-Options"] == "DENY"
            assert answer["X-Request-ID"]


def test_sixteen_kilobytes_of_response_headers(nginx: NginxBinary, base: Path) -> None:
    cookies = b"".join(b"Set-Cookie: c%d=%s\r\n" % (number, b"x" * 1000) for number in range(16))
    with stack(make_server_plan(base, nginx), [OK.replace(b"\r\n\r\n", b"\r\n" + cookies + b"\r\n")]) as (server, _):
        answer = server.ask("/")
    assert (answer.status, len(answer.all("Set-Cookie"))) == (200, 16)


@pytest.mark.parametrize("packet_bytes", [8192, 16384, 32768, 65535])
def test_what_nginx_lets_through_fits_uwsgis_buffer(nginx: NginxBinary, base: Path, packet_bytes: int) -> None:
    """The longest query that passes, and beside it the longest cookie that passes."""
    with stack(make_server_plan(base, nginx, uwsgi={"buffer_bytes": packet_bytes})) as (server, app):
        sizes = range(512, 9 * 1024, 128)
        query = max(size for size in sizes if server.ask("/?" + "q" * size).status == 200)
        assert server.ask("/?" + "q" * (query + 128)).status == 414
        cookies = [[("Cookie", "c" * size)] * count for count in range(1, 5) for size in sizes]
        statuses = {server.ask("/?" + "q" * query, headers=cookie).status for cookie in cookies}
        largest = max(request.packet_bytes for request in app.requests)
    assert statuses == {200, 400}
    assert packet_bytes / 3 < largest <= packet_bytes


def test_a_chunked_body_arrives_whole(nginx: NginxBinary, base: Path) -> None:
    with stack(make_server_plan(base, nginx)) as (server, app):
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        assert b" 200 OK" in server.raw(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert app.requests[0].variables["CONTENT_LENGTH"] == "5"
        assert app.requests[0].body == b"abcde"


def test_a_large_body_goes_through_the_disk_and_a_larger_one_is_refused(nginx: NginxBinary, base: Path) -> None:
    plan = make_server_plan(base, nginx, nginx={"client_max_body_bytes": 1 << 20})
    with stack(plan) as (server, app):
        assert server.ask("/", "POST", body=b"x" * (1 << 20)).status == 200
        assert len(app.requests[0].body) == 1 << 20
        assert server.ask("/", "POST", headers=[("Content-Length", "1048577")]).status == 413
        entry = parse_error_line(server.log("error_log")[-1])
    assert entry is not None
    assert entry.message == "client intended to send too large body: 1048577 bytes"


def test_a_get_gets_one_more_try_when_the_worker_dies(nginx: NginxBinary, base: Path) -> None:
    with stack(make_server_plan(base, nginx), [0.0, OK]) as (server, app):
        assert server.ask("/").status == 200
        assert len(app.requests) == 2
        entry = parse_access_line(server.log("access_log")[0])
    assert entry is not None
    assert entry.upstream_statuses == (502, 200)
    assert len(entry.upstream_response_times_s) == 2


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("POST", 1)])
def test_nobody_gets_a_third_and_a_post_gets_no_second(nginx: NginxBinary, base: Path, method: str, tries: int) -> None:
    with stack(make_server_plan(base, nginx), [0.0]) as (server, app):
        for _ in range(3):
            assert server.ask("/", method, body=b"x").status == 502, "and never set aside"
        assert len(app.requests) == 3 * tries


def test_no_second_try_after_harakiri(nginx: NginxBinary, base: Path) -> None:
    """A harakiri of one second stands for the usual minute: the worker dies when the time is up."""
    plan = make_server_plan(base, nginx, uwsgi={"harakiri_s": 1})
    with stack(plan, [1.0]) as (server, app):
        assert server.ask("/").status == 502
        assert len(app.requests) == 1


def test_no_application_at_all(nginx: NginxBinary, base: Path) -> None:
    plan = make_server_plan(base, nginx, nginx={"error_log_level": "error"})
    with serving(plan) as server:
        assert server.ask("/some/page").status == 502
        entry = parse_error_line(server.log("error_log")[-1])
        access = parse_access_line(server.log("access_log")[0])
    assert entry is not None
    assert (entry.level, entry.errno) == ("crit", 2)
    assert entry.message.startswith(f"connect() to {plan.uwsgi.address} failed (2: ")
    assert entry.request == "GET /some/page HTTP/1.1"
    assert entry.upstream == f"uwsgi://{plan.uwsgi.address}"
    assert entry.host == str(server.plan.listen)
    assert access is not None
    assert (access.status, access.upstream_statuses) == (502, (502, 502))


def test_the_application_over_tcp(nginx: NginxBinary, base: Path) -> None:
    plan = make_server_plan(base, nginx)
    plan = replace(plan, uwsgi=replace(plan.uwsgi, address="127.0.0.1:1"))
    with serving(plan) as server:
        assert server.ask("/").status == 502
        entry = parse_error_line(server.log("error_log")[-1])
    assert entry is not None
    assert (entry.errno, entry.upstream) == (111, "uwsgi://127.0.0.1:1")


def test_the_access_log_tells_what_happened(nginx: NginxBinary, base: Path) -> None:
    agent = 'a "quoted" \\ agent\té'
    sent = agent.encode().decode("latin-1")
    with stack(make_server_plan(base, nginx)) as (server, _):
        server.ask("/page?a=1", headers=[("User-Agent", sent), ("Referer", "http://x/")])
        server.raw(b"nonsense\r\n\r\n")
        lines = server.log("access_log", lines=2)
    # Two workers may log in another order than they answered.
    page, nonsense = (parse_access_line(line) for line in sorted(lines, key=lambda line: "/page" not in line))
    assert page is not None
    assert nonsense is not None
    assert (page.method, page.uri, page.host, page.status) == ("GET", "/page?a=1", "127.0.0.1", 200)
    assert (page.user_agent, page.referer) == (agent, "http://x/")
    assert page.bytes >= len("<p>from the application</p>")
    assert page.time_s > 1_600_000_000
    assert 0 <= page.request_time_s < 10
    assert len(page.upstream_connect_times_s) == len(page.upstream_header_times_s) == 1
    assert (nonsense.status, nonsense.method, nonsense.upstream_statuses) == (400, "", ())
    assert server.log("error_log", lines=0) == [], "what scanners send is nothing to warn of"
