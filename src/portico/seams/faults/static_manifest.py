"""A manifest storage looks every static file up in a list, which may be missing, old, or not read again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.model.evidence import Evidence
from portico.model.finding import Basis, Finding
from portico.seams.faults import static_kinds as kinds
from portico.seams.faults.static_collect import collected, command_line, renewed
from portico.seams.faults.static_seen import django, examined

_ENTRY = re.compile(r"Missing staticfiles manifest entry for '([^']*)'")


def manifest(evidence: Evidence) -> Iterator[Finding]:
    """The list itself, what the application said when it was called, and what the running one logged."""
    said = examined(evidence)
    static = said.django.static
    if said.django.settings.get("DEBUG") or not said.django.settings:
        return
    name = _unknown_name(evidence)
    if static.manifest and not static.manifest_exists:
        yield _missing(evidence, f"{static.manifest} does not exist", name)
    elif name:
        yield _missing(evidence, f"{name} is not in {static.manifest or 'the manifest'}, which is older than it", name)
    elif static.manifest and _fails_only_there(evidence):
        yield _old(evidence)


def _unknown_name(evidence: Evidence) -> str:
    """The file that was looked up in vain when the application was called just now."""
    found = (_ENTRY.search(failure.message) for failure in examined(evidence).call.exceptions)
    return next((match[1] for match in found if match), "")


def _basis(evidence: Evidence) -> Basis:
    """Whether the request under examination fails of it."""
    visit = evidence.visit
    return "request" if visit and visit.exchange.status == 500 and _unknown_name(evidence) else "state"


def _missing(evidence: Evidence, cause: str, name: str) -> Finding:
    static, visit = django(evidence).static, evidence.visit
    failing = visit is not None and visit.exchange.status == 500
    return kinds.NO_MANIFEST.found(
        cause=cause,
        evidence=[
            *([visit.exchange.line] if visit and failing else []),
            *([f"ValueError: Missing staticfiles manifest entry for '{name}'"] if name else []),
            f"the storage of static files is {static.storage}",
            f"STATIC_ROOT = {static.root}: {static.count} files",
        ],
        fix=[command_line(evidence), "then restart uWSGI: each process reads the manifest once"],
        basis=_basis(evidence),
        remedy=collected(evidence, renew=True),
    )


def _fails_only_there(evidence: Evidence) -> bool:
    """The page is a 500 of Django through nginx, and well where the application was started anew."""
    visit, call = evidence.visit, examined(evidence).call
    return (
        visit is not None and visit.exchange.status == 500 and 200 <= call.status < 400 and call.path == visit.exchange.path
    )


def _old(evidence: Evidence) -> Finding:
    static, visit = django(evidence).static, evidence.visit
    logs = [event.text for seen in evidence.uwsgi for event in seen.saw("traceback") if _ENTRY.search(event.text)]
    return kinds.OLD_MANIFEST.found(
        cause=f"the page fails in the running uWSGI only, which read {static.manifest} before it was as it is now",
        evidence=[
            *([visit.exchange.line] if visit else []),
            f"called in a new process, the application answers {examined(evidence).call.status}",
            *[text.splitlines()[-1] for text in logs[-1:]],
        ],
        fix=["restart or reload uWSGI after each collectstatic"],
        certainty="certain" if logs else "likely",
        basis="request",
        remedy=renewed(evidence) if logs else None,
    )


RULES = (manifest,)
