"""Parsers of what nginx writes, on captured output."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.hops.nginx.facts import (
    AccessEntry,
    Emerg,
    ErrorEntry,
    emerg_reason,
    parse_access_line,
    parse_build,
    parse_error_line,
)

SAMPLES = Path(__file__).parent / "samples"
BY_DEFAULT = {"http", "http_charset", "http_geo", "http_gzip", "http_map", "http_proxy", "http_rewrite", "http_uwsgi"}


def build(name: str) -> tuple[tuple[int, int, int], frozenset[str]]:
    found = parse_build((SAMPLES / name).read_text(), "/usr/sbin/nginx", "system")
    assert found is not None
    assert (found.path, found.origin) == ("/usr/sbin/nginx", "system")
    assert found.modules >= BY_DEFAULT
    return found.version, found.modules


def test_debian() -> None:
    version, modules = build("debian-1.22.1.txt")
    assert version == (1, 22, 1)
    assert modules >= {"http_gzip_static", "http_realip", "http_stub_status", "http_v2", "threads", "debug", "mail_ssl"}
    assert modules.isdisjoint({"http_perl", "http_geoip", "stream", "mail", "cc_opt", "http_brotli_filter"})


def test_wheel() -> None:
    version, modules = build("wheel-1.31.3.txt")
    assert version == (1, 31, 3)
    added = {"njs", "auth_jwt", "keyval", "devel_kit", "echo", "headers_more", "set_misc"}
    assert modules >= added | {"http_realip", "http_secure_link", "stream", "stream_ssl_preread", "file_aio"}
    assert modules.isdisjoint({"http_gzip_static", "http_stub_status", "http_gunzip", "nginx", "cc"})


def test_ubuntu() -> None:
    version, modules = build("ubuntu-1.18.0.txt")
    assert version == (1, 18, 0)
    assert modules >= {"http_gzip_static", "http_realip", "http_sub"}
    assert modules.isdisjoint({"http_geoip2", "geoip2"}), "dynamic modules do nothing until they are loaded"


@pytest.mark.parametrize(
    ("flags", "present", "absent"),
    [
        ("", BY_DEFAULT, {"http_gzip_static"}),
        ("--without-http_gzip_module --without-http_scgi_module", {"http_uwsgi"}, {"http_gzip", "http_scgi"}),
        ("--without-http --with-stream", {"stream"}, {"http", "http_uwsgi"}),
        ("--add-module=/src/ngx_brotli", {"http_brotli_filter", "http_brotli_static"}, {"brotli"}),
        ("--add-module=/src/ngx_brotli/static", {"http_brotli_static"}, {"http_brotli_filter"}),
        ("--add-module=../ngx_http_substitutions_filter_module", {"http_substitutions_filter"}, set()),
        ("--add-module=/src/nginx-module-vts-0.2.2/", {"vts"}, set()),
        ("--with-cc-opt='unbalanced --with-http_dav_module", {"http_dav"}, set()),
    ],
)
def test_other_builds(flags: str, present: set[str], absent: set[str]) -> None:
    found = parse_build(f"nginx version: nginx/1.28.0\nconfigure arguments: {flags}\n", "/n", "configured")
    assert found is not None
    assert found.modules >= present
    assert found.modules.isdisjoint(absent)


def test_versions_of_forks() -> None:
    text = "nginx version: openresty/1.25.3.2\nconfigure arguments:\n"
    found = parse_build(text, "/n", "configured")
    assert found is not None
    assert found.version == (1, 25, 3)


@pytest.mark.parametrize("text", ["", "nginx version: nginx/1.22.1\n", "Apache/2.4.57\nconfigure arguments: --with-x"])
def test_what_is_no_nginx(text: str) -> None:
    assert parse_build(text, "/n", "system") is None


LINE = (
    '{"time":1795448360.837,"request_id":"e55827256415c37e7fff8662fde143f6","remote_addr":"127.0.0.1","method":"GET",'
    '"host":"example.com","uri":"/a?b=\\"","status":"200","bytes":38,"request_time":0.012,'
    '"upstream_connect_time":"-, 0.001","upstream_header_time":"0.002, 0.010","upstream_response_time":"0.003, 0.011 : 0.5",'
    '"upstream_status":"502, 200 : 200","user_agent":"curl","referer":""}'
)


def test_an_access_line() -> None:
    assert parse_access_line(LINE + "\n") == AccessEntry(
        time_s=1795448360.837,
        request_id="e55827256415c37e7fff8662fde143f6",
        remote_addr="127.0.0.1",
        method="GET",
        host="example.com",
        uri='/a?b="',
        status=200,
        bytes=38,
        request_time_s=0.012,
        upstream_connect_times_s=(0.001,),
        upstream_header_times_s=(0.002, 0.010),
        upstream_response_times_s=(0.003, 0.011, 0.5),
        upstream_statuses=(502, 200, 200),
        user_agent="curl",
        referer="",
    )


@pytest.mark.parametrize("status", ["000", "009"])
def test_a_status_that_was_never_sent(status: str) -> None:
    entry = parse_access_line(LINE.replace('"200"', f'"{status}"'))
    assert entry is not None
    assert entry.status == int(status)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "{}",
        "7",
        LINE[:-20],
        LINE.replace('"curl"', '"curl'),
        LINE.replace("0.012", '"soon"'),
        "127.0.0.1 - - [x]",
    ],
)
def test_what_is_no_access_line(line: str) -> None:
    assert parse_access_line(line) is None


HEAD = "2026/11/23 15:22:42 [error] 1#1:"


def epoch(text: str) -> float:
    return datetime.strptime(text, "%Y/%m/%d %H:%M:%S").timestamp()


REFUSED = (
    "2026/11/23 15:22:42 [error] 7412#7413: *5 connect() to unix:/run/a.sock failed (111: Connection refused) while "
    'connecting to upstream, client: 127.0.0.1, server: _, request: "GET /a, b HTTP/1.1", '
    'upstream: "uwsgi://unix:/run/a.sock:", host: "example.com:80", referrer: "http://x/?client: 1"'
)


def test_an_error_line_of_a_request() -> None:
    assert parse_error_line(REFUSED + "\n") == ErrorEntry(
        line=REFUSED,
        time_s=epoch("2026/11/23 15:22:42"),
        level="error",
        pid=7412,
        connection=5,
        message="connect() to unix:/run/a.sock failed (111: Connection refused) while connecting to upstream",
        errno=111,
        request="GET /a, b HTTP/1.1",
        upstream="uwsgi://unix:/run/a.sock",
        host="example.com:80",
    )


@pytest.mark.parametrize(
    ("line", "errno", "upstream"),
    [
        (
            f"{HEAD} *5 upstream timed out (110: Operation timed out) while reading response header "
            'from upstream, client: ::1, server: , request: "GET / HTTP/1.1", upstream: "uwsgi://unix:/run/a.sock"',
            110,
            "uwsgi://unix:/run/a.sock",
        ),
        (
            f"{HEAD} *5 upstream prematurely closed connection while reading response header from "
            'upstream, client: 127.0.0.1, server: a.example, request: "GET / HTTP/1.1", subrequest: "/s", '
            'upstream: "uwsgi://127.0.0.1:9090", host: "x"',
            None,
            "uwsgi://127.0.0.1:9090",
        ),
        (
            f'{HEAD} *7 open() "/srv/a (1: b)/x.css" failed (13: Permission denied), '
            'client: 127.0.0.1, server: _, request: "GET /static/x.css HTTP/1.1", host: "127.0.0.1:8000"',
            13,
            "",
        ),
    ],
)
def test_error_numbers_and_upstreams(line: str, errno: int | None, upstream: str) -> None:
    entry = parse_error_line(line)
    assert entry is not None
    assert (entry.errno, entry.upstream) == (errno, upstream)
    assert entry.request.startswith("GET /")


def test_an_error_line_of_no_request() -> None:
    entry = parse_error_line("2026/11/23 15:22:42 [notice] 7412#7412: signal 3 (SIGQUIT) received from 7370, shutting down")
    assert entry is not None
    assert (entry.level, entry.connection, entry.errno, entry.request) == ("notice", None, None, "")
    assert entry.message == "signal 3 (SIGQUIT) received from 7370, shutting down"


@pytest.mark.parametrize(
    "line", ["", "nginx: [emerg] x", "2026/13/45 15:22:42 [error] 1#1: x", "2026/11/23 15:22:42 x", LINE]
)
def test_what_is_no_error_line(line: str) -> None:
    assert parse_error_line(line) is None


@given(st.text())
def test_no_text_breaks_a_parser(text: str) -> None:
    parse_access_line(text)
    parse_error_line(text)
    parse_error_line(f"{HEAD} {text}")
    emerg_reason(text)
    parse_build(f"nginx/1.2.3\nconfigure arguments:{text}", "/n", "system")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'nginx: [emerg] unknown directive "uwsgi_passs" in /srv/my conf/nginx.conf:12\n'
            "nginx: configuration file /srv/my conf/nginx.conf test failed\n",
            Emerg('unknown directive "uwsgi_passs"', "/srv/my conf/nginx.conf", 12),
        ),
        (
            "2026/11/23 15:22:41 [warn] 7411#7411: conflicting server name\n"
            '2026/11/23 15:22:41 [emerg] 7411#7411: open() "/x/params" failed (2: No such file or directory) in /n.conf:7\n',
            Emerg('open() "/x/params" failed (2: No such file or directory)', "/n.conf", 7, 2),
        ),
        (
            "nginx: [emerg] bind() to 127.0.0.1:80 failed (98: Address in use)\n" * 5
            + "nginx: [emerg] still could not bind()\n",
            Emerg("bind() to 127.0.0.1:80 failed (98: Address in use)", errno=98),
        ),
        (
            "2026/11/22 00:00:00 [emerg] 1#1: an older one\n2026/11/23 00:00:00 [emerg] 2#2: the newest\n",
            Emerg("the newest"),
        ),
    ],
)
def test_the_reason_nginx_did_not_start(text: str, expected: Emerg) -> None:
    assert emerg_reason(text) == expected


def test_the_reason_as_text() -> None:
    assert str(Emerg("unknown directive", "/n.conf", 12)) == "unknown directive in /n.conf:12"
    assert str(Emerg("no port")) == "no port"


@pytest.mark.parametrize("text", ["", "nginx: configuration file /x test is successful\n", "nginx: [warn] x\n"])
def test_no_reason(text: str) -> None:
    assert emerg_reason(text) is None
