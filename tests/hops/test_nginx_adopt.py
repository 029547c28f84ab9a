"""What becomes of each directive of a hand-written configuration of nginx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portico.hops.nginx.adopt.carry import carry
from portico.hops.nginx.contexts import as_main
from portico.hops.nginx.listens import PASSES, servers
from portico.hops.nginx.render import files
from portico.hops.nginx.tree import tree
from portico.model.adoption import NO_MAP, Carried, PathMap
from portico.model.directive import Directive
from portico.system import nginx_conf
from support.plans import make_plan

APP = "location / { include uwsgi_params; uwsgi_pass unix:/run/app.sock; }"


def read(folder: Path, text: str) -> Directive:
    folder.mkdir(exist_ok=True)
    conf = folder / "site.conf"
    conf.write_text(text, encoding="utf-8")
    (folder / "uwsgi_params").write_text("uwsgi_param QUERY_STRING $query_string;\n", encoding="utf-8")
    root, _ = tree(nginx_conf.read(conf), str(conf))
    assert root
    return as_main(root)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Directive:
    """What Portico writes for a plan without anything special."""
    folder = tmp_path_factory.mktemp("own")
    plan = make_plan(str(folder), site={"maps": ()}, nginx={"static_max_age_s": 60})
    for file in files(plan):
        (folder / file.path).write_text(file.text, encoding="utf-8")
    root, _ = tree(nginx_conf.read(folder / "nginx.conf"), str(folder / "nginx.conf"))
    assert root
    return root


class Ledger:
    """The entries, and the configuration that they add up to."""

    def __init__(self, lines: tuple[Carried, ...]) -> None:
        self.lines = lines

    def of(self, text: str) -> list[Carried]:
        found = [line for line in self.lines if line.text.startswith(text)]
        assert found, (text, [line.text for line in self.lines])
        return found

    def fate(self, text: str) -> str:
        return " ".join(dict.fromkeys(line.fate for line in self.of(text)))

    def get(self, key: str) -> Any:
        values = [line.value for line in self.lines if line.key == key and line.value is not None]
        if values and isinstance(values[0], tuple):
            return tuple(part for value in values for part in value)  # type: ignore[union-attr]
        return values[-1] if values else None

    def raw(self, key: str) -> str:
        return " ".join(" ".join(self.get(f"nginx.extra_{key}") or ()).split())


@pytest.fixture
def adopt(tmp_path: Path, own: Directive) -> Any:
    def of(text: str, paths: PathMap = NO_MAP) -> Ledger:
        root = read(tmp_path / "a", text)
        serving = [one for one in servers(root) if next(one.deep(*PASSES), None)]
        passed = next((entry.args[0] for entry in serving[0].deep("uwsgi_pass")), "")
        upstream = next((entry for entry in root.deep("upstream") if entry.args[0] == passed), None)
        return Ledger(carry(root, serving[0], upstream, own, paths))

    return of


def server(text: str, app: str = APP) -> str:
    return f"server {{ listen 80; server_name a.example;\n{text}\n{app}\n}}"


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("client_max_body_size 75M;", "nginx.client_max_body_size", "75m"),
        ("keepalive_timeout 1m30s;", "nginx.keepalive_timeout", 90),
        ("charset off;", "nginx.charset", "off"),
        ("gzip off;", "nginx.gzip", False),
        ("uwsgi_connect_timeout 250ms;", "nginx.uwsgi_connect_timeout", "250ms"),
        ("uwsgi_read_timeout 5m;", "nginx.uwsgi_read_timeout", 300),
        ("error_log /var/log/x.log info;", "nginx.error_log_level", "info"),
        ("access_log off;", "nginx.access_log", "off"),
        ("access_log /var/log/x.log portico;", "nginx.access_log", "/var/log/x.log"),
        ("location /s { root /srv/a; expires 1h; }", "static", {"/s/": "/srv/a/s"}),
        ("location ^~ /s/ { alias /srv/a/; }", "static", {"/s/": "/srv/a"}),
        ("location /s/ { alias /srv/a/; expires 1h; }", "nginx.static_max_age", 3600),
        ("location /s/ { alias /srv/a/; add_header Cache-Control 'public, max-age=7'; }", "nginx.static_max_age", 7),
        ("location /uploads/ { alias /srv/a/; }", "media", {"/uploads/": "/srv/a"}),
        ("location /f/ { alias /srv/media/; }", "media", {"/f/": "/srv/media"}),
        ("location '/a%b c/' { alias /srv/a/; }", "static", {"/a%25b c/": "/srv/a"}),
        ("set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For;", "nginx.trusted_proxies", ("10.0.0.0/8",)),
    ],
)
def test_what_a_key_says(adopt: Any, line: str, key: str, value: Any) -> None:
    assert adopt(server(line)).get(key) == value
    if not line.startswith("location"):
        assert adopt(f"{line}\n{server('')}").get(key) == value


@pytest.mark.parametrize(
    ("listen", "value", "raw"),
    [
        ("listen 80;", "0.0.0.0:80", ""),
        ("listen *:8080 default_server;", "0.0.0.0:8080", ""),
        ("listen 127.0.0.1:81; listen 82;", "127.0.0.1:81", "listen 82;"),
        ("listen 80; listen [::]:80 ipv6only=on;", "*:80", ""),
        ("listen [::]:80 ipv6only=off;", "*:80", ""),
        ("listen [::1]:8000;", "[::1]:8000", ""),
        ("", "0.0.0.0:80", ""),
        ("listen 443 ssl; ssl_certificate /c.pem;", "127.0.0.1:8000", "listen 443 ssl; ssl_certificate /c.pem;"),
        ("listen 443 ssl; listen 80;", "0.0.0.0:80", "listen 443 ssl;"),
        ("listen unix:/run/web.sock;", "127.0.0.1:8000", "listen unix:/run/web.sock;"),
        ("listen 80 proxy_protocol;", "127.0.0.1:8000", "listen 80 proxy_protocol;"),
        ("listen 8000-8010;", "127.0.0.1:8000", "listen 8000-8010;"),
    ],
)
def test_addresses(adopt: Any, listen: str, value: str, raw: str) -> None:
    ledger = adopt(f"server {{ {listen} {APP} }}")
    assert (ledger.get("listen"), ledger.raw("server")) == (value, raw)


def test_names(adopt: Any) -> None:
    ledger = adopt(f"server {{ server_name a.example *.b.example ~^c\\d+$ _; {APP} }}")
    assert ledger.get("server_name") == ("a.example", "*.b.example")
    assert ledger.raw("server") == "server_name ~^c\\d+$;"
    assert adopt(f"server {{ server_name _; {APP} }}").get("server_name") is None


def test_only_what_is_in_force_for_the_application_counts(adopt: Any) -> None:
    inside = "location / { client_max_body_size 3m; uwsgi_pass unix:/run/app.sock; }"
    ledger = adopt("client_max_body_size 1m;\n" + server("client_max_body_size 2m;", inside))
    assert ledger.get("nginx.client_max_body_size") == "3m"
    assert [line.fate for line in ledger.of("client_max_body_size")] == ["same", "same", "key"]
    assert "line 4" in ledger.of("client_max_body_size 2m")[0].why


@pytest.mark.parametrize(
    "location",
    [
        "location = /favicon.ico { alias /srv/favicon.ico; }",
        "location /robots.txt { alias /srv/robots.txt; }",
        r"location ~* \.(css|js)$ { root /srv; expires max; }",
        "location /files/ { alias /srv/files/; autoindex on; }",
        "location /private/ { internal; alias /srv/private/; }",
        "location /api { auth_basic API; include uwsgi_params; uwsgi_pass portico_app; }",
        "location /old { return 301 /new; }",
        "location /cors/ { alias /srv/f/; add_header Access-Control-Allow-Origin *; }",
        "location /v/ { alias /srv/$host/; }",
    ],
)
def test_other_locations_are_raw_blocks(adopt: Any, location: str) -> None:
    given = location.replace("portico_app", "unix:/run/app.sock")
    assert adopt(server(given)).raw("server") == location


def test_paths_of_raw_blocks_are_those_of_this_machine(adopt: Any) -> None:
    text = "ssl_certificate /etc/ssl/a.pem; auth_basic_user_file users; location = /x { root /srv/x; }"
    ledger = adopt(server(text), PathMap((("/etc", "/here/etc"), ("/srv", "/here"))))
    folder = ledger.lines[0].where.rpartition("/")[0]
    assert "ssl_certificate /here/etc/ssl/a.pem;" in ledger.raw("server")
    assert f"auth_basic_user_file {folder}/users;" in ledger.raw("server")
    assert "root /here/x;" in ledger.raw("server")
    assert [line.paths for line in ledger.lines if line.paths] == [
        ("/here/etc/ssl/a.pem",),
        (f"{folder}/users",),
        ("/here/x",),
    ]


def test_the_variables_of_the_application(adopt: Any) -> None:
    inside = """location / { include uwsgi_params; uwsgi_param MINE "a b"; uwsgi_param API_KEY geheim1;
    uwsgi_param HTTP_X_FORWARDED_FOR $proxy_add_x_forwarded_for; uwsgi_pass unix:/run/app.sock; }"""
    ledger = adopt(server("", inside))
    assert ledger.raw("location") == 'uwsgi_param MINE "a b"; uwsgi_param API_KEY geheim1;'
    assert ledger.fate("uwsgi_param QUERY_STRING") == "same"
    assert ledger.fate("uwsgi_param HTTP_X_FORWARDED_FOR") == "differs"
    assert not [line for line in ledger.lines if "geheim1" in line.text + line.why]


def test_variables_of_the_server_reach_locations_that_are_copied(adopt: Any) -> None:
    text = "include uwsgi_params; uwsgi_param MINE 1; location /api { uwsgi_pass unix:/run/app.sock; }"
    ledger = adopt(server(text, "location / { uwsgi_pass unix:/run/app.sock; }"))
    expected = "location /api { include uwsgi_params; uwsgi_param MINE 1; uwsgi_pass portico_app; }"
    assert (ledger.raw("server"), ledger.raw("location")) == (expected, "uwsgi_param MINE 1;")


def test_a_file_of_variables_that_says_more(adopt: Any, tmp_path: Path) -> None:
    own = tmp_path / "own_params"
    own.write_text("uwsgi_param QUERY_STRING $query_string;\nuwsgi_param REMOTE_USER $remote_user;\n", encoding="utf-8")
    inside = f"location / {{ include {own}; uwsgi_pass unix:/run/app.sock; }}"
    ledger = adopt(server("location /x { include uwsgi_params; uwsgi_pass unix:/run/app.sock; }", inside))
    assert ledger.get("nginx.uwsgi_params") == str(own)
    assert "include" not in ledger.raw("server"), "Portico writes no uwsgi_params then"
    assert "uwsgi_param QUERY_STRING $query_string;" in ledger.raw("server")


def test_lines_that_portico_writes_otherwise(adopt: Any) -> None:
    lines = "uwsgi_next_upstream off; uwsgi_buffers 4 4k; uwsgi_buffering off; add_header A b;"
    inside = f"location / {{ {lines} uwsgi_pass unix:/run/app.sock; }}"
    ledger = adopt("sendfile off; server_tokens on; tcp_nodelay on; absolute_redirect off;\n" + server("", inside))
    assert ledger.fate("uwsgi_next_upstream") == "differs"
    assert "`uwsgi_next_upstream error`" in ledger.of("uwsgi_next_upstream")[0].why
    assert ledger.raw("location") == "uwsgi_buffers 4 4k; uwsgi_buffering off; add_header A b;"
    assert "X-Request-ID" in ledger.of("add_header A")[0].why
    assert [ledger.fate(name) for name in ("sendfile", "tcp_nodelay", "absolute_redirect")] == ["differs", "same", "same"]
    assert ledger.raw("server") == "server_tokens on;", "nginx takes only one in http, and this one is for the visitors"


def test_headers_of_http_go_where_they_have_an_effect(adopt: Any) -> None:
    assert adopt("add_header A b;\n" + server("")).raw("server") == "add_header A b;"
    ledger = adopt("add_header A b;\n" + server("add_header C d;"))
    assert (ledger.raw("server"), ledger.fate("add_header A")) == ("add_header C d;", "same")


def test_what_defines_a_name_of_porticos_is_not_doubled(adopt: Any) -> None:
    ledger = adopt("log_format portico x; map $uri $portico_host { default 1; } map $uri $m { default 1; }\n" + server(""))
    assert ledger.raw("http") == "map $uri $m { default 1; }"


def test_a_front_end_that_is_built(adopt: Any) -> None:
    text = "location / { root /srv/dist; try_files $uri @app; } location @app { uwsgi_pass unix:/run/app.sock; }"
    ledger = adopt(server("", text))
    assert (ledger.get("nginx.public"), ledger.raw("server")) == ("/srv/dist", "")
    more = adopt(server("root /srv/dist;", text.replace("root /srv/dist;", "").replace("$uri @", "$uri $uri/ @")))
    assert (more.get("nginx.public"), more.fate("try_files")) == ("/srv/dist", "differs")
    other = adopt(server("location = /x { try_files /x.txt @app; }", text))
    assert "location @app { " in other.raw("server"), "the raw location hands requests to it"


def test_a_location_for_everything_that_is_not_the_applications(adopt: Any) -> None:
    text = "location / { proxy_pass http://127.0.0.1:3000/; } location /api/ { uwsgi_pass unix:/run/app.sock; }"
    ledger = adopt(server(r"location ~ \.php$ { return 404; }", text))
    api = "location ^~ /api/ { include uwsgi_params; uwsgi_pass portico_app; }"
    last = "location ~ ^/ { proxy_pass http://127.0.0.1:3000; }"
    assert ledger.raw("server") == rf"location ~ \.php$ {{ return 404; }} {api} {last}"


def test_a_part_of_the_paths_only(adopt: Any) -> None:
    ledger = adopt(server("", "location /wiki { include uwsgi_params; uwsgi_pass unix:/run/app.sock; }"))
    nothing = "if ($request_method !~ ^(GET|HEAD|POST)$) { return 405; } return 404;"
    wiki = "location /wiki { include uwsgi_params; uwsgi_pass portico_app; }"
    assert ledger.raw("server") == f"{wiki} location ~ ^/(?!wiki) {{ {nothing} }}"
    assert ledger.get("health_path") == "/wiki"


def test_over_http(adopt: Any) -> None:
    inside = """location / { proxy_pass http://127.0.0.1:8001; proxy_read_timeout 90; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Mine 1; proxy_buffering off; proxy_redirect off; }"""
    ledger = adopt(server("", inside))
    assert ledger.get("nginx.uwsgi_read_timeout") == 90
    assert ledger.raw("location") == "uwsgi_param HTTP_X_MINE 1; uwsgi_buffering off;"
    assert [ledger.fate(f"proxy_{name}") for name in ("pass", "set_header Host", "redirect")] == [
        "differs",
        "same",
        "differs",
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("server unix:///run/app.sock;", {}),
        ("server 127.0.0.1:9090;", {}),
        ("server localhost:9090;", {}),
        ("server 0.0.0.0:9090;", {}),
        ("server [::]:9090;", {}),
        ("server app:9090;", {}),
        ("server unix:/a.sock; server unix:/b.sock max_fails=3;", {"instances": 2, "upstream.max_fails": 3}),
        ("least_conn; server unix:/a.sock;", {}),
        (
            "ip_hash; server 10.0.0.2:9090 weight=2 fail_timeout=1m; server 10.0.0.3:9090 down;",
            {
                "upstream.balance": "ip_hash",
                "servers": ("10.0.0.2:9090 weight=2 fail_timeout=60s", "10.0.0.3:9090 down"),
                "role": "front",
            },
        ),
        (
            "server 127.0.0.1:9090; server db.example:9090 slow_start=3s;",
            {"servers": ("db.example:9090",)},
        ),
    ],
)
def test_upstreams(adopt: Any, lines: str, expected: dict[str, Any]) -> None:
    keys = ("uwsgi.address", "instances", "servers", "role", "upstream.balance", "upstream.max_fails")
    ledger = adopt(f"upstream pool {{ {lines} }}\n" + server("", "location / { uwsgi_pass pool; }"))
    assert {key: value for key in keys if (value := ledger.get(key)) is not None} == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])
