"""What nginx and Django must agree on: the files nginx answers itself."""

from __future__ import annotations

from collections.abc import Mapping

from portico.model.finding import Finding, Kind
from portico.model.plan import Plan

CLOSED_FOLDER = Kind(
    "nginx-django.W001",
    "nginx-django",
    "nginx's workers cannot enter a folder of static files",
    "nginx would answer 403 for every file; uWSGI, which runs as the owner, hands them out instead, more slowly.",
    "https://man7.org/linux/man-pages/man7/path_resolution.7.html",
)


def check(plan: Plan, closed: Mapping[str, str]) -> list[Finding]:
    """`closed` maps a static root to the first folder on its path that the workers' account may not enter."""
    if plan.nginx is None:
        return []
    return [
        CLOSED_FOLDER.found(
            cause=f"account {plan.nginx.user} may not enter {closed[static.root]}",
            evidence=[f"{static.url} -> {static.root}"],
            fix=[
                f"chmod o+x {closed[static.root]}   # lets every account pass through, but not list it",
                f'or let the workers be the owner: [nginx] user = "{plan.uwsgi.user or "root"}"',
            ],
            title=f"nginx's workers cannot enter the folder behind {static.url}",
        )
        for static in plan.site.maps
        if static.root in closed
    ]
