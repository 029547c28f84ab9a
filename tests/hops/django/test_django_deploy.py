"""Django's own messages as findings, judged by the plan."""

from __future__ import annotations

from typing import Any

import pytest

from portico.hops.django.deploy import judge
from portico.hops.django.facts import DjangoFacts
from portico.hops.django.transport import plain_http
from portico.model.finding import Finding
from portico.model.plan import Listen, Plan
from support.plans import make_plan

EVERYWHERE = Listen("*", 80)
PROXIED = make_plan(listen=EVERYWHERE, nginx={"trusted_proxies": ("10.0.0.0/8",)})
FACTS = DjangoFacts(allowed_hosts=("example.com",), settings_file="/srv/destiny/settings.py")
#: Everything in Django 5.2's list that only makes sense with TLS.
TLS = [f"security.W{number:03}" for number in (4, 5, 8, 10, 11, 12, 16, 21)]


def message(name: str, level: int = 30, text: str = "Something. And more.", **more: Any) -> dict[str, Any]:
    return {"id": name, "level": level, "message": text, "hint": "", "object": "", **more}


def judged(*messages: dict[str, Any], plan: Plan | None = None, facts: DjangoFacts = FACTS) -> list[Finding]:
    return judge({"ok": True, "messages": list(messages)}, facts, plan or make_plan())


@pytest.mark.parametrize(("level", "severity"), [(50, "error"), (40, "error"), (30, "warning"), (20, "info"), (10, "info")])
def test_the_level_is_djangos(level: int, severity: str) -> None:
    (found,) = judged(message("urls.W001", level, hint="Do\n  that.", object="shop.Order"))
    assert (found.severity, found.hop) == (severity, "django")
    assert found.title == "urls.W001: Something."
    assert found.fix[0] == "Do that."
    assert 'SILENCED_SYSTEM_CHECKS = ["urls.W001"]   # in /srv/destiny/settings.py' in found.fix[1]
    assert "shop.Order: (urls.W001) Something. And more." in found.evidence[0]


@pytest.mark.parametrize("name", TLS)
def test_what_would_break_plain_http_is_an_information_that_says_so(name: str) -> None:
    for plan in (make_plan(), make_plan(listen=EVERYWHERE), make_plan(front="none")):
        (found,) = judged(message(name), plan=plan)
        assert (found.severity, found.title) == ("info", f"{name}: Something.")
        assert "without TLS" in found.cause
        assert "trusted_proxies" in found.fix[0]


@pytest.mark.parametrize("name", TLS)
def test_with_tls_in_front_the_same_is_a_warning(name: str) -> None:
    own_tls = make_plan(listen=EVERYWHERE, nginx={"extra_server": ("  listen 443 ssl;",)})
    elsewhere = make_plan(front="elsewhere", listen=EVERYWHERE)
    for plan in (PROXIED, own_tls, elsewhere):
        (found,) = judged(message(name), plan=plan)
        assert found.severity == "warning"


def test_a_line_that_only_mentions_ssl_is_no_tls() -> None:
    assert plain_http(make_plan(nginx={"extra_server": ("listen 81; # ssl later", "# listen 443 ssl;")}))


def test_an_error_about_tls_stays_an_error() -> None:
    (found,) = judged(message("4_0.E001", 40))
    assert found.severity == "error"


def test_what_portico_tells_itself_is_not_told_twice() -> None:
    both = [message("security.W018"), message("security.W020")]
    assert judged(*both, facts=DjangoFacts(debug=True)) == []
    assert [found.title[:13] for found in judged(*both)] == ["security.W018", "security.W020"]


def test_what_django_says_twice_is_told_once_and_first_comes_what_to_do() -> None:
    said = message("security.W009", text="Your SECRET_KEY is weak. Please generate a long one.")
    (found,) = judged(said, said)
    assert (found.title, found.cause) == ("security.W009: Your SECRET_KEY is weak.", "Please generate a long one.")
    assert found.fix[0].startswith("do what Django says")
