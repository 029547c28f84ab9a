"""Checks of an application that does load."""

from __future__ import annotations

from portico.hops.wsgi import kinds
from portico.hops.wsgi.facts import Inspection
from portico.model.finding import Finding


def check(inspection: Inspection) -> list[Finding]:
    """Findings about how the application behaved while it was imported."""
    if not inspection.threads:
        return []
    return [
        kinds.DEAD_THREADS.found(
            cause=f"{len(inspection.threads)} started during the import and would be dead in every worker",
            evidence=[f"thread {name}" for name in inspection.threads],
            fix=[
                "start them in a function decorated with uwsgidecorators.postfork, or in a process of their own",
                '[uwsgi]\nextra = "lazy-apps = true"   # in portico.toml: every worker imports the application itself',
            ],
        )
    ]
