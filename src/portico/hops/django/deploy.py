"""What Django's own checks said (`inside/deploy_checks.py`), as findings, judged by the plan the site will run under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portico.hops.django.facts import DjangoFacts
from portico.hops.django.transport import on_loopback, plain_http
from portico.model.finding import Finding, Kind
from portico.model.plan import Plan

_CHECKS = "https://docs.djangoproject.com/en/stable/ref/checks/"
_CURE = (
    "Do what the hint says, or, where the project knows better, add the id to SILENCED_SYSTEM_CHECKS in the settings: "
    "Portico asks Django, so Django's list of exceptions is the one that counts."
)

OWN_ERROR = Kind(
    "django.E081",
    "django",
    "Django's own check found an error",
    "Django refuses to run management commands while this is so; the site may start all the same and fail at the request "
    "that needs what is wrong.",
    source=_CHECKS,
    shows="`manage.py check --deploy` ends with `SystemCheckError`, and so do `migrate` and `runserver`.",
    example="?: (4_0.E001) As of Django 4.0, the values in the CSRF_TRUSTED_ORIGINS setting must start with a scheme",
    cure=_CURE,
)
OWN_WARNING = Kind(
    "django.W082",
    "django",
    "Django's own check warns",
    "These are the points of Django's deployment checklist that a program can look at: most of them are protections that "
    "are switched off.",
    source=_CHECKS,
    shows="`manage.py check --deploy` prints it; the site works.",
    example="?: (security.W009) Your SECRET_KEY has less than 50 characters",
    cure=_CURE,
)
OWN_INFO = Kind(
    "django.I083",
    "django",
    "Django's own check has a remark",
    "Of no consequence for the site as it is planned; it is told so that nothing Django said is lost.",
    source=_CHECKS,
    shows="`manage.py check --deploy` prints it.",
    example="?: (security.W008) Your SECURE_SSL_REDIRECT setting is not set to True",
    cure="Nothing, as long as the site is reached over plain http. With TLS in front, see trusted_proxies.",
)

_ERROR, _WARNING = 40, 30
#: Ids that need TLS, and what following them would do without it
#: (https://docs.djangoproject.com/en/stable/ref/checks/#security).
_COOKIES = "browsers send a secure cookie over https only, so nobody could log in"
_HSTS = "browsers ignore this header over http; told over https once, they would refuse http for as long as it says"
_NEEDS_TLS: Mapping[str, str] = {
    "security.W004": _HSTS,
    "security.W005": _HSTS,
    "security.W008": "every request would be redirected to an https that nothing answers",
    "security.W010": _COOKIES,
    "security.W011": _COOKIES,
    "security.W012": _COOKIES,
    "security.W016": "browsers send a secure cookie over https only, so every form would be refused",
    "security.W021": _HSTS,
}


def judge(answer: Mapping[str, Any], facts: DjangoFacts, plan: Plan) -> list[Finding]:
    """Findings of the `messages` in the answer, each once, without those that another one of Portico tells already."""
    found = (_finding(message, facts, plan) for message in _untold(answer.get("messages") or (), facts))
    return list(dict.fromkeys(found))


def _untold(messages: Any, facts: DjangoFacts) -> Iterator[Mapping[str, Any]]:
    """W018 is DEBUG, and W020 an empty ALLOWED_HOSTS: `checks` has both, with the address they matter at."""
    told = {"security.W018": facts.debug, "security.W020": not facts.allowed_hosts}
    return (message for message in messages if not told.get(str(message.get("id"))))


def _finding(message: Mapping[str, Any], facts: DjangoFacts, plan: Plan) -> Finding:
    name, level, text = str(message.get("id", "")), int(message.get("level", _WARNING)), _line(message.get("message"))
    without_tls = _NEEDS_TLS.get(name, "") if plain_http(plan) else ""
    if without_tls:
        kind, cause, fix = OWN_INFO, f"{_plainly(plan)}: {without_tls}", _when_there_is_tls(message, facts)
    else:
        kind = OWN_ERROR if level >= _ERROR else OWN_WARNING if level >= _WARNING else OWN_INFO
        cause, fix = f"{_about(message)}{_reason(text)}", _fix(message, facts)
    return kind.found(
        cause=cause,
        evidence=[f"manage.py check --deploy: {_about(message)}({name}) {text}"],
        fix=fix,
        title=f"{name}: {_first_sentence(text)}" if name else _first_sentence(text),
    )


def _first_sentence(text: str) -> str:
    head, dot, rest = text.partition(". ")
    return f"{head}." if dot and rest else text


def _reason(text: str) -> str:
    """What stands behind the first sentence, which is the title; all of it where there is no more."""
    return text.partition(". ")[2] or text


def _line(value: Any) -> str:
    return " ".join(str(value or "").split())


def _about(message: Mapping[str, Any]) -> str:
    thing = _line(message.get("object"))
    return f"{thing}: " if thing else ""


def _plainly(plan: Plan) -> str:
    where = "on this machine only" if on_loopback(plan.listen) else "over plain http"
    return f"the site is reached {where} ({plan.listen}), without TLS and without trusted_proxies"


def _fix(message: Mapping[str, Any], facts: DjangoFacts) -> list[str]:
    hint, name = _line(message.get("hint")), message.get("id")
    where = facts.settings_file or "the settings"
    silence = [f'SILENCED_SYSTEM_CHECKS = ["{name}"]   # in {where}, if it is meant to be so'] if name else []
    return [hint or f"do what Django says   # in {where}", *silence]


def _when_there_is_tls(message: Mapping[str, Any], facts: DjangoFacts) -> list[str]:
    proxy = '[nginx]\ntrusted_proxies = ["10.0.0.0/8"]   # in portico.toml: once a proxy that ends TLS is in front'
    hint = _line(message.get("hint"))
    return [proxy, *([f"and then: {hint}"] if hint else [f"and then do what Django says   # in {facts.settings_file}"])]
