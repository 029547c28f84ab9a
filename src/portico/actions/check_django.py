"""`manage.py check --deploy` and what the databases lack, in the project's own Python and with the environment the site will
have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portico.actions import environment
from portico.actions.ask import ask
from portico.actions.looked import Looked
from portico.actions.manage_here import manage_here, not_in_shell
from portico.actions.prepare import Prepared
from portico.hops.django import deploy, migrations
from portico.hops.django.facts import DjangoFacts
from portico.model.command import Outcome
from portico.model.finding import CouldNotTell
from portico.system.accounts import to_become

LIMIT_S = 60.0


def django_says(prepared: Prepared) -> Looked:
    """Django's messages as findings, and migrations that are not applied; nothing for an application that is not Django's.
    Secrets of the environment are taken out of what a project's own code says."""
    if prepared.django is None:
        return Looked()
    request = {**prepared.request, "settings": prepared.plan.site.settings}
    answer, outcome = ask(prepared.question("deploy_checks.py", request, "let Django check itself", LIMIT_S))
    said, clean = answer or {}, environment.masker(prepared.environ)
    looked = _databases(prepared, said) + _checked(prepared, said, outcome, prepared.django)
    unknown = tuple(CouldNotTell(entry.check, clean(entry.reason)) for entry in looked.unknown)
    return Looked(environment.without_secrets(looked.findings, prepared.environ), unknown, looked.checked)


def _checked(prepared: Prepared, answer: Mapping[str, Any], outcome: Outcome, facts: DjangoFacts) -> Looked:
    if not answer.get("ok"):
        told = answer.get("type")
        reason = f"{told}: {answer.get('message', '')}" if told else f"it ended with status {outcome.code}"
        return Looked(unknown=(CouldNotTell("django.deploy", f"manage.py check --deploy: {reason}"[:300]),))
    silenced = answer.get("silenced") or ()
    row = "manage.py check --deploy" + (f" ({len(silenced)} silenced by the settings)" if silenced else "")
    return Looked(tuple(deploy.judge(answer, facts, prepared.plan)), (), (row,))


def _databases(prepared: Prepared, answer: Mapping[str, Any]) -> Looked:
    return sum((_database(prepared, one) for one in migrations.parse(answer)), Looked())


def _database(prepared: Prepared, database: migrations.Database) -> Looked:
    if unknown := migrations.unknown(database):
        return Looked(unknown=(unknown,))
    hooks, words = prepared.plan.release.hooks, migrations.words(database)
    command = manage_here(prepared.plan, to_become(prepared.machine.app), *words)
    found = migrations.finding(database, command, hooks, not_in_shell(prepared.environ))
    return Looked((found,) if found else (), (), (migrations.row(database, hooks),))
