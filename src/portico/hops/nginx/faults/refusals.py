"""Why nginx refuses its configuration: its one `[emerg]`, matched by what it is about and by error numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from portico.hops.nginx.facts import Emerg, emerg_reason
from portico.hops.nginx.faults import refusal_kinds as kinds
from portico.hops.nginx.faults import start_kinds
from portico.hops.nginx.faults.refused_lines import address, include, unknown_word, written_wrongly
from portico.hops.nginx.faults.refused_places import account, host, permission, place, tls
from portico.hops.nginx.faults.standing import command_line, is_down, is_fragment, last_start, reload
from portico.model.evidence import Evidence, NginxSeen
from portico.model.finding import Basis, Finding

#: Harmless: nginx goes on after it.
_IGNORED = re.compile(r"NGINX environment variable")
#: Of these the state of the sockets tells more (start.py).
_ELSEWHERE = re.compile(r"bind\(\) to \S+ failed \(98:|too long path in the unix domain socket|could not bind\(\)")
_Judge = Callable[[Evidence, Emerg], Finding | None]
_JUDGES: tuple[_Judge, ...] = (host, address, include, account, tls, unknown_word, place, permission, written_wrongly)


@dataclass(frozen=True)
class Refusal:
    """nginx's last word: of `nginx -t` just now, or of a start that failed lately. `nginx` is as seen with the binary that
    said it; `other`: it is not the one that the doctor would take, which accepts the configuration;
    `logged`: a start that failed said the same."""

    emerg: Emerg
    line: str
    basis: Basis
    nginx: NginxSeen
    other: bool = False
    logged: bool = False


def refusal(evidence: Evidence) -> Refusal | None:
    """What nginx -t says, of the binary that was started where a log tells which one that was; where every one is content,
    what the last start said before nginx ended."""
    nginx = evidence.nginx
    tested = [one for one in (_of_test(seen) for seen in _each_binary(nginx)) if one and not _blind(evidence, one.emerg)]
    logged = _of_last_start(evidence)
    same = [one for one in tested if logged and one.emerg.message == logged.emerg.message]
    first = next(iter(same or tested), None)
    if first is None:
        return logged
    by_other = first.nginx.binary != nginx.binary and nginx.test is not None and nginx.test.ok
    if by_other and not same and not _is_of_build(evidence, first):
        return logged
    return replace(first, other=by_other, logged=bool(same))


def _each_binary(nginx: NginxSeen) -> Iterator[NginxSeen]:
    yield nginx
    for one in nginx.binaries:
        yield replace(nginx, binary=one.path, version=one.version, modules=one.modules, test=one.test)


def _of_test(nginx: NginxSeen) -> Refusal | None:
    test = nginx.test
    text = test.stderr + test.stdout if test and not test.ok else ""
    emerg = emerg_reason(text)
    line = next((row for row in reversed(text.splitlines()) if emerg and emerg.message in row), "")
    return Refusal(emerg, line.removeprefix("nginx: "), "state", nginx) if emerg else None


def _of_last_start(evidence: Evidence) -> Refusal | None:
    """From the error log, or from what nginx's standard error was led to."""
    if not is_down(evidence):
        return None
    entries = [entry.line for entry in last_start(evidence) if entry.level == "emerg"]
    rows = [row for row in (*evidence.nginx.lines, *entries) if "[emerg]" in row and not _IGNORED.search(row)]
    emerg = emerg_reason("\n".join(rows))
    line = next((row for row in reversed(rows) if emerg and emerg.message in row), "")
    return Refusal(emerg, line, "log", evidence.nginx) if emerg else None


def _is_of_build(evidence: Evidence, found: Refusal) -> bool:
    """Whether it is about what this binary lacks, rather than about where it was started."""
    judged = _judged(replace(evidence, nginx=found.nginx), found)
    return judged.id in (kinds.NO_MODULE.id, kinds.OTHER_VERSION.id)


def _blind(evidence: Evidence, emerg: Emerg) -> bool:
    """An ordinary user may not open what root's nginx opens: that nginx -t fails for us proves nothing then."""
    own = next((seen.owner for seen in evidence.nginx.files), "") == evidence.machine.user
    return emerg.errno == 13 and not evidence.machine.root and not own


def refused(evidence: Evidence) -> Iterator[Finding]:
    """The kind of what nginx says; of an nginx that still runs with what it read before, only a warning."""
    found = None if is_fragment(evidence.nginx) else refusal(evidence)
    if found is None or _ELSEWHERE.search(found.emerg.message):
        return
    finding = _judged(replace(evidence, nginx=found.nginx), found)
    rows = tuple(dict.fromkeys((found.line, *finding.evidence)))
    finding = replace(finding, evidence=rows, basis=found.basis)
    if found.other:
        row = f"{evidence.nginx.binary} accepts the same configuration"
        fix = f"{shlex.join(command_line(evidence.nginx))}   # the other nginx of this machine knows it"
        finding = replace(
            finding, evidence=(*rows, row), fix=(*finding.fix, fix), certainty="certain" if found.logged else "likely"
        )
    yield _while_running(evidence, finding) if evidence.nginx.masters else finding


def _judged(evidence: Evidence, found: Refusal) -> Finding:
    judged = next((one for judge in _JUDGES if (one := judge(evidence, found.emerg))), None)
    return judged or kinds.REFUSED.found(cause=f"nginx: {found.emerg}", fix=["do what the line says, then nginx -t"])


def _while_running(evidence: Evidence, finding: Finding) -> Finding:
    command, _ = reload(evidence)
    return start_kinds.BROKEN_FILE.found(
        cause=f"{finding.cause}; the running nginx still has what it read before",
        evidence=finding.evidence,
        fix=[*finding.fix, command],
        title=f"{start_kinds.BROKEN_FILE.title}: {finding.title[0].lower()}{finding.title[1:]}"
        if not finding.title.startswith("nginx")
        else f"{start_kinds.BROKEN_FILE.title}",
        basis=finding.basis,
    )


RULES = (refused,)
