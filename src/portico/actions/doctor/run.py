"""`portico doctor`: find what is wrong, say the root first, and with `--fix` mend what is safe and prove it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from portico.actions.doctor.diagnose import diagnose
from portico.actions.doctor.gather import gather
from portico.actions.doctor.target import Asked, Target, find
from portico.actions.environment import without_secrets
from portico.model.errors import Exit
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.result import Result

Say = Callable[[str], None]


def doctor(asked: Asked, say: Say) -> Result:
    """`result.hops` is what was seen at each hop of the way, `result.visits` the requests that were made, `result.unknown` what
    could not be seen. Exit 1 when a finding is an error."""
    target = find(asked)
    evidence, findings = examined(target)
    return Result("doctor", summary(target, evidence), findings, exit_code(findings))


def examined(target: Target) -> tuple[Evidence, tuple[Finding, ...]]:
    """Look and judge once."""
    evidence, environ = gather(target)
    return evidence, without_secrets(diagnose(evidence), environ)


def exit_code(findings: Sequence[Finding]) -> Exit:
    return Exit.FINDINGS if any(finding.severity == "error" for finding in findings) else Exit.DONE


def summary(target: Target, evidence: Evidence) -> dict[str, Any]:
    """The walk as JSON-ready data."""
    visit = evidence.visit
    return {
        "url": visit and f"{visit.exchange.protocol}://{visit.exchange.address}{visit.exchange.path}",
        "healthy": not any(one.exchange.status == 0 or one.exchange.status >= 500 for one in evidence.visits),
        "managed": evidence.managed,
        "files": [path for path in (target.conf, *target.uwsgi) if path],
        "visits": [{"for": one.name, "line": one.exchange.line, "status": one.exchange.status} for one in evidence.visits],
        "hops": _hops(evidence),
        "unknown": [{"check": one.check, "reason": one.reason} for one in evidence.unseen],
    }


def _hops(evidence: Evidence) -> list[dict[str, Any]]:
    nginx, instance, project = evidence.nginx, evidence.instance, evidence.project
    hops: list[dict[str, Any]] = []
    if nginx.conf or nginx.masters:
        visit = evidence.visit
        route = visit.route if visit else None
        place = route.location or route.server if route else None
        hops.append(
            {
                "hop": "nginx",
                "running": bool(nginx.masters),
                "configuration": nginx.conf,
                "accepted": nginx.test.ok if nginx.test else None,
                "location": f"{place.text} ({place.where})" if place else None,
                "to": route.target if route else None,
            }
        )
    for backend in evidence.backends[:1]:
        exchange = backend.uwsgi if backend.protocol == "uwsgi" else backend.http
        hops.append(
            {
                "hop": "uwsgi",
                "running": bool(backend.processes),
                "address": backend.address,
                "answer": exchange.line if exchange else None,
                "log": instance.log.path if instance and instance.log else None,
            }
        )
    answer = (project.answer or {}) if project else {}
    if project:
        load, call = answer.get("load") or {}, answer.get("call") or {}
        target = f"{project.module or project.file}:{project.callable}"
        hops.append({"hop": "wsgi", "callable": target, "loads": load.get("ok"), "status": call.get("status")})
    if answer.get("django"):
        hops.append({"hop": "django", "settings": answer["django"].get("settings"), "debug": answer["django"].get("debug")})
    return hops
