"""`portico doctor`: find what is wrong, say the root first, and with `--fix` mend what is safe and prove it."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from portico.actions.doctor import fix, nothing
from portico.actions.doctor.diagnose import judge
from portico.actions.doctor.discretion import Discretion
from portico.actions.doctor.gather import gather
from portico.actions.doctor.target import Asked, Target, find
from portico.hops.wsgi.examination import parse
from portico.model.errors import Exit, PorticoError
from portico.model.evidence import BackendSeen, Evidence, Exchange
from portico.model.finding import CouldNotTell, Finding
from portico.model.remedy import Remedy
from portico.model.result import Result

_MOST_SHOWN = 300

Say = Callable[[str], None]
#: Whether to do what the finding's remedy says.
Agree = Callable[[Finding], bool]


def doctor(asked: Asked) -> Result:
    """`result.hops` is what was seen at each hop of the way, `result.visits` the requests that were made,
    `result.unknown` what
    could not be seen. Exit 1 when a finding is an error."""
    target = _found(asked)
    seen = examined(target)
    return Result("doctor", seen.discretion.data(summary(target, seen)), seen.findings, exit_code(seen.findings))


def mend(asked: Asked, agree: Agree, say: Say) -> Result:
    """The same, and what has a remedy is mended, the root first, each proven by looking again. `result.fixes` says what was
    done, undone because it did not help, impossible, or declined."""
    target = _found(asked)
    seen = examined(target)
    attempts: list[fix.Attempt] = []
    tried: frozenset[tuple[str, str]] = frozenset()
    while chosen := fix.candidate(seen.findings, tried):
        finding, remedy = chosen
        tried |= {(finding.id, finding.cause)}
        attempt, again = _attempt(finding, remedy, target, agree)
        attempt = replace(attempt, why=seen.discretion.text(attempt.why))
        attempts.append(attempt)
        say(f"{finding.id} {attempt.outcome}: {attempt.why or attempt.says}")
        if again:
            target, seen = again
    data = {**seen.discretion.data(summary(target, seen)), "fixes": [asdict(attempt) for attempt in attempts]}
    return Result("doctor", data, seen.findings, exit_code(seen.findings))


def _found(asked: Asked) -> Target:
    try:
        return find(asked)
    except PorticoError as error:
        raise Discretion(url=asked.url).error(error) from None


def _attempt(
    finding: Finding, remedy: Remedy, target: Target, agree: Agree
) -> tuple[fix.Attempt, tuple[Target, Examined] | None]:
    if not agree(finding):
        return fix.Attempt(finding.id, remedy.says, "declined"), None
    try:
        done = fix.apply(remedy, target.asked.project)
    except fix.CannotFix as problem:
        return fix.Attempt(finding.id, remedy.says, "failed", str(problem)), None
    try:
        after = find(target.asked)
        seen = examined(after)
    except BaseException:
        # Nobody knows whether it helped.
        fix.take_back(done)
        raise
    if any(one.id == finding.id and one.cause == finding.cause for one in seen.findings):
        fix.take_back(done)
        return fix.Attempt(finding.id, remedy.says, "undone", "it is as before"), None
    return fix.Attempt(finding.id, remedy.says, "fixed"), (after, seen)


@dataclass(frozen=True)
class Examined:
    """What was seen, what follows from it, and what nobody could see or judge. `findings` have no secrets in them."""

    evidence: Evidence
    findings: tuple[Finding, ...]
    unknown: tuple[CouldNotTell, ...]
    discretion: Discretion


def examined(target: Target) -> Examined:
    """Look and judge once."""
    evidence, environ = gather(target)
    discretion = Discretion(evidence, environ, target.asked.url)
    evidence = discretion.evidence(evidence)
    if nothing.is_nothing(target) and not evidence.nginx.conf and not evidence.uwsgi:
        return Examined(evidence, discretion.findings(nothing.would_come_up(target)), evidence.unseen, discretion)
    findings, failed = judge(evidence)
    return Examined(evidence, discretion.findings(findings), (*evidence.unseen, *failed), discretion)


def exit_code(findings: Sequence[Finding]) -> Exit:
    return Exit.FINDINGS if any(finding.severity == "error" for finding in findings) else Exit.DONE


def summary(target: Target, seen: Examined) -> dict[str, Any]:
    """The walk as JSON-ready data."""
    evidence, findings, visit = seen.evidence, seen.findings, seen.evidence.visit
    return {
        "url": visit and _short(f"{visit.exchange.protocol}://{visit.exchange.address}{visit.exchange.path}"),
        "errors": sum(finding.severity == "error" for finding in findings),
        "healthy": not any(one.exchange.status == 0 or one.exchange.status >= 500 for one in evidence.visits),
        "managed": evidence.managed,
        "files": [path for path in (target.conf, *target.uwsgi) if path],
        "visits": [{"for": one.name, "line": _line(one.exchange), "status": one.exchange.status} for one in evidence.visits],
        "hops": _hops(evidence),
        "unknown": [{"check": one.check, "reason": one.reason} for one in seen.unknown],
    }


def _line(exchange: Exchange) -> str:
    return replace(exchange, path=_short(exchange.path)).line


def _short(text: str) -> str:
    """A path of many kilobytes says no more than its beginning."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _is_hidden(backend: BackendSeen, exchange: Exchange | None) -> bool:
    """Whether something is there that this account cannot see."""
    answers = exchange is not None and (exchange.status > 0 or exchange.stage != "connect" or exchange.errno == errno.EACCES)
    return bool(backend.listeners) or answers or (backend.path is not None and backend.path.kind == "unknown")


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
                "running": bool(nginx.masters) or (None if evidence.listeners and not evidence.front_processes else False),
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
                "running": bool(backend.processes) or (None if _is_hidden(backend, exchange) else False),
                "address": backend.address,
                "answer": exchange.line if exchange else None,
                "log": instance.log.path if instance and instance.log else None,
            }
        )
    said = parse(project.answer if project else None)
    if project:
        name = f"{project.module or project.file}:{project.callable}"
        hops.append({"hop": "wsgi", "callable": name, "loads": said.load.ok, "status": said.call.status or None})
    if said.django.settings:
        debug = bool(said.django.settings.get("DEBUG"))
        hops.append({"hop": "django", "settings": said.load.settings or None, "debug": debug})
    return hops
