"""What requests are passed to, which parameters go along, and where the logs are."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest
from any_conf import running
from test_nginx_tree import parsed

from portico.hops.nginx.log_paths import access_logs, error_logs, log_formats, parse_combined
from portico.hops.nginx.passes import all_passes, backends, params
from portico.hops.nginx.route import route
from portico.model.plan import NginxBinary

PASSES = """
http {
  upstream app { zone app 64k; server unix:/run/a.sock backup; server 127.0.0.1:3031 max_fails=0; server 10.0.0.1 down; }
  upstream web { server backend.test; server [::1]:9000; }
  map $http_x_key $chosen { default app; secret tap; }
  map $http_x $from_header { default unix:/run/map.sock; }
  server {
    set $one unix:/run/one.sock; set $port 3032; set $twice a; set $twice b;
    location /1 { %s; }
  }
}
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("uwsgi_pass unix:/run/a.sock", [("unix:/run/a.sock", "uwsgi", "")]),
        ("uwsgi_pass unix:///run/a.sock", [("unix:/run/a.sock", "uwsgi", "")]),
        ("uwsgi_pass uwsgi://127.0.0.1:3031", [("127.0.0.1:3031", "uwsgi", "")]),
        ("uwsgi_pass suwsgi://127.0.0.1:3031", [("127.0.0.1:3031", "other", "")]),
        ("uwsgi_pass localhost", []),
        ("uwsgi_pass app", [("127.0.0.1:3031", "uwsgi", "app"), ("unix:/run/a.sock", "uwsgi", "app")]),
        ("proxy_pass http://web/path", [("backend.test:80", "http", "web"), ("[::1]:9000", "http", "web")]),
        ("proxy_pass http://127.0.0.1", [("127.0.0.1:80", "http", "")]),
        ("proxy_pass https://x.test/a:b", [("x.test:443", "https", "")]),
        ("proxy_pass http://[::1]:8000/", [("[::1]:8000", "http", "")]),
        ("proxy_pass http://[::1]", [("[::1]:80", "http", "")]),
        ("proxy_pass http://unix:/run/h.sock:/uri", [("unix:/run/h.sock", "http", "")]),
        ("fastcgi_pass unix:/run/php.sock", [("unix:/run/php.sock", "other", "")]),
        ("grpc_pass grpc://127.0.0.1:50051", [("127.0.0.1:50051", "other", "")]),
        ("uwsgi_pass $one", [("unix:/run/one.sock", "uwsgi", "")]),
        ("uwsgi_pass 127.0.0.1:$port", [("127.0.0.1:3032", "uwsgi", "")]),
        ("uwsgi_pass ${chosen}", [("127.0.0.1:3031", "uwsgi", "app"), ("unix:/run/a.sock", "uwsgi", "app")]),
        ("uwsgi_pass $from_header", [("unix:/run/map.sock", "uwsgi", "")]),
        ("uwsgi_pass $twice", []),
        ("proxy_pass http://$http_host", []),
    ],
)
def test_backends(tmp_path: Path, line: str, expected: list[tuple[str, str, str]]) -> None:
    found = parsed(tmp_path, PASSES % line)
    ((directive, action),) = all_passes(found)
    assert action == line.split("_")[0]
    seen = backends(found, directive, action)
    assert [(entry.address, entry.protocol, entry.upstream) for entry in seen] == expected
    for entry in seen:
        assert entry.directive.name == ("server" if entry.upstream else directive.name)