def test_a_port_of_this_machine_is_not_taken_over(adopt: Any, host: str) -> None:
    address = f"{host}:9090".replace("localhost", "127.0.0.1")
    for line in (f"uwsgi_pass {host}:9090", f"server {host}:9090"):
        pool = f"upstream pool {{ {line}; }}\n" if line.startswith("server") else ""
        ledger = adopt(pool + server("", f"location / {{ {'uwsgi_pass pool' if pool else line}; }}"))
        (entry,) = (one for one in ledger.lines if one.text == line)
        assert (entry.fate, f'address = "{address}"' in entry.why) == ("differs", True)


def test_servers_beside_it(adopt: Any) -> None:
    redirect = "server { listen 80; server_name www.a.example; return 301 http://a.example$request_uri; }"
    unnamed = "server { listen 80 default_server; server_name _; return 444; }"
    other = "server { listen 80; server_name b.example; location / { uwsgi_pass unix:/run/b.sock; } }"
    twin = "server { listen 8080 default_server; location / { uwsgi_pass unix:/run/app.sock; } }"
    ledger = adopt("\n".join((server(""), redirect, unnamed, other, twin)))
    copied = "server { listen 8080 default_server; location / { include uwsgi_params; uwsgi_pass portico_app; } }"
    assert ledger.raw("http") == f"{redirect} {copied}"
    assert ledger.fate("server_name b.example") == "left"
    assert any("--server b.example" in line.why for line in ledger.lines)
    assert ledger.fate("return 444") == "raw"
    assert ledger.raw("server") == r"if ($http_host !~* ^(?:a\.example)(?::\d+)?$) { return 444; }"
    assert ledger.get("health_host") == "a.example"


