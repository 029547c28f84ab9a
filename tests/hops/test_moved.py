"""A hand-written pair rewritten to run aside: what stays, what moves, what is told. The real binaries' word is in
tests/integration/test_adopt_prove.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.hops.nginx.contexts import as_main
from portico.hops.nginx.listens import servers
from portico.hops.nginx.moved import Aside, Moved, moved
from portico.hops.nginx.moved_servers import named_files, wanted
from portico.hops.nginx.tree import tree
from portico.hops.nginx.written import written
from portico.hops.uwsgi import ini
from portico.hops.uwsgi import moved as uwsgi
from portico.model.adoption import NO_MAP, PathMap
from portico.model.directive import Directive
from portico.system import nginx_conf

SITE = """
user www-data;
worker_processes 8;
pid /run/nginx.pid;
daemon on;
load_module modules/ngx_http_lost_module.so;
error_log /var/log/nginx/error.log warn;
events { worker_connections 512; }
stream { server { listen 9000; } }
http {
    include_me_not 1;
    map $uri $x { default 1; }
    log_format short '$status';
    limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s;
    proxy_cache_path /var/cache/nginx levels=1:2 keys_zone=c:1m use_temp_path=off;
    upstream app { server 127.0.0.1:9090; server 10.0.0.2:9090; }
    server { listen 80 default_server; return 444; }
    server { listen 80; server_name shop.example; return 301 https://shop.example$request_uri; }
    server { listen 81; server_name other.example; location / { uwsgi_pass app; } }
    server {
        listen 443 ssl http2;
        listen [::]:443 ssl http2;
        server_name shop.example;
        ssl_certificate tls/shop.pem;
        ssl_certificate_key /etc/tls/shop.key;
        access_log /var/log/nginx/shop.log short buffer=32k;
        client_body_temp_path /var/tmp/nginx;
        limit_req zone=a;
        location /static/ { alias /srv/shop/static/; access_log off; expires 30d; }
        location /chat/ { proxy_pass http://127.0.0.1:3000; }
        location / { uwsgi_param A b; uwsgi_pass app; uwsgi_read_timeout 90s; }
    }
}
"""
TYPES = (Directive("text/css", ("css",), "", 0),)
PARAMS = (Directive("uwsgi_param", ("QUERY_STRING", "$query_string"), "", 0),)


def _root(tmp_path: Path, text: str) -> Directive:
    conf = tmp_path / "nginx.conf"
    conf.write_text(text)
    root, _ = tree(nginx_conf.read(conf), str(conf))
    assert root is not None
    return as_main(root)


def _moved(root: Directive, **aside: object) -> Moved:
    server = next(one for one in servers(root) if next(one.deep("uwsgi_pass", "proxy_pass"), None) and one.first("location"))
    server = next((one for one in servers(root) if one.first("ssl_certificate")), server)
    ports = {name: 20000 + number for number, name in enumerate(wanted(root, server, as_root=True))}
    given = {"folder": "/tmp/aside", "ports": ports, "uwsgi": "unix:/tmp/aside/u.sock", "types": TYPES, "params": PARAMS}
    return moved(root, server, Aside(**{**given, **aside}))  # type: ignore[arg-type]


def _text(moved_: Moved) -> str:
    return "\n".join(written(moved_.tree))


def test_only_the_site_is_left_and_only_ports_and_places_differ(tmp_path: Path) -> None:
    text = _text(_moved(_root(tmp_path, SITE)))
    for kept in (
        *("worker_connections 512", "map $uri $x", "log_format short $status", "expires 30d", "uwsgi_read_timeout 90s"),
        *("uwsgi_param A b", "alias /srv/shop/static/", "access_log off", "return 444;"),
        *("return 301 https://shop.example$request_uri", "uwsgi_pass unix:/tmp/aside/u.sock;"),
        *("access_log /tmp/aside/nginx-access.log short;", "error_log /tmp/aside/nginx-error.log warn;"),
        *("proxy_cache_path /tmp/aside/cache-", "levels=1:2 keys_zone=c:1m;", f"ssl_certificate {tmp_path}/tls/shop.pem;"),
    ):
        assert kept in text, kept
    for gone in ("other.example", "upstream", "www-data", "stream {", "limit_req zone", "/var/", "127.0.0.1:3000", "[::]"):
        assert gone not in text, gone
    assert "daemon off;" in text
    assert text.count("daemon") == 1
    listens = sorted(line.strip() for line in text.splitlines() if line.strip().startswith("listen"))
    assert listens == ["listen 127.0.0.1:20000 ssl;", "listen 127.0.0.1:20001 default_server;", "listen 127.0.0.1:20001;"]


def test_what_changes_otherwise_is_told_with_its_place(tmp_path: Path) -> None:
    found = _moved(_root(tmp_path, SITE), unreadable=frozenset((f"{tmp_path}/modules/ngx_http_lost_module.so",)))
    told = "\n".join(found.adjusted)
    for word in (
        "user www-data",
        "stream",
        "limit_req zone=a",
        "http2",
        "lost_module.so",
        "127.0.0.1:3000",
        "app has 2 servers",
    ):
        assert word in told, word
    assert all(line.startswith(f"{tmp_path}/nginx.conf:") for line in found.adjusted if "types" not in line)
    assert found.silent == ("/chat/",)
    assert "return 502;" in _text(found)
    assert "load_module" not in _text(found)


def test_without_its_certificate_it_speaks_plain_http(tmp_path: Path) -> None:
    root = _root(tmp_path, SITE)
    named = named_files(root, next(one for one in servers(root) if one.first("ssl_certificate")), NO_MAP)
    assert named == {f"{tmp_path}/tls/shop.pem", "/etc/tls/shop.key", f"{tmp_path}/modules/ngx_http_lost_module.so"}
    found = _moved(root, unreadable=frozenset(("/etc/tls/shop.key",)))
    assert found.plain
    assert "ssl" not in _text(found).replace("https", "")
    assert "plain HTTP" in "\n".join(found.adjusted)


def test_paths_of_another_machine_are_mapped_once(tmp_path: Path) -> None:
    text = _text(_moved(_root(tmp_path, SITE), paths=PathMap((("", "/mnt/old"),))))
    assert "alias /mnt/old/srv/shop/static/;" in text
    assert "ssl_certificate_key /mnt/old/etc/tls/shop.key;" in text
    assert f"ssl_certificate {tmp_path}/tls/shop.pem;" in text, "the file itself was read here"


def test_a_fragment_gets_what_its_nginx_has_around_it(tmp_path: Path) -> None:
    found = _moved(_root(tmp_path, "server { listen 80; location / { uwsgi_pass 127.0.0.1:9090; } }"))
    text = _text(found)
    assert "text/css css;" in text
    assert "uwsgi_param QUERY_STRING $query_string;" in text
    assert "events {}" in text
    assert len(found.adjusted) == 2
    assert "default_type application/octet-stream;" in text


def test_a_pass_over_http_goes_to_where_uwsgi_speaks_it(tmp_path: Path) -> None:
    text = "upstream a { server 127.0.0.1:8000; } server { location / { proxy_pass http://a/x/; } }"
    assert "proxy_pass http://127.0.0.1:4711/x/;" in _text(_moved(_root(tmp_path, text), http={"127.0.0.1:8000": 4711}))
    elsewhere = _moved(_root(tmp_path, text), http={"127.0.0.1:8001": 4711})
    assert elsewhere.silent == ("/",)


_NAMES = st.sampled_from(
    ["listen", "root", "access_log", "error_log", "uwsgi_pass", "ssl_certificate", "user", "server", "include"]
)
_WORDS = st.lists(st.sampled_from(["80", "off", "/a", "$x", "unix:/b", ""]), max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_NAMES, _WORDS), max_size=12))
def test_nothing_that_can_be_read_breaks_it(entries: list[tuple[str, list[str]]]) -> None:
    inner = tuple(Directive(name, tuple(args), "/c/nginx.conf", 1) for name, args in entries)
    location = Directive("location", ("/",), "/c/nginx.conf", 2, inner)
    server = Directive("server", (), "/c/nginx.conf", 1, (*inner, location))
    root = Directive("", (), "/c/nginx.conf", 0, (*inner, Directive("http", (), "/c/nginx.conf", 1, (*inner, server))))
    ports = dict.fromkeys(wanted(root, server, as_root=True), 1)
    named_files(root, server, NO_MAP)
    assert written(moved(root, server, Aside("/tmp/aside", ports, "unix:/s")).tree)


UWSGI = """
[uwsgi]
set-placeholder = base=/srv/shop
socket = 127.0.0.1:9090
http-socket = :8000
chdir = %(base)
home = /srv/shop/env
module = shop.wsgi
master = true
processes = %k
threads = $(THREADS)
listen = 4096
uid = shop
plugins = python3,rack
static-map = /static=/srv/shop/static
env = SECRET=100%%
daemonize = /var/log/shop.log
pidfile = /run/shop.pid
stats = :9191
touch-reload = /srv/shop/reload
exec-pre-app = manage.py migrate
cron2 = minute=5 true
attach-daemon = celery
log-format = %(addr) %(status)
buffer-size = 8192
route = ^/a%%20b break:404
"""


def _uwsgi(text: str = UWSGI, as_root: bool = False, accounts: tuple[str, ...] = ()) -> uwsgi.Moved:
    options, _ = ini.parse(text, "/srv/shop/uwsgi.ini")
    paths = PathMap((("/srv", "/home/ana"),))
    return uwsgi.moved(
        options, uwsgi.Aside("/tmp/aside", "/tmp/aside/u.sock", 4711, paths, as_root, lambda name: name in accounts, 512)
    )


def test_the_same_options_on_another_socket() -> None:
    lines = _uwsgi().text.splitlines()
    for kept in (
        *("chdir = /home/ana/shop", "module = shop.wsgi", "master = true", "buffer-size = 8192", "listen = 512"),
        *("static-map = /static=/home/ana/shop/static", "socket = /tmp/aside/u.sock", "http-socket = 127.0.0.1:4711"),
        *("processes = %k", "threads = $(THREADS)", "route = ^/a%%20b break:404"),
    ):
        assert kept in lines, kept
    text = "\n".join(lines)
    for gone in ("9090", ":8000", "daemonize", "pidfile", "9191", "touch", "migrate", "celery", "minute", "uid", "home ="):
        assert gone not in text, gone
    assert not any(line.startswith("base") for line in lines), "a placeholder, which `strict` would refuse"
    assert _uwsgi().home == "/home/ana/shop/env"
    assert _uwsgi().http == ("0.0.0.0:8000",)


def test_what_uwsgi_does_not_do_here_is_told() -> None:
    told = "\n".join(_uwsgi().adjusted)
    for word in ("`exec-pre-app`", "`cron2`", "`attach-daemon`", "`uid`", "no plugin rack", "listen = 4096"):
        assert word in told, word
    for word in ("daemonize", "pidfile", "stats", "socket", "SECRET"):
        assert word not in told, "a place, or a secret"


def test_it_becomes_the_account_it_names_where_it_can() -> None:
    assert "uid = shop" in _uwsgi(as_root=True, accounts=("shop",)).text
    assert _uwsgi(as_root=True, accounts=("shop",)).becomes
    assert not _uwsgi(as_root=True).becomes
    assert "no shop on this machine" in "\n".join(_uwsgi(as_root=True).adjusted)


def test_its_environment_is_for_the_process_not_for_the_file() -> None:
    options, _ = ini.parse(UWSGI, "/srv/shop/uwsgi.ini")
    assert uwsgi.variables(options) == (("SECRET", "100%"),)
    assert "SECRET" not in _uwsgi().text


def test_a_file_that_reads_itself_again_does_so_only_for_its_application() -> None:
    text = _uwsgi("[uwsgi]\nsocket = a.sock\nini-paste-logged = %p\n").text
    assert "paste = config:/home/ana/shop/uwsgi.ini" in text
    assert "ini-paste" not in text


@pytest.mark.parametrize("value", ["a\nb", "%", "%%(x)", "@(x)", "$(x)", " x "])
def test_a_value_cannot_become_another_option(value: str) -> None:
    from portico.model.directive import Option

    text = uwsgi.moved(
        [Option("module", value, "/a.ini:1")], uwsgi.Aside("/t", "/t/s", 0, NO_MAP, False, lambda _: False, 9)
    ).text
    assert [line.partition(" = ")[0] for line in text.splitlines()[1:]] == [
        *("module", "need-app", "no-orphans", "socket", "chmod-socket")
    ]