def test_parameters_are_inherited_only_by_a_block_without_any(tmp_path: Path) -> None:
    found = parsed(
        tmp_path,
        """http { server { listen 80;
  uwsgi_param QUERY_STRING $query_string; uwsgi_param REQUEST_METHOD $request_method;
  proxy_set_header Host $host;
  location /inherits { uwsgi_pass unix:/a; }
  location /own {
    uwsgi_param ONE 1;
    uwsgi_param HTTPS on if_not_empty;
    uwsgi_pass unix:/a;
  }
} }""",
    )

    def at(path: str) -> dict[str, tuple[str, str]]:
        return params(route(found, "http", "127.0.0.1", 80, "x", path), found)

    assert {name: value for name, (value, _) in at("/inherits").items()} == {
        "QUERY_STRING": "$query_string",
        "REQUEST_METHOD": "$request_method",
    }
    assert at("/own") == {"ONE": ("1", f"{tmp_path}/nginx.conf:6"), "HTTPS": ("on", f"{tmp_path}/nginx.conf:7")}
    way = route(found, "http", "127.0.0.1", 80, "x", "/own")
    assert params(way, found, "proxy_set_header") == {"Host": ("$host", f"{tmp_path}/nginx.conf:3")}
    assert params(way, found, "fastcgi_param") == {}


def test_logs(tmp_path: Path) -> None:
    found = parsed(
        tmp_path,
        """error_log logs/error.log;
error_log stderr; error_log syslog:server=unix:/dev/log; error_log memory:32m debug; error_log /dev/null crit;
http {
  log_format timed escape=json '$remote_addr ' '$request_time';
  access_log /var/log/nginx/../a.log timed buffer=32k; access_log off; access_log /b.log; access_log syslog:server=x timed;
  server { access_log /var/log/$host.log; error_log /var/log/site.log warn; access_log /b.log combined if=$loggable; }
}""",
    )
    assert error_logs(found, "/etc/nginx/") == (("/etc/nginx/logs/error.log", "error"), ("/var/log/site.log", "warn"))
    assert access_logs(found, "/etc/nginx") == (("/var/log/a.log", "timed"), ("/b.log", "combined"))
    assert log_formats(found) == {"timed": "$remote_addr $request_time"}


LINE = '192.0.2.7 - bob smith [27/Nov/2026:02:31:07 +0130] "GET /a?b=\\x22c\\x22 HTTP/1.1" 502 157'
LINE += ' "-" "Mozilla/5.0 (\\xC3\\xA9)"'


def test_a_line_of_the_combined_format() -> None:
    entry = parse_combined(LINE + "\n")
    assert entry
    assert (entry.time_s, entry.remote_addr, entry.method, entry.uri) == (1795741267.0, "192.0.2.7", "GET", '/a?b="c"')
    assert (entry.status, entry.bytes, entry.referer, entry.user_agent) == (502, 157, "", "Mozilla/5.0 (é)")
    assert (entry.request_time_s, entry.request_id, entry.upstream_statuses) == (0.0, "", ())


@pytest.mark.parametrize("line", ["", "x", LINE[:60], LINE.replace("Nov", "Dez"), LINE.replace("27/Nov", "31/Feb"), "{}"])
def test_other_lines_are_none(line: str) -> None:
    assert parse_combined(line) is None


def test_noise_as_a_request_is_a_line_too() -> None:
    entry = parse_combined('::1 - - [27/Nov/2026:02:31:07 +0000] "\\x16\\x03\\x01" 400 150 "-" "-"')
    assert entry
    assert (entry.method, entry.uri, entry.status) == ("", "", 400)


def test_what_nginx_logs_is_read_back(nginx: NginxBinary, base: Path) -> None:
    with running(nginx, base, "server { listen $P; access_log $B/access.log; return 204; }") as server:
        server.says("example.test", "/a%20b?c=%22")
        server.says("example.test", '/"quoted"\\')
    paths = [path for path, name in access_logs(server.tree, str(base)) if name == "combined"]
    assert paths == [f"{base}/access.log"]
    entries = [parse_combined(line) for line in Path(paths[0]).read_text().splitlines()]
    assert [entry and (entry.uri, entry.status) for entry in entries] == [("/a%20b?c=%22", 204), ('/"quoted"\\', 204)]
    assert all(entry and len(astuple(entry)) == 15 for entry in entries)