def test_a_redirect_keeps_its_address_where_the_site_speaks_tls(adopt: Any) -> None:
    redirect = "server { listen 80 default_server; server_name _; return 301 https://$host$request_uri; }"
    assert adopt(f"server {{ listen 443 ssl; {APP} }}\n{redirect}").raw("http") == redirect


def test_other_upstreams_and_formats_only_where_they_are_needed(adopt: Any) -> None:
    text = "upstream ws { server 127.0.0.1:1; } upstream gone { server 127.0.0.1:2; } log_format a x; log_format b y;\n"
    ledger = adopt(text + server("location /ws/ { access_log /var/log/ws.log a; proxy_pass http://ws; }"))
    assert ledger.raw("http") == "upstream ws { server 127.0.0.1:1; } log_format a x;"
    assert [ledger.fate(name) for name in ("upstream gone", "log_format b")] == ["left", "differs"]


def test_the_main_context(adopt: Any) -> None:
    main = "user www-data staff; worker_processes auto; worker_priority 5; pid /run/x.pid; daemon off; env TOKEN=abc; "
    main += "load_module modules/ngx_http_perl_module.so; load_module modules/ngx_stream_module.so; stream { }"
    ledger = adopt(f"{main} events {{ worker_connections 99; use epoll; }} http {{ {server('')} }}")
    assert (ledger.get("nginx.user"), ledger.get("nginx.worker_connections")) == ("www-data", 99)
    assert ledger.raw("main") == "worker_priority 5; env TOKEN=abc; load_module modules/ngx_stream_module.so; stream {}"
    assert ledger.fate("user") == "key differs"
    fates = [
        ledger.fate(name) for name in ("worker_processes", "pid", "daemon", "use epoll", "load_module modules/ngx_http_perl")
    ]
    assert fates == ["same", "differs", "differs", "differs", "left"]
    assert "abc" not in ledger.of("env")[0].text


