"""`up` knows its own nginx, whatever lines of the user's answer the health path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nginx_lab import make_server_plan, serving

from portico.actions import probe
from portico.model.plan import Listen, NginxBinary
from portico.system.sockets import free_port

ANSWERS = (
    "location ~ ^/ {",
    "    add_header X-Frame-Options DENY;",
    "    return 200;",
    "}",
    "if ($http_host !~ ^localhost$) {",
    "    return 444;",
    "}",
)


def test_by_its_own_words_where_a_location_of_the_users_hides_the_id(nginx: NginxBinary, base: Path) -> None:
    plan = make_server_plan(base, nginx, nginx={"extra_server": ANSWERS}, site={"health_host": "localhost"})
    with serving(plan) as server:
        seen = probe.front(server.plan, 5)
        assert (seen.status, seen.error) == (200, "")


def test_another_nginx_is_not_taken_for_it(nginx: NginxBinary, base: Path) -> None:
    port = free_port()
    beside = ("server {", f"listen 127.0.0.1:{port};", *ANSWERS[:4], "}")
    plan = make_server_plan(base, nginx, nginx={"extra_http": beside})
    with serving(plan) as server:
        seen = probe.front(replace(server.plan, listen=Listen("127.0.0.1", port)), 5)
        assert (seen.status, seen.error) == (0, "another server answered on this address")
