"""The path works, but the application answers with an error of its own: say which, from what it logged for that request."""

from __future__ import annotations

import json
from pathlib import Path

from portico.actions.probe import Probe
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


def failing_page(plan: Plan, probe: Probe) -> Finding:
    """The finding for a 5xx of the health path: the exception that the application logged for this very request."""
    log = Path(plan.uwsgi.log)
    page = f"GET {plan.listen.url.rstrip('/')}{plan.site.health_path} -> {probe.status}"
    trace = wait_for(lambda: _trace(files.tail(log), probe.request_id), 1.0) or []
    last = trace[-1] if trace else f"it answered {probe.status}; its own log may say why"
    fix = ["portico logs --status 5xx   # requests and tracebacks, joined"]
    if "no such table" in last or "UndefinedTable" in last or "doesn't exist" in last or "does not exist" in last:
        fix.insert(0, f"{plan.interpreter.executable} manage.py migrate   # the database has no tables yet")
    return APP_FAILS.found(
        cause=last, evidence=[page, *trace[-6:]], fix=fix, title=f"The application answers {probe.status}"
    )


def _trace(text: str, request_id: str) -> list[str] | None:
    """The traceback with that request id, else the last one in the text, else None."""
    for line in reversed(text.splitlines()):
        if request_id in line and line.startswith("{"):
            try:
                return [row for row in str(json.loads(line)["exc"]).splitlines() if row.strip()]
            except (ValueError, KeyError):
                continue
    if "Traceback (most recent call last)" not in text:
        return None
    return [line for line in text[text.rindex("Traceback (most recent call last)") :].splitlines() if line.strip()][:60]
