"""Parts of a configuration: what they are for, and where a request goes in the whole they are put into."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.hops.nginx.contexts import as_main, kind_of
from portico.hops.nginx.listens import first_url, listens, servers
from portico.hops.nginx.passes import all_passes, backends
from portico.hops.nginx.route import route
from portico.hops.nginx.tree import tree
from portico.model.directive import Directive
from portico.system.nginx_conf import read


def parsed(folder: Path, text: str) -> Directive:
    conf = folder / "part.conf"
    conf.write_text(text, encoding="utf-8")
    found, problems = tree(read(conf), str(conf))
    assert not problems, problems
    return found or Directive("", (), str(conf), 0, ())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# nothing\n", "empty"),
        ("events {} http {}", "main"),
        ("http { server { location / { uwsgi_pass a:1; } } }", "main"),
        ("user www; server { listen 80; }", "main"),
        ("load_module x.so;", "main"),
        ("stream { server { listen 5000; } }", "main"),
        ("server { listen 80; }", "http"),
        ("upstream a { server b:1; } server { location / { uwsgi_pass a; } }", "http"),
        ("map $uri $x { default 1; }", "http"),
        ("limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s;", "http"),
        ("gzip on; client_max_body_size 5m;", "http"),
        ("types { text/html html; }", "http"),
        ("location / { uwsgi_pass a:1; }", "server"),
        ("listen 80; server_name a.test;", "server"),
        ("listen 80; uwsgi_pass a:1;", "server"),
        ("upstream a { server b:1; } location / { uwsgi_pass a; }", "server"),
        ("return 301 https://$host$request_uri;", "server"),
        ("root /srv; try_files $uri =404;", "server"),
        ("uwsgi_pass a:1; uwsgi_param A b;", "location"),
        ("alias /srv/;", "location"),
        ("internal; location /a { return 204; }", "location"),
        ("brand_new on;", "http"),
        ("brand_new on; location / { }", "server"),
    ],
)
def test_the_kind_of_a_file(tmp_path: Path, text: str, kind: str) -> None:
    assert kind_of(parsed(tmp_path, text)) == kind


def shape(directive: Directive) -> object:
    text = f"{directive.text}@{directive.line}"
    return text if directive.block is None else (text, *map(shape, directive.block))


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("user a;\ngzip on;\nevents {}", ["user a@1", ("events@3",), ("http@0", "gzip on@2")]),
        ("server {\nlisten 80; }", [("http@0", ("server@1", "listen 80@2"))]),
        ("error_log /a;\nserver { }", [("http@0", "error_log /a@1", ("server@2",))]),
        ("pid /p; error_log /a;\nserver { }", ["pid /p@1", "error_log /a@1", ("http@0", ("server@2",))]),
        (
            "location /a { return 204; }\nmap $a $b { default 1; }\nroot /srv;",
            [
                (
                    "http@0",
                    ("map $a $b@2", "default 1@2"),
                    ("server@0", ("location /a@1", "return 204@1"), "root /srv@3"),
                )
            ],
        ),
        (
            "uwsgi_pass a:1;\nlimit_req_zone $a zone=a:1m rate=1r/s;\nssl_certificate /c;",
            [
                (
                    "http@0",
                    "limit_req_zone $a zone=a:1m rate=1r/s@2",
                    ("server@0", "ssl_certificate /c@3", ("location /@0", "uwsgi_pass a:1@1")),
                )
            ],
        ),
        ("brand_new on;\nlisten 80;", [("http@0", ("server@0", "brand_new on@1", "listen 80@2"))]),
    ],
)
def test_the_whole_of_a_part(tmp_path: Path, text: str, whole: list[object]) -> None:
    found = as_main(parsed(tmp_path, text))
    assert [shape(entry) for entry in found.block or ()] == whole
    assert (found.name, found.line, found.file) == ("", 0, f"{tmp_path}/part.conf")
    assert {entry.file for entry in found.deep("http", "server", "location")} == {f"{tmp_path}/part.conf"}


@pytest.mark.parametrize(
    "text", ["events {} http { } server { }", "user www;", "# nothing", "stream { server { listen 1; } }"]
)
def test_what_is_whole_or_has_nothing_for_http_stays(tmp_path: Path, text: str) -> None:
    root = parsed(tmp_path, text)
    assert as_main(root) is root


def test_a_site_is_routed_as_in_its_http_block(tmp_path: Path) -> None:
    text = """upstream app { server unix:/run/app.sock; }
server { listen 8000; server_name a.test; location / { uwsgi_pass app; } location /static/ { alias /srv/static/; } }
server { listen 8000; server_name b.test; return 301 http://a.test$request_uri; }
"""
    root = as_main(parsed(tmp_path, text))
    assert kind_of(root) == "main"
    assert len(servers(root)) == 2
    assert first_url(root, root=True) == "http://127.0.0.1:8000/"
    assert [entry.address for entry in listens(root)] == ["0.0.0.0:8000"] * 2
    (passed,) = all_passes(root)
    assert [entry.address for entry in backends(root, *passed)] == ["unix:/run/app.sock"]
    assert route(root, "http", "127.0.0.1", 8000, "a.test", "/x").action == "uwsgi"
    assert route(root, "http", "127.0.0.1", 8000, "a.test", "/static/y").target == "/srv/static/y"
    assert route(root, "http", "127.0.0.1", 8000, "b.test", "/x").target == "301 http://a.test/x"


@pytest.mark.parametrize(
    "text", ["location / { uwsgi_pass unix:/s; }", "uwsgi_pass unix:/s;", "listen 80; location / { uwsgi_pass unix:/s; }"]
)
def test_a_snippet_is_routed_as_in_a_server(tmp_path: Path, text: str) -> None:
    root = as_main(parsed(tmp_path, text))
    found = route(root, "http", "127.0.0.1", 80, "a.test", "/x")
    assert (found.action, found.target) == ("uwsgi", "unix:/s")
    assert found.directive
    assert found.directive.where == f"{tmp_path}/part.conf:1"
