"""What a run of `portico tune` comes to: its Result, and what it leaves on disk."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from portico.actions.aside.stack import Standing
from portico.actions.doctor.discretion import Discretion
from portico.actions.tune import save, told, written
from portico.actions.tune.asked import Asked
from portico.actions.tune.caveats import Circumstances, caveats
from portico.actions.tune.course import Course
from portico.actions.tune.failing import Failing, failing
from portico.actions.tune.first_look import FirstLook
from portico.actions.tune.judge import enough, judged, others
from portico.actions.tune.kinds import FAILS
from portico.actions.tune.logged import APPLICATION
from portico.actions.tune.rows import Judged, Row
from portico.actions.tune.site import Site
from portico.actions.tune.sizes import Size
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding
from portico.model.result import Result
from portico.system import memory, processes


@dataclass
class Seen:
    """What was measured. `known` are the databases, None where they could not be asked; `logged` is what was written while
    requests failed."""

    base: Standing
    first: FirstLook
    present: Size
    known: Sequence[Any] | None = ()
    course: Course | None = None
    interrupted: bool = False
    logged: tuple[str, ...] = ()


_FAILS_ANYWAY = Judged("none", None, ("requests fail with one client as well as with many: that comes first",))
_NOTHING = Judged("none", None, ("not every page answers well: nothing was tried",))
_FEWER = "the site itself meets that limit, too: have fewer [uwsgi] processes and threads, or let the database have more"


def result(asked: Asked, site: Site, seen: Seen) -> Result:
    """The figures, the recommendation, what to know before, and what was written. Where a file that was asked for cannot be
    written that is a finding beside them: it must not cost what was measured."""
    rows = seen.course.rows() if seen.course else []
    found = _judged(asked, seen, rows)
    data = _data(asked, site, seen, rows, found)
    findings = [one for one in (_unwell(asked, seen), _failing(asked, rows, seen)) if one]
    bad = bool(findings) or found.outcome == "none" or seen.interrupted
    code = Exit.FINDINGS if bad else Exit.DONE
    try:
        _leave(asked, site, seen, data, found)
    except PorticoError as error:
        findings, code = [*findings, *error.findings], error.code
    discretion = Discretion()
    return Result("tune", discretion.data(data), discretion.findings(findings), code)


def _leave(asked: Asked, site: Site, seen: Seen, data: dict[str, Any], found: Judged) -> None:
    """The change first: it is worth more than a picture."""
    if found.outcome == "change" and found.size:
        _propose(asked, site, seen, data, found.size)
    if data["enough"]:
        data["svg"] = _picture(asked, data)


def _judged(asked: Asked, seen: Seen, rows: Sequence[Row]) -> Judged:
    cost = seen.first.nature
    if cost is None:
        return _NOTHING
    now = next((row for row in rows if row.size == seen.present), None)
    if now and now.failed:
        return Judged("none", None, (f"the present setting, {now.size}, could not be measured: {now.failed}", _FEWER))
    fails = any(row.size == seen.present and (row.lost or row.bad) for row in rows)
    if fails and failing(rows).when == "anyway":
        return _FAILS_ANYWAY
    slots = min(asked.clients, seen.present.slots * seen.base.plan.uwsgi.instances)
    return judged(rows, seen.present, asked.clients, cost.bound_per_s(slots))


def _unwell(asked: Asked, seen: Seen) -> Finding | None:
    django = seen.base.asked.django
    to_https = bool(django and django.secure_ssl_redirect and django.secure_proxy_ssl_header and not asked.forwarded)
    finding = seen.first.finding(to_https)
    return finding and replace(finding, evidence=(*finding.evidence, *seen.logged))


def _failing(asked: Asked, rows: Sequence[Row], seen: Seen) -> Finding | None:
    """Told of the present setting, which visitors have; of another it is a reason not to take it."""
    now = next((row for row in rows if row.size == seen.present and row.rounds), None)
    if now is None or (not now.lost and not now.bad):
        return None
    seen_failing = failing(rows)
    told = {
        "under load": "and far fewer fail with one client alone: they grow with the load",
        "anyway": "and they fail with one client alone, too: it is not the load",
        "unknown": "and too few were made with one client alone to tell whether it is the load",
    }
    return FAILS.found(
        cause=f"with the present setting {now.lost} requests were lost and {now.bad} answered with an error, "
        + told[seen_failing.when],
        evidence=[seen_failing.says, *seen.logged, *(f"{row.size}: {_reasons(row)}" for row in rows if row.reasons)],
        fix=_help(asked, seen, seen_failing),
        basis="request",
    )


def _help(asked: Asked, seen: Seen, how: Failing) -> list[str]:
    looks = [f"portico {verb} {shlex.quote(path)}" for path in list(seen.first.statuses)[:2] for verb in ("doctor", "trace")]
    if how.when == "anyway":
        return looks
    fewer = max(1, seen.course.clients // 4) if seen.course else 16
    raised = any(row.startswith(APPLICATION) for row in seen.logged)
    steps = looks if raised or how.when == "unknown" else []
    steps = [*steps, f"{replace(asked, clients=fewer).again(seen.first.statuses)}   # fewer at a time"]
    if any("worker_connections are not enough" in row for row in seen.logged):
        # A client takes two, one from it and one to uWSGI, and they are not shared evenly among nginx's workers.
        enough = 4 * fewer * 4
        steps.insert(0, f"[nginx]\nworker_connections = {enough}   # in portico.toml: a client takes two of them")
    return steps


def _reasons(row: Row) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in row.reasons.items())


def _data(asked: Asked, site: Site, seen: Seen, rows: Sequence[Row], found: Judged) -> dict[str, Any]:
    plan, course = seen.base.plan, seen.course
    return {
        "project": str(asked.options.project),
        "paths": list(seen.first.statuses),
        "clients": asked.clients,
        "host": asked.host or plan.site.health_host,
        "cores": processes.cores(),
        "seconds": course.seconds if course else 0.0,
        "rounds": course.rounds if course else 0,
        "interrupted": seen.interrupted,
        "enough": enough(rows, seen.present),
        "present": {
            "processes": seen.present.processes,
            "threads": seen.present.threads,
            "origin": {key: told.origin(plan, key) for key in ("processes", "threads")},
        },
        "first": seen.first.data(),
        "settings": told.settings(rows, seen.present, found),
        "recommendation": told.recommendation(found),
        "caveats": told.caveat_rows(_caveats(asked, seen, rows, found)),
        "logged": list(seen.logged),
        "notes": [*told.about_site(site.loaded.config, site.role, plan, site.lives), *_groups(course)],
        "toml": None,
        "file": None,
        "change": None,
        "written": None,
        "svg": None,
        "next": [],
    }


def _groups(course: Course | None) -> list[str]:
    count = len(course.fitting.batches) if course else 0
    if count < 2:
        return []
    return [f"the settings ran in {count} groups, one after the other: memory or the database's connections allow no more"]


def _caveats(asked: Asked, seen: Seen, rows: Sequence[Row], found: Judged) -> Sequence[Any]:
    row = next((row for row in rows if row.size == found.size), None)
    if row is None or found.size is None or seen.course is None:
        return ()
    windows = seen.course.windows
    answers = max(1, sum(one.measured.answers for one in windows))
    plan = seen.base.plan.uwsgi
    return caveats(
        Circumstances(
            size=found.size,
            present=seen.present,
            clients=asked.clients,
            paths=tuple(seen.first.statuses),
            pss_bytes=row.median("pss_bytes"),
            free_bytes=memory.free_bytes(),
            load_us=sum(one.load_us * one.measured.answers for one in windows) / answers,
            server_us=sum(one.server_us * one.measured.answers for one in windows) / answers,
            others=others(rows),
            harakiri_s=plan.harakiri_s,
            uwsgis=plan.instances,
            databases=seen.known,
        )
    )


def _picture(asked: Asked, data: dict[str, Any]) -> str | None:
    """A folder that cannot be written to must not cost what was measured; a file that was asked for is another matter."""
    try:
        return save.picture(asked.options.project, asked.svg, data)
    except PorticoError as error:
        if asked.svg is not None:
            raise
        data["notes"].append(f"the picture could not be written: {error.findings[0].cause}")
        return None


def _propose(asked: Asked, site: Site, seen: Seen, data: dict[str, Any], size: Size) -> None:
    """The lines, the change, and what to type."""
    file = site.loaded.file or written.NAME
    made = save.change(asked.options.project, file, size)
    data.update(file=file, toml=written.lines(file, size), change=made.diff)
    apply = "portico reload" if site.lives else "portico up"
    write = f"{asked.again(asked.paths)} --write"
    data["next"] = [f"put these lines into {file}, then: {apply}", f"{write}   # or: measures again and writes them"]
    if asked.write and not seen.interrupted:
        data["written"] = save.apply(asked.options.project, made)
        data["next"] = [f"{apply}   # until then nothing has changed for the running site" if site.lives else apply]
