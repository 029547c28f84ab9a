from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from portico.hops.django import kinds
from portico.hops.django.checks import check
from portico.hops.django.facts import DjangoFacts, WsgiPlace, parse
from portico.model.plan import Listen, Plan
from support.inside_projects import WSGI, django_project, inspect, write
from support.plans import make_plan

HERE, EVERYWHERE, OFFICE = Listen("127.0.0.1", 8000), Listen("*", 80), Listen("192.168.1.5", 8000)


def ids(facts: DjangoFacts, plan: Plan | None = None) -> list[str]:
    return [finding.id for finding in check(facts, plan or make_plan())]


def healthy(**more: Any) -> DjangoFacts:
    return DjangoFacts(
        **{"settings": "a.b", "allowed_hosts": ("127.0.0.1", "example.com"), "data_upload_max_bytes": 2621440, **more}
    )


def test_nothing_to_say_of_a_healthy_project() -> None:
    for listen in (HERE, EVERYWHERE, OFFICE):
        assert ids(healthy(), make_plan(listen=listen)) == []


def test_no_hosts() -> None:
    (finding,) = check(healthy(allowed_hosts=(), settings_file="/s/settings.py"), make_plan())
    assert (finding.id, finding.severity) == ("django.E001", "error")
    assert finding.fix == ('ALLOWED_HOSTS = ["127.0.0.1", "your.domain"]   # in /s/settings.py',)


@pytest.mark.parametrize(
    ("allowed", "listen", "names", "refused"),
    [
        (("example.com",), HERE, (), ["127.0.0.1"]),
        (("example.com",), EVERYWHERE, (), []),
        (("localhost",), EVERYWHERE, (), ["127.0.0.1"]),
        (("localhost",), Listen("::1", 8000), (), ["[::1]"]),
        (("localhost",), OFFICE, (), ["192.168.1.5"]),
        (("*",), OFFICE, ("shop.example",), []),
        ((".example.com",), EVERYWHERE, ("www.example.com", "other.example"), ["other.example"]),
        (("example.com",), EVERYWHERE, ("*.example.com", "_", ".example.com"), []),
    ],
)
def test_hosts_that_are_refused(
    allowed: tuple[str, ...], listen: Listen, names: tuple[str, ...], refused: list[str]
) -> None:
    found = check(healthy(allowed_hosts=allowed), make_plan(listen=listen, site={"server_names": names}))
    assert [finding.id for finding in found] == [kinds.HOST_REFUSED.id] * len(refused)
    assert [finding.title for finding in found] == [f"ALLOWED_HOSTS does not permit {host}" for host in refused]


def test_the_name_that_does_work_is_told() -> None:
    (finding,) = check(healthy(allowed_hosts=("localhost",)), make_plan())
    assert finding.fix[1] == "or open http://localhost:8000/"


@pytest.mark.parametrize(
    ("entry", "fix"),
    [
        ("https://example.com/", '"example.com"   # instead of "https://example.com/"'),
        ("example.com:8000", '"example.com"   # instead of "example.com:8000"'),
        ("my_host", 'remove "my_host" from ALLOWED_HOSTS'),
    ],
)
def test_entries_that_never_match(entry: str, fix: str) -> None:
    (finding,) = check(healthy(allowed_hosts=("127.0.0.1", entry)), make_plan())
    assert (finding.id, finding.fix[0]) == (kinds.DEAD_HOST.id, fix)


@pytest.mark.parametrize(
    ("listen", "kind"),
    [
        (HERE, kinds.DEBUG_HERE),
        (Listen("::1", 80), kinds.DEBUG_HERE),
        (OFFICE, kinds.DEBUG_NETWORK),
        (Listen("0.0.0.0", 80), kinds.DEBUG_PUBLIC),
        (Listen("::", 80), kinds.DEBUG_PUBLIC),
        (EVERYWHERE, kinds.DEBUG_PUBLIC),
        (Listen("8.8.8.8", 80), kinds.DEBUG_PUBLIC),
    ],
)
def test_debug(listen: Listen, kind: Any) -> None:
    assert ids(healthy(debug=True, allowed_hosts=("*",)), make_plan(listen=listen)) == [kind.id]


def test_redirect_to_tls_that_nobody_ends() -> None:
    facts = healthy(secure_ssl_redirect=True)
    assert ids(facts) == [kinds.REDIRECT_LOOP.id]
    assert ids(facts, make_plan(nginx={"trusted_proxies": ("10.0.0.1",)})) == []
    assert ids(facts, make_plan(front="none")) == [kinds.REDIRECT_LOOP.id]


@pytest.mark.parametrize(
    ("django", "nginx", "expected"),
    [(100 << 20, 75 << 20, 1), (2 << 20, 75 << 20, 0), (None, 75 << 20, 0), (100 << 20, 0, 0), (75 << 20, 75 << 20, 0)],
)
def test_body_limits(django: int | None, nginx: int, expected: int) -> None:
    found = check(healthy(data_upload_max_bytes=django), make_plan(nginx={"client_max_body_bytes": nginx}))
    assert [finding.id for finding in found] == [kinds.SMALLER_FRONT.id] * expected
    if found:
        assert 'client_max_body_size = "100m"' in found[0].fix[0]


def test_a_wsgi_module_with_other_settings() -> None:
    facts = healthy(settings_origin="manage.py", wsgi_settings="a.live", wsgi=WsgiPlace(module="a.wsgi"))
    (finding,) = check(facts, make_plan())
    assert finding.id == kinds.OTHER_SETTINGS.id
    assert finding.fix[0].startswith('settings = "a.live"')
    assert ids(dataclasses.replace(facts, settings_origin="request")) == []
    assert ids(dataclasses.replace(facts, wsgi_settings="a.b")) == []


def test_a_storage_that_cannot_be_imported() -> None:
    assert ids(healthy(static_storage="x.Y", static_storage_error="ImportError: x")) == [kinds.STORAGE_BROKEN.id]


def test_websockets_are_not_served() -> None:
    assert ids(healthy(asgi_application="mysite.asgi.application")) == [kinds.HTTP_ONLY.id]


def test_facts_of_a_real_project(tmp_path: Path) -> None:
    settings = "ALLOWED_HOSTS = ['https://example.com']\nSECURE_SSL_REDIRECT = True\nDATA_UPLOAD_MAX_MEMORY_SIZE = 10 ** 9\n"
    project = django_project(tmp_path, settings, wsgi=WSGI.replace("mysite.settings", "mysite.live"))
    facts = parse(inspect(sys.executable, write(project, {"mysite/live.py": ""}))["django"])
    assert facts.databases == {"default": ("django.db.backends.sqlite3", str(tmp_path / "db.sqlite3"))}
    assert ids(facts) == [
        kinds.DEAD_HOST.id,
        kinds.HOST_REFUSED.id,
        kinds.REDIRECT_LOOP.id,
        kinds.SMALLER_FRONT.id,
        kinds.OTHER_SETTINGS.id,
    ]


def test_facts_from_nothing_or_from_a_later_version() -> None:
    assert parse({}) == DjangoFacts()
    assert parse({"unheard_of": 1, "allowed_hosts": None, "wsgi": {"module": "m", "new": 1}}).wsgi == WsgiPlace(module="m")