def test_defaults_that_are_not_written(adopt: Any) -> None:
    ledger = adopt(server("gzip on;"))
    assert [line.fate for line in ledger.of("no ")] == ["differs", "differs"]
    assert 'nginx.client_max_body_size = "1m"' in ledger.of("no client_max_body_size")[0].why


def test_a_prefix_that_stands_twice(adopt: Any) -> None:
    ledger = adopt(server("location /s { alias /srv/a/; } location /s/ { alias /srv/b/; }"))
    assert ledger.get("static") == {"/s/": "/srv/a"}
    assert ledger.fate("location /s/") == "differs"


@pytest.mark.parametrize(
    "line",
    [
        "location /d { secure_link_md5 '$uri geheim1'; return 204; }",
        "location /w { proxy_pass http://ana:geheim1@127.0.0.1:1; }",
        "location /b { proxy_set_header X-Mine 'Bearer geheim1'; return 204; }",
        "if ($http_x_api_token != geheim1) { return 403; }",
        "set $api_key geheim1;",
        "add_header X-Secret geheim1;",
    ],
)
def test_what_is_secret_is_copied_and_not_told(adopt: Any, line: str) -> None:
    ledger = adopt("map $http_token $known { geheim2 1; default 0; }\n" + server(line))
    assert "geheim1" in ledger.raw("server")
    assert "geheim2" in ledger.raw("http")
    assert not [one for one in ledger.lines if "geheim" in one.text + one.why]


def test_what_nginx_refuses_is_told(adopt: Any) -> None:
    ledger = adopt(server("client_max_body_size; location { return 204; }"))
    assert {line.fate for line in (*ledger.of("client_max_body_size"), *ledger.of("location "), *ledger.of("return"))} >= {
        "left"
    }
    assert ledger.raw("server") == ""


@pytest.mark.parametrize("text", ["", "user www-data;", "stream { server { listen 1; } }"])
def test_without_a_server(tmp_path: Path, text: str) -> None:
    conf = tmp_path / "x.conf"
    conf.write_text(text)
    root, _ = tree(nginx_conf.read(conf), str(conf))
    root = root or Directive("", (), str(conf), 0, ())
    assert {line.fate for line in carry(root, root, None, None, NO_MAP)} <= {"left"}
