"""What two hops must agree on, judged from the plan alone."""

from __future__ import annotations

from typing import Any

import pytest

from portico.hops.django.facts import DjangoFacts
from portico.model.plan import Listen
from portico.seams import nginx_django, nginx_uwsgi
from support.plans import make_plan

PUBLIC = Listen("192.0.2.1", 80)
PROXIES = {"trusted_proxies": ("10.0.0.0/8",)}


def transport(listen: Listen = PUBLIC, nginx: dict[str, Any] | None = None, front: str = "nginx", **facts: Any) -> list[str]:
    plan = make_plan(listen=listen, nginx=nginx or {}, front=front)
    return [finding.id for finding in nginx_django.transport(DjangoFacts(**facts), plan)]


def test_a_secure_cookie_over_http_is_a_login_loop() -> None:
    plan = make_plan(listen=PUBLIC)
    facts = DjangoFacts(session_cookie_secure=True, csrf_cookie_secure=True, settings_file="/srv/s.py")
    (found,) = nginx_django.transport(facts, plan)
    assert (found.id, found.severity) == ("nginx-django.W081", "warning")
    assert found.cause.startswith("SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE are on, and 192.0.2.1:80 speaks plain http")
    assert found.fix[1] == "SESSION_COOKIE_SECURE = False   # in /srv/s.py, where there is no TLS"
    assert transport(csrf_cookie_secure=True) == ["nginx-django.W081"]


def test_a_secure_cookie_where_it_works() -> None:
    secure = {"session_cookie_secure": True}
    assert transport(Listen("127.0.0.1", 8000), **secure) == [], "browsers make an exception"
    assert transport(nginx=PROXIES, **secure) == []
    assert transport(nginx={"extra_server": ("listen 443 ssl;",)}, **secure) == []
    assert transport(front="elsewhere", **secure) == []
    assert transport() == []


@pytest.mark.parametrize("header", ["HTTP_X_SCHEME", "HTTP_X_FORWARDED_PROTOCOL", "HTTP_X_URL_SCHEME"])
def test_a_scheme_header_that_any_client_can_send(header: str) -> None:
    for listen in (PUBLIC, Listen("127.0.0.1", 8000)):
        assert transport(listen, secure_proxy_ssl_header=(header, "https")) == ["nginx-django.W082"]
    assert transport(nginx=PROXIES, secure_proxy_ssl_header=(header, "https")) == []


def test_a_scheme_header_that_nginx_overwrites() -> None:
    header = ("HTTP_X_FORWARDED_PROTO", "https")
    assert transport(secure_proxy_ssl_header=header) == []
    assert transport(front="none", secure_proxy_ssl_header=header) == ["nginx-django.W082"], "nobody overwrites it"
    assert transport(front="elsewhere", secure_proxy_ssl_header=header) == []


def bodies(limit: str, nginx_bytes: int) -> list[str]:
    plan = make_plan(
        uwsgi={"extra": ("limit-post = 5", f"limit-post = {limit}")}, nginx={"client_max_body_bytes": nginx_bytes}
    )
    return [finding.id for finding in nginx_uwsgi.check(plan)]


@pytest.mark.parametrize(("limit", "nginx_bytes"), [("1048576", 1 << 21), ("1048576", 0)])
def test_uwsgi_refuses_bodies_that_nginx_lets_through(limit: str, nginx_bytes: int) -> None:
    assert bodies(limit, nginx_bytes) == ["nginx-uwsgi.W081"]


@pytest.mark.parametrize(("limit", "nginx_bytes"), [("1048576", 1 << 20), ("0", 1 << 20), ("0", 0), ("%(x)", 1 << 20)])
def test_bodies_that_both_take(limit: str, nginx_bytes: int) -> None:
    assert bodies(limit, nginx_bytes) == []


def test_a_folder_at_the_root_that_nginx_cannot_enter() -> None:
    plan = make_plan(nginx={"public": "/home/ana/public", "user": "www-data"})
    assert nginx_django.check(plan, {"/elsewhere": "/"}) == []
    (found,) = nginx_django.check(plan, {"/home/ana/public": "/home/ana"})
    assert found.id == "nginx-django.W001"
    assert "the application is asked" in found.cause
    assert "chmod o+x /home/ana" in found.fix[0]
