"""From evidence to findings: every rule judges, what follows from something else goes behind it, the root comes first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from portico.actions.doctor.rules import KINDS, RULES, Rule
from portico.actions.doctor.unseen import what_failed
from portico.hops.wsgi.examination import parse
from portico.model.evidence import Evidence, Visit
from portico.model.finding import CouldNotTell, Finding, Kind

_SEVERITY = {"error": 0, "warning": 1, "info": 2}
_BASIS = {"request": 0, "state": 1, "log": 2, "configuration": 3}
#: Of warnings, what has happened goes before what only may.
_BASIS_OF_WARNINGS = {"request": 0, "log": 1, "state": 2, "configuration": 3}
_CERTAINTY = {"certain": 0, "likely": 1}
_HOPS = (
    "config",
    "project",
    "nginx",
    "nginx-uwsgi",
    "nginx-django",
    "uwsgi",
    "uwsgi-wsgi",
    "wsgi",
    "wsgi-django",
    "django",
    "system",
)

UNEXPLAINED = Kind(
    "nginx.E090",
    "nginx",
    "The request fails, and what was seen does not say why",
    "A guess would send you the wrong way.",
    shows="A request comes to no good answer, and nothing on its way wrote a reason.",
    example="GET http://127.0.0.1:8000/ -> 502 text/html 157 B in 0.01 s",
    cure="Make the hop named last in the evidence say more: `error_log ... info;` in nginx, a LOGGING setting that shows "
    "errors in Django, no `disable-logging` in uWSGI.",
)


def judge(evidence: Evidence) -> tuple[tuple[Finding, ...], tuple[CouldNotTell, ...]]:
    """All findings, the root cause first; and the rules that could not judge what was seen. A rule that fails keeps no other
    from judging; what it had found before counts."""
    found: list[Finding] = []
    failed: list[CouldNotTell] = []
    for rule in RULES:
        try:
            for finding in rule(evidence):
                found.append(finding)
        except Exception as error:
            if os.environ.get("PORTICO_DEBUG"):
                raise
            failed.append(CouldNotTell(f"rule {_name(rule)}", f"the rule {_name(rule)} failed: {what_failed(error)}"))
    found = list(_unique(_doubted(evidence, finding) for finding in found))
    if not any(finding.severity == "error" for finding in found):
        found += _unexplained(evidence)
    return ordered(found, KINDS), tuple(failed)


def _name(rule: Rule) -> str:
    module = getattr(rule, "__module__", "").removeprefix("portico.")
    return f"{module}.{getattr(rule, '__name__', repr(rule))}".strip(".")


def _doubted(evidence: Evidence, finding: Finding) -> Finding:
    """Likely at most is what rests on a configuration of uWSGI of which not all was seen, since it may say something else;
    and what an application says in a Python that may not be its own."""
    of_uwsgi = "uwsgi" in finding.hop and finding.basis == "configuration" and any(seen.unread for seen in evidence.uwsgi)
    inside = finding.hop in ("wsgi", "uwsgi-wsgi", "wsgi-django", "django")
    if of_uwsgi or (inside and evidence.project is not None and evidence.project.guessed):
        return replace(finding, certainty="likely")
    return finding


def _unique(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The first of those with the same id and cause; a kind that is certain somewhere is not also guessed."""
    listed = list(findings)
    certain = {finding.id for finding in listed if finding.certainty == "certain"}
    seen: set[tuple[str, str]] = set()
    for finding in listed:
        if finding.certainty == "likely" and finding.id in certain:
            continue
        if (finding.id, finding.cause) not in seen:
            seen.add((finding.id, finding.cause))
            yield finding


def ordered(findings: Sequence[Finding], kinds: Mapping[str, Kind]) -> tuple[Finding, ...]:
    """By severity; then what nothing else explains before what follows from it; then by how strong its basis is."""
    present = {finding.id for finding in findings if finding.severity != "info"}
    causes = {finding.id: _causes(finding.id, present, kinds) for finding in findings}
    depth = {name: _depth(name, causes, ()) for name in causes}

    def key(finding: Finding) -> tuple[int, int, int, int, int, int, str]:
        hop = _HOPS.index(finding.hop) if finding.hop in _HOPS else len(_HOPS)
        return (
            _SEVERITY[finding.severity],
            depth[finding.id],
            kinds[finding.id].standing if finding.id in kinds else 0,
            _CERTAINTY[finding.certainty],
            (_BASIS if finding.severity == "error" else _BASIS_OF_WARNINGS)[finding.basis],
            hop,
            finding.id,
        )

    return tuple(replace(one, follows=tuple(sorted(causes[one.id]))) for one in sorted(findings, key=key))


def _causes(name: str, present: Iterable[str], kinds: Mapping[str, Kind]) -> set[str]:
    return {other for other in present if other != name and other in kinds and name in kinds[other].leads_to}


def _depth(name: str, causes: Mapping[str, set[str]], above: tuple[str, ...]) -> int:
    """How many steps it is away from a root; a circle counts once."""
    return max(
        (1 + _depth(cause, causes, (*above, name)) for cause in causes.get(name, ()) if cause not in above), default=0
    )


def _unexplained(evidence: Evidence) -> Iterator[Finding]:
    for visit in evidence.visits:
        if visit.name != "static" and visit.exchange.status in (0, 500, 502, 503, 504):
            yield UNEXPLAINED.found(
                cause=f"{visit.exchange.line}; what was ruled out stands below",
                evidence=[visit.exchange.line, *ruled_out(evidence, visit)],
                fix=["portico logs -f   # and repeat the request" if evidence.managed else "repeat with --log FILE"],
                certainty="likely",
                basis="request",
            )


def ruled_out(evidence: Evidence, visit: Visit) -> list[str]:
    """What is known to be well, hop by hop."""
    rows = []
    if evidence.nginx.test and evidence.nginx.test.ok:
        rows.append(f"nginx -t accepts {evidence.nginx.conf}")
    if evidence.front_processes:
        rows.append(f"the port is held by {evidence.front_processes[0].line}")
    for backend in evidence.backends[:1]:
        for exchange in (backend.uwsgi, backend.http):
            rows += [f"asked directly: {exchange.line}"] if exchange else []
    call = parse(evidence.project.answer if evidence.project else None).call
    if call.status:
        rows.append(f"called in its own Python, the application answers {call.status}")
    if evidence.machine.oom_kills == ():
        rows.append("no process was killed for memory")
    return rows
