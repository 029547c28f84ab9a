"""What a proof says in words: its findings, and what weakens it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from portico.actions.adopt.proof.kinds import DIFFERENT, NEW_DEAD
from portico.actions.aside.processes import NotStarted
from portico.model.finding import Finding
from portico.model.proof import Compared


def not_started(why: NotStarted, said: Sequence[str], project: str) -> Finding:
    """The finding for a side that did not start; `said` are its last lines as they may be shown."""
    which, fix = "old", ["portico adopt --prove --map /old=/new ...   # where a path of another machine is here"]
    if why.kind is NEW_DEAD:
        folder = shlex.quote(project)
        which, fix = "new", [f"portico -C {folder} check", f"portico -C {folder} up"]
    program = "uWSGI" if why.hop == "uwsgi" else "nginx"
    return why.kind.found(cause=f"the {which} {program}: {why.cause}", evidence=said, fix=fix, basis="state")


def not_ready(found: Sequence[Finding]) -> list[Finding]:
    """The new stack's own findings, under the one that says what they mean for the proof."""
    first = found[0]
    told = NEW_DEAD.found(
        cause=f"{first.title}: {first.cause}", evidence=list(first.evidence), fix=list(first.fix), basis="state"
    )
    return [told, *found[1:]]


def different(done: Sequence[Compared]) -> list[Finding]:
    """One finding for all requests that were answered differently."""
    wrong = [one for one in done if one.verdict == "different"]
    if not wrong:
        return []
    rows = [_row(one) for one in wrong]
    cause = f"{len(wrong)} of {len(done)} requests were answered differently"
    fix = [
        "look for the line behind each in the list above, and at what became of it",
        "portico adopt --prove ...   # again",
    ]
    return [DIFFERENT.found(cause=cause, evidence=rows[:12], fix=fix, basis="request")]


def _row(one: Compared) -> str:
    path = one.ask.path if len(one.ask.path) < 60 else f"{one.ask.path[:50]}…"
    told = "; ".join(f"{d.what} {d.old or 'none'} -> {d.new or 'none'}" for d in one.differences if not d.intended)
    return f"{one.ask.method} {path} ({one.ask.name}): {told}"


def hardly_asked(done: Sequence[Compared]) -> list[str]:
    """What weakens the proof: every page of the old site got one and the same answer that is no page."""
    statuses = {one.old.status for one in done if one.ask.aim == "page" and not one.ask.port and one.ask.method == "GET"}
    if statuses and statuses <= {301, 302, 307, 308}:
        return ["the old site answered every page with a redirect: ask for pages that are none with --request PATH"]
    if statuses and statuses <= {401, 403}:
        return ["the old site let nobody in, so hardly anything of the application was compared"]
    if statuses and min(statuses) >= 500:
        return ["the old application failed at every page, so that little is proven"]
    return []
