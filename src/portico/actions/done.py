"""What `up`, `reload` and `rollback` tell when they have done their work: lines on the way, and the Result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portico.actions import apply, environment
from portico.actions.command_here import command_here
from portico.actions.instance import Release
from portico.actions.places import Places
from portico.actions.probe import Probe
from portico.actions.status import status
from portico.model.errors import Exit
from portico.model.finding import Finding
from portico.model.plan import Plan
from portico.model.result import Result

Say = Callable[[str], None]


def answered(plan: Plan, seen: Probe) -> str:
    """How the health path was answered, for people."""
    way = "over the uwsgi protocol" if plan.front == "elsewhere" else "through every hop"
    return f"GET {plan.site.health_path} {way}: {seen.status} in {seen.duration_s * 1000:.0f} ms"


def switched(plan: Plan, live: apply.Live, say: Say) -> dict[str, Any]:
    """Says that the release is live, and answers what the Result's data holds of that: `changed` and `memory`."""
    say(answered(plan, live.through))
    if taken := apply.memory_line(live):
        say(taken)
    return {"changed": True, "memory": {"peak_bytes": live.peak_bytes, "now_bytes": live.now_bytes}}


def broken(release: Release, seen: Probe) -> tuple[Finding, ...]:
    """The finding for a health path that is answered 5xx, without secrets of the environment; empty for one that is not."""
    if seen.status < 500:
        return ()
    # What reads logs takes longer to import than a start has time for.
    from portico.actions.failing_page import failing_page

    return environment.without_secrets((failing_page(release.plan, seen, release.user),), release.environ)


def result(
    where: Places,
    project: Path,
    verb: str,
    headline: str,
    extra: Mapping[str, Any],
    broken: tuple[Finding, ...] = (),
    told: tuple[Finding, ...] = (),
) -> Result:
    """The data of `status`, with `headline`, `command` and what is `extra`. What was `told` of the configuration is shown
    and does not count for the exit status; what is `broken`, or found by `status`, does."""
    seen = status(where)
    data = {**seen.data, **extra, "headline": headline, "command": command_here(project)}
    code = Exit.FINDINGS if broken or seen.findings else Exit.DONE
    return Result(verb, data, (*broken, *told, *seen.findings), code)
