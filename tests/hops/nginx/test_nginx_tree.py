"""nginx's configuration as directives: words, quotes, places, and what a listen line means."""

from __future__ import annotations

from pathlib import Path

import pytest
from any_conf import running

from portico.hops.nginx.listens import first_url, listens
from portico.hops.nginx.route import route
from portico.hops.nginx.tree import tree, with_globals
from portico.model.directive import Directive
from portico.model.plan import NginxBinary
from portico.system.nginx_conf import read


def parsed(folder: Path, text: str) -> Directive:
    conf = folder / "nginx.conf"
    conf.write_text(text, encoding="utf-8")
    found, problems = tree(read(conf), str(conf))
    assert found, problems
    return found


def test_words_blocks_and_places(tmp_path: Path) -> None:
    found = parsed(
        tmp_path,
        """user www;
http {
    log_format a '$x "$y"'
        ' more';
    map $host $root { default /srv; ~^/x\\.y "/a b"; }
    server {
        if ($http_cookie ~* "id=([^;]+)") { return 403; }
        if ( !-f $request_filename ) { return 404; }
        content_by_lua_block { ngx.say("a;}") }
        return 200 "a\\"b\\tc\\\\d\\.e";
    }
}
""",
    )
    assert (found.name, found.line, found.where) == ("", 0, f"{tmp_path}/nginx.conf:0")
    user = found.first("user")
    assert user
    assert (user.args, user.block, user.line, user.file) == (("www",), None, 1, f"{tmp_path}/nginx.conf")
    conditions = [entry.args for entry in found.deep("if")]
    assert conditions == [("$http_cookie", "~*", "id=([^;]+)"), ("!-f", "$request_filename")]
    assert next(found.deep("log_format")).args == ("a", '$x "$y"', " more")
    assert [(entry.name, entry.args) for entry in next(found.deep("map")).block or ()] == [
        ("default", ("/srv",)),
        ("~^/x\\.y", ("/a b",)),
    ]
    assert 'ngx.say("a;}")' in next(found.deep("content_by_lua_block")).args[0]
    assert list(found.deep("return"))[-1].args == ("200", 'a"b\tc\\d\\.e')


def test_words_are_what_nginx_takes_them_for(nginx: NginxBinary, base: Path) -> None:
    texts = [r"'a\'b'", r'"a\"b"', r'"a\\b"', r'"a\tb"', r'"a\.b"', r"a\;b", r"a\ b", r"a\"b", r'"a;{}#b"', "'a  b'", "x{y"]
    lines = "".join(
        f"location = /{number} {{ return 200 {text}; }}\n" for number, text in enumerate(texts) if "{y" not in text
    )
    with running(nginx, base, f"server {{ listen $P; {lines} }}") as server:
        for number in range(len(texts) - 1):
            assert server.says("x", f"/{number}") == server.predicted("x", f"/{number}"), texts[number]


def test_directives_of_the_command_line(tmp_path: Path) -> None:
    found = with_globals(parsed(tmp_path, "pid /a;"), "daemon off; error_log '/var/log/a b' info;")
    assert [entry.text for entry in found.block or ()] == ["daemon off", "error_log /var/log/a b info", "pid /a"]
    assert found.file.endswith("nginx.conf")


LISTENS = """
http {
  server { listen 80; listen 0.0.0.0:88; }
  server { listen 8080 default_server; listen [::]:8080 ipv6only=off; }
  server { listen 127.0.0.1; }
  server { listen localhost:81 default; }
  server { listen [::1]; listen [0:0:0:0:0:0:0:1]:82; }
  server { listen *:443 ssl http2; listen 443 quic; }
  server { listen unix:/run/web.sock; }
  server { listen 9000-9002; }
  server { server_name plain; }
  upstream app { server 127.0.0.1:7000; }
}
stream { server { listen 5000; } }
"""


def test_listens(tmp_path: Path) -> None:
    found = listens(parsed(tmp_path, LISTENS))
    assert [entry.address for entry in found] == [
        "0.0.0.0:80",
        "0.0.0.0:88",
        "0.0.0.0:8080",
        "[::]:8080",
        "127.0.0.1:80",
        "127.0.0.1:81",
        "[::1]:80",
        "[::1]:82",
        "0.0.0.0:443",
        "unix:/run/web.sock",
        "0.0.0.0:9000",
        "0.0.0.0:9001",
        "0.0.0.0:9002",
        "0.0.0.0:80",
    ]
    assert [entry.port for entry in found if entry.default] == [8080, 81]
    assert [entry.port for entry in found if entry.ssl] == [443]
    assert [entry.host for entry in found if entry.both] == ["::"]
    assert [entry.host for entry in found[:2]] == ["*", "*"]
    assert found[-1].directive is None
    assert listens(parsed(tmp_path, LISTENS), root=False)[-1].address == "0.0.0.0:8000"


@pytest.mark.parametrize(
    ("servers", "url"),
    [
        ("server { listen 8000; }", "http://127.0.0.1:8000/"),
        ("server { }", "http://127.0.0.1/"),
        ("server { listen 81; root /; } server { listen 82; location / { uwsgi_pass unix:/a; } }", "http://127.0.0.1:82/"),
        ("server { listen 443 ssl; } server { listen 81; }", "http://127.0.0.1:81/"),
        (
            "server { listen 80; return 301 https://x; } server { listen 443 ssl; location / { proxy_pass http://a; } }",
            "https://127.0.0.1/",
        ),
        ("server { listen [::]:83; }", "http://[::1]:83/"),
        ("server { listen 192.0.2.1:84; }", "http://192.0.2.1:84/"),
        ("server { listen unix:/run/a; }", ""),
        ("", ""),
    ],
)
def test_first_url(tmp_path: Path, servers: str, url: str) -> None:
    assert first_url(parsed(tmp_path, f"http {{ {servers} }}"), root=True) == url


def test_a_file_made_for_being_included_is_read_as_part_of_the_http_block(tmp_path: Path) -> None:
    found = parsed(tmp_path, "upstream a { server unix:/s; }\nserver { listen 8000; location / { uwsgi_pass a; } }")
    assert first_url(found, root=True) == "http://127.0.0.1:8000/"
    assert route(found, "http", "127.0.0.1", 8000, "x", "/").action == "uwsgi"


def test_addresses_of_both_kinds(tmp_path: Path) -> None:
    found = parsed(
        tmp_path,
        """http {
  server { listen 80; return 200 four; }
  server { listen [::]:80; return 200 six; }
  server { listen [::]:81 ipv6only=off; return 200 both; }
  server { listen [::1]:82; return 200 loop; }
  server { listen unix:/run/a; return 200 unix; }
  server { listen 192.0.2.1:83; return 200 far; }
  server { return 200 unsaid; }
}""",
    )

    def at(address: str, port: int) -> str:
        return route(found, "http", address, port, "x", "/").target

    assert at("127.0.0.1", 80) == at("localhost", 80) == at("example.test", 80) == "200 four"
    assert at("::1", 80) == at("[::1]", 80) == "200 six"
    assert at("127.0.0.1", 81) == at("::1", 81) == "200 both"
    assert at("localhost", 82) == at("0:0:0:0:0:0:0:1", 82) == "200 loop"
    assert at("127.0.0.1", 82) == ""
    assert at("unix:/run/a", 0) == "200 unix"
    assert at("example.test", 83) == "200 far"
    assert at("127.0.0.1", 8000) == "200 unsaid"
