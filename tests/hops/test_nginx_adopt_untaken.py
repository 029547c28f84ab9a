"""Paths that no location takes stay the application's no business."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_nginx_adopt import Ledger, read

from portico.hops.nginx.adopt.carry import carry
from portico.hops.nginx.listens import servers
from portico.model.adoption import NO_MAP

PASS = "include uwsgi_params; uwsgi_pass unix:/run/app.sock;"


def adopt(folder: Path, inside: str) -> Ledger:
    root = read(folder / "a", f"server {{ listen 80; {inside} }}")
    return Ledger(carry(root, servers(root)[0], None, None, NO_MAP))


@pytest.mark.parametrize(
    ("inside", "last", "health"),
    [
        (f"location /app {{ {PASS} }}", "^/(?!app) { NOTHING }", "/app"),
        (f"location ^~ /a/ {{ {PASS} }} location /b.c {{ {PASS} }}", r"^/(?!a/|b\.c) { NOTHING }", "/a/"),
        (f"location /x {{ return 204; }} location /app {{ {PASS} }}", "^/(?!x|app) { NOTHING }", "/app"),
        (f"location /static/ {{ alias /srv/s/; }} location /app {{ {PASS} }}", "^/(?!app) { NOTHING }", "/app"),
        (f"location ~ ^/(a|b)/ {{ {PASS} }}", "^/ { NOTHING }", None),
        (f"location ~ ^/shop(/|$) {{ {PASS} }}", "^/ { NOTHING }", "/shop"),
        (f"location = /hook {{ {PASS} }}", "^/ { NOTHING }", "/hook"),
        (f"root /srv/www; location /app {{ {PASS} }}", "^/(?!app) {}", "/app"),
        (
            f"root /srv/www; try_files $uri =404; location /app {{ {PASS} }}",
            "^/(?!app) { try_files $uri =404; }",
            "/app",
        ),
        (
            f"location /app {{ root /srv; try_files $uri @app; }} location @app {{ {PASS} }}",
            "^/(?!app) { NOTHING }",
            "/app",
        ),
    ],
)
def test_a_location_for_the_rest(tmp_path: Path, inside: str, last: str, health: str | None) -> None:
    ledger = adopt(tmp_path, inside)
    last = last.replace("NOTHING", "if ($request_method !~ ^(GET|HEAD|POST)$) { return 405; } return 404;")
    assert ledger.raw("server").endswith(f" location ~ {last}") or ledger.raw("server") == f"location ~ {last}"
    assert ledger.get("health_path") == health
    if health is None:
        assert ["health_path" in line.why for line in ledger.of("no location /") if line.fate == "differs"] == [True]


@pytest.mark.parametrize(
    "inside",
    [
        f"location / {{ {PASS} }}",
        f"location ~ .* {{ {PASS} }}",
        f"root /srv; try_files $uri @app; location @app {{ {PASS} }}",
        f"location / {{ root /srv; try_files $uri @app; }} location @app {{ {PASS} }}",
    ],
)
def test_none_where_the_application_has_all(tmp_path: Path, inside: str) -> None:
    ledger = adopt(tmp_path, inside)
    assert not re.search(r"location ~ \^/(\(|$| )", ledger.raw("server"))
    assert ledger.get("health_path") is None


def test_a_page_in_front_has_the_rest_already(tmp_path: Path) -> None:
    ledger = adopt(tmp_path, f"location / {{ root /srv; }} location /api/ {{ {PASS} }}")
    assert ledger.raw("server").endswith("location ~ ^/ { root /srv; }")
    assert ledger.get("health_path") == "/api/"
