"""`manage.py check --deploy`, in the project's own Python and with the environment the site will have."""

from __future__ import annotations

from portico.actions import environment
from portico.actions.ask import ask
from portico.actions.looked import Looked
from portico.actions.prepare import Prepared
from portico.hops.django import deploy
from portico.model.finding import CouldNotTell

LIMIT_S = 60.0


def django_says(prepared: Prepared) -> Looked:
    """Django's messages as findings; nothing for an application that is not Django's. Secrets of the environment are taken
    out of what a project's own checks say."""
    facts = prepared.django
    if facts is None:
        return Looked()
    request = {**prepared.request, "settings": prepared.plan.site.settings}
    answer, outcome = ask(prepared.question("deploy_checks.py", request, "let Django check itself", LIMIT_S))
    if not answer or not answer.get("ok"):
        said = answer or {}
        reason = f"{said['type']}: {said.get('message', '')}" if said.get("type") else f"it ended with status {outcome.code}"
        clean = environment.masker(prepared.environ)
        return Looked(unknown=(CouldNotTell("django.deploy", clean(f"manage.py check --deploy: {reason}"[:300])),))
    found = environment.without_secrets(deploy.judge(answer, facts, prepared.plan), prepared.environ)
    silenced = answer.get("silenced") or ()
    row = "manage.py check --deploy" + (f" ({len(silenced)} silenced by the settings)" if silenced else "")
    return Looked(found, (), (row,))
