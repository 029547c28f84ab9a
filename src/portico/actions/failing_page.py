"""The path works, but the application answers with an error of its own: say which, from what it logged for that request."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from portico.actions.manage_here import manage_here
from portico.actions.probe import Probe
from portico.actions.trace.raised import raised
from portico.hops.uwsgi.past_request import Failure, failures_of, request_of
from portico.model.finding import Finding, Kind
from portico.model.plan import Plan
from portico.system import files
from portico.system.clock import wait_for

APP_FAILS = Kind(
    "django.E021",
    "django",
    "The application answers with an error",
    "Every hop works; the fault is in the application, its settings or its database.",
    source="https://docs.djangoproject.com/en/stable/howto/error-reporting/",
    shows="The health path answers 5xx through every hop; `portico up` ends with exit status 1 and the release is live.",
    example="GET http://127.0.0.1:8000/ -> 500\ndjango.db.utils.OperationalError: no such table: shop_product",
    cure="`portico logs --status 5xx` joins requests and tracebacks. Missing tables: `manage.py migrate`, best as a hook "
    "of the release (`[release] hooks`).",
)
_NO_TABLE = ("no such table", "UndefinedTable", "doesn't exist", "does not exist")


def failing_page(plan: Plan, probe: Probe, user: str = "") -> Finding:
    """The finding for a 5xx of the health path: the exception that the application logged for this very request. `user` is
    the account that commands are to become, empty for ourselves."""
    log = Path(plan.uwsgi.log)
    page = f"GET {plan.listen.url.rstrip('/')}{plan.site.health_path} -> {probe.status}"
    failures = wait_for(lambda: _failures(files.tail(log), probe.request_id, plan.site.health_path), 1.0) or ()
    said = raised(failures[-1].type, failures[-1].message, None) if failures else ""
    last = said or f"it answered {probe.status}; its own log may say why"
    fix = ["portico logs --status 5xx   # requests and tracebacks, joined"]
    if any(words in last for words in _NO_TABLE) and plan.site.framework == "django":
        fix.insert(0, f"{manage_here(plan, user, 'migrate')}   # the database has no tables yet")
    trace = [line for line in failures[-1].lines if line.strip()] if failures else []
    return APP_FAILS.found(
        cause=last, evidence=[page, *trace[-6:]], fix=fix, title=f"The application answers {probe.status}"
    )


def _failures(text: str, request_id: str, url: str) -> tuple[Failure, ...] | None:
    """What was raised in that request. None while nothing is told of it: its line is written after all that it logged."""
    lines = text.splitlines()
    found = request_of(lines, request_id)
    path = os.fsdecode(unquote_to_bytes(urlsplit(url).path))
    return failures_of(lines, request_id, found[1] if found else None, path) or (() if found else None)
