"""Why a request goes where it goes, in words, and how its path becomes a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.hops.nginx.reasons import arithmetic, cache_headers, location_match, location_why, server_why
from portico.hops.nginx.route import route
from portico.hops.nginx.tree import tree
from portico.model.seen import Route
from portico.system import nginx_conf

CONF = """
events {}
http {
  map $uri $kept { "~\\.[0-9a-f]{12}\\." "public, immutable"; default "public, max-age=60"; }
  server {
    listen 127.0.0.1:8000 default_server;
    server_name shop.test *.shop.test;
    set $cache "";
    add_header Cache-Control $cache;
    location ^~ /static/ { alias /srv/static/; set $cache $kept; location ~ /\\. { return 404; } }
    location = /favicon.ico { alias /srv/icon.ico; }
    location /files/ { root /srv; add_header Cache-Control no-store always; }
    location ~* \\.(png|gif)$ { root /srv/pictures; }
    location / { uwsgi_pass app; }
  }
}
"""


@pytest.fixture
def to(tmp_path: Path):
    conf = tmp_path / "nginx.conf"
    conf.write_text(CONF)
    root, problems = tree(nginx_conf.read(conf), str(conf))
    assert root
    assert not problems

    def go(path: str, host: str = "shop.test") -> Route:
        return route(root, "http", "127.0.0.1", 8000, host, path)

    return go


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("Shop.Test:8000", "its server_name is shop.test"),
        ("www.shop.test", "its server_name matches www.shop.test"),
        ("other.test", "no server_name matches other.test, so the default server of this address answers"),
        ("", "no server_name matches a request without Host, so the default server of this address answers"),
    ],
)
def test_a_server_is_taken_by_name_or_by_default(to, host: str, why: str) -> None:
    assert server_why(to("/", host), host) == why


@pytest.mark.parametrize(
    ("path", "match", "why"),
    [
        ("/static/a.css", "^~ /static/", "^~ keeps regular expressions"),
        ("/static/.git", "~ /\\.", "matches this regular expression"),
        ("/favicon.ico", "= /favicon.ico", "exactly /favicon.ico"),
        ("/files/a", "/files/", "no regular expression matches"),
        ("/files/a.PNG", "~* \\.(png|gif)$", "in capitals or not"),
        ("/cart/", "/", "no other location fits better"),
    ],
)
def test_a_location_is_taken_for_a_reason(to, path: str, match: str, why: str) -> None:
    location = to(path).location
    assert location_match(location) == match
    assert why in location_why(location)


@pytest.mark.parametrize(
    ("path", "sum_"),
    [
        ("/static/a%20b.css?v=1", ("/srv/static/a b.css", "/static/", "a b.css", "/srv/static/")),
        ("/files/x/../a", ("/srv/files/a", "", "/files/a", "/srv")),
        ("/files/a.png", ("/srv/pictures/files/a.png", "", "/files/a.png", "/srv/pictures")),
        ("/favicon.ico", ("/srv/icon.ico", "/favicon.ico", "", "/srv/icon.ico")),
    ],
)
def test_the_parts_of_a_file_s_path_make_the_file(to, path: str, sum_: tuple[str, str, str, str]) -> None:
    found = arithmetic(to(path), path)
    assert found
    assert (found.file, found.prefix, found.rest, found.alias) == sum_
    assert found.alias + found.rest == found.file


def test_what_is_no_file_has_no_arithmetic(to) -> None:
    assert arithmetic(to("/cart/"), "/cart/") is None


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        ("/static/a.0123456789ab.css", 200, "public, immutable"),
        ("/static/a.css", 200, "public, max-age=60"),
        ("/static/a.css", 404, None),
        ("/files/a", 404, "no-store"),
        ("/favicon.ico", 200, None),
    ],
)
def test_cache_headers_are_those_that_nginx_adds(to, path: str, status: int, kept: str | None) -> None:
    assert dict(cache_headers(to(path), path, status)).get("Cache-Control") == kept
