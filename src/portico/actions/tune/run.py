"""`portico tune`: the site aside, with one number of processes and threads after the other, under load."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from portico.actions import state
from portico.actions.aside.stack import Standing, standing
from portico.actions.configure import Loaded, load
from portico.actions.doctor.discretion import Discretion
from portico.actions.options import Options, find_places
from portico.actions.resolve_role import role_of
from portico.actions.tune import contenders, databases, save, told, written
from portico.actions.tune.asked import Asked, Progress
from portico.actions.tune.caveats import Circumstances, caveats
from portico.actions.tune.course import Course
from portico.actions.tune.first_look import FirstLook, look, seconds_for
from portico.actions.tune.fits import Room, fitting
from portico.actions.tune.judge import LEAST_ROUNDS, judged, others
from portico.actions.tune.kinds import FAILS_UNDER_LOAD, NOTHING_TO_TUNE
from portico.actions.tune.rows import Judged, Row
from portico.actions.tune.sizes import Nature, Size, candidates
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding
from portico.model.load import Load
from portico.model.result import Result
from portico.model.units import human_seconds
from portico.system import memory, processes

Say = Callable[[str], None]
Show = Callable[[Progress], None]

_SECONDS = 1.2
#: Where nobody says how many rounds: so many, or as many as go into this time.
_ROUNDS_S = 80.0


@dataclass
class _Site:
    """What is known before anything is measured. `lives`: the site's own stack runs."""

    options: Options
    loaded: Loaded
    role: str
    lives: bool


@dataclass
class _Seen:
    """What was measured."""

    base: Standing
    first: FirstLook
    present: Size
    known: Sequence[Any] | None = ()
    course: Course | None = None
    interrupted: bool = False


def tune(asked: Asked, say: Say = lambda _: None, show: Show = lambda _: None) -> Result:
    """Try what is worth trying and say what the figures speak for; the running site is not touched. `result.settings` has
    the quartiles of every setting, `result.recommendation` the outcome (`change`, `keep`, `none`) and why, `result.caveats`
    what to know before, `result.toml` the lines, `result.change` them as a diff, `result.written` the file if `write` put
    them there. `say` is told each step, `show` how far it is.

    An interrupt ends the measuring, not the command: what there is by then is told. Raises PorticoError when the site does
    not start, or has nothing to tune."""
    site = _site(asked)
    # A chain reload (release.fast) needs an application in each worker, and a stack aside has no reloads.
    values = {"uwsgi.extra": [*(site.loaded.config.uwsgi.extra or ()), "lazy-apps = true"]} if _lazy(site) else {}
    show(Progress("starting the site aside"))
    with standing(site.options, values, "tune") as base:
        _prove(base)
        seen = _measured(asked, site, base, say, show)
    return _result(asked, site, seen)


def _site(asked: Asked) -> _Site:
    """Raises PorticoError for a machine without an application."""
    project = asked.options.project
    known = state.read(find_places(project))
    options = asked.options.over(known.flags) if known else asked.options
    loaded = load(project)
    role = role_of(options, loaded.config.role)
    if role == "front":
        finding = NOTHING_TO_TUNE.found(
            cause="only nginx runs on this machine",
            evidence=["role = front"],
            fix=["portico tune   # on each machine that runs the application: portico up --role app"],
        )
        raise PorticoError(finding, Exit.USAGE)
    return _Site(options, loaded, role, known is not None)


def _lazy(site: _Site) -> bool:
    return bool(site.loaded.config.release.fast or site.options.fast)


def _prove(base: Standing) -> None:
    raw = told.decides(base.plan)
    if raw:
        finding = NOTHING_TO_TUNE.found(
            cause="raw lines of uwsgi.ini decide how many requests are answered at a time",
            evidence=[f"[uwsgi] extra: {line}" for line in raw],
            fix=["take them out of `extra` in portico.toml, and run portico tune again"],
        )
        raise PorticoError(finding, Exit.USAGE)


def _measured(asked: Asked, site: _Site, base: Standing, say: Say, show: Show) -> _Seen:
    now = contenders.present(base)
    say(f"the site runs aside with {now.size} (processes x threads), the present setting")
    host = asked.host or base.plan.site.health_host
    requests = asked.requests(base.plan.site.health_path)
    wanted = Load(base.host, base.port, requests, asked.clients, host_header=host)
    show(Progress("measuring the present setting"))
    first = look(now, wanted, asked.clients)
    seen = _Seen(base, first, now.size)
    if first.nature is None:
        return seen
    say(_said(first.nature))
    seen.known = databases.databases(base.asked)
    seen.course = course = _course(asked, site, seen, first.nature, wanted, say, show)
    tried = f"{len(course.sizes)} settings, {course.rounds} rounds of {course.seconds:.1f} s: "
    say(f"{tried}{', '.join(map(str, course.sizes))}; about {human_seconds(course.left_s)}")
    try:
        course.run()
    except KeyboardInterrupt:
        seen.interrupted = True
    return seen


def _said(cost: Nature) -> str:
    took = f"a request alone takes {cost.wall_us / 1000:.1f} ms, {cost.cpu_us / 1000:.2f} ms of it on a CPU"
    return f"{took}: it {'waits most of the time' if cost.share > 0.5 else 'waits' if cost.waits else 'computes'}"


def _course(asked: Asked, site: _Site, seen: _Seen, cost: Nature, wanted: Load, say: Say, show: Show) -> Course:
    uwsgis = seen.base.plan.uwsgi.instances
    # nginx shares both among them.
    cores, clients = max(1, processes.cores() // uwsgis), math.ceil(asked.clients / uwsgis)
    sizes = candidates(seen.present, cost, cores, clients, asked.processes, asked.threads)
    left, holds = databases.left(seen.known)
    room = Room(
        memory.free_bytes(), seen.present, float(seen.first.pss_bytes), None if left is None else left // uwsgis, holds
    )
    seconds = asked.seconds or seconds_for(_SECONDS, cost.wall_us)
    course = Course(
        base=seen.base,
        options=site.options,
        load=wanted,
        clients=asked.clients,
        wall_us=cost.wall_us,
        seconds=seconds,
        rounds=asked.rounds or 4,
        fitting=fitting(sizes, room),
        say=say,
        progress=show,
    )
    while not asked.rounds and course.rounds > LEAST_ROUNDS and course.left_s > _ROUNDS_S:
        course.rounds -= 1
    return course


def _result(asked: Asked, site: _Site, seen: _Seen) -> Result:
    rows = seen.course.rows() if seen.course else []
    found = judged(rows, seen.present, asked.clients) if seen.course else _nothing(seen.first)
    data = _data(asked, site, seen, rows, found)
    findings = [one for one in (seen.first.finding, _failing(rows, seen.present)) if one]
    if rows:
        data["svg"] = _picture(asked, site, data)
    if found.outcome == "change" and found.size:
        _propose(asked, site, seen, data, found.size)
    bad = bool(findings) or found.outcome == "none" or seen.interrupted
    discretion = Discretion()
    code = Exit.FINDINGS if bad else Exit.DONE
    return Result("tune", discretion.data(data), discretion.findings(findings), code)


def _nothing(first: FirstLook) -> Judged:
    return Judged("none", None, ("not every page answers well: nothing was tried",))


def _failing(rows: Sequence[Row], present: Size) -> Finding | None:
    """Told of the present setting, which visitors have; of another it is a reason not to take it."""
    now = next((row for row in rows if row.size == present and row.rounds), None)
    if now is None or (not now.lost and not now.bad):
        return None
    return FAILS_UNDER_LOAD.found(
        cause=f"with the present setting {now.lost} requests were lost and {now.bad} answered with an error",
        evidence=[f"{row.size}: {row.lost} lost, {row.bad} not 2xx" for row in rows if row.lost or row.bad],
        fix=["portico logs --status 5xx", "portico tune --clients 16   # fewer at a time"],
        basis="request",
    )


def _data(asked: Asked, site: _Site, seen: _Seen, rows: Sequence[Row], found: Judged) -> dict[str, Any]:
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
        "present": {
            "processes": seen.present.processes,
            "threads": seen.present.threads,
            "origin": {key: told.origin(plan, key) for key in ("processes", "threads")},
        },
        "first": seen.first.data(),
        "settings": told.settings(rows, seen.present, found),
        "recommendation": told.recommendation(found),
        "caveats": told.caveat_rows(_caveats(asked, seen, rows, found)),
        "notes": list(told.about_site(site.loaded.config, site.role, plan, site.lives)),
        "toml": None,
        "file": None,
        "change": None,
        "written": None,
        "svg": None,
        "next": [],
    }


def _caveats(asked: Asked, seen: _Seen, rows: Sequence[Row], found: Judged) -> Sequence[Any]:
    row = next((row for row in rows if row.size == found.size), None)
    if row is None or found.size is None or seen.course is None:
        return ()
    windows = seen.course.windows
    plan = seen.base.plan.uwsgi
    return caveats(
        Circumstances(
            size=found.size,
            present=seen.present,
            clients=asked.clients,
            paths=tuple(seen.first.statuses),
            pss_bytes=row.median("pss_bytes"),
            free_bytes=memory.free_bytes(),
            load_us=sum(one.load_us for one in windows) / max(1, len(windows)),
            server_us=sum(one.server_us for one in windows) / max(1, len(windows)),
            others=others(rows),
            harakiri_s=plan.harakiri_s,
            uwsgis=plan.instances,
            databases=seen.known,
        )
    )


def _picture(asked: Asked, site: _Site, data: dict[str, Any]) -> str | None:
    """A folder that cannot be written to must not cost what was measured; a file that was asked for is another matter."""
    try:
        return save.picture(asked.options.project, asked.svg, data)
    except PorticoError as error:
        if asked.svg is not None:
            raise
        data["notes"].append(f"the picture could not be written: {error.findings[0].cause}")
        return None


def _propose(asked: Asked, site: _Site, seen: _Seen, data: dict[str, Any], size: Size) -> None:
    """The lines, the change, and what to type."""
    file = site.loaded.file or written.NAME
    made = save.change(asked.options.project, file, size)
    data.update(file=file, toml=written.lines(file, size), change=made.diff)
    apply = "portico reload" if site.lives else "portico up"
    if asked.write and not seen.interrupted:
        data["written"] = save.apply(asked.options.project, made)
        data["next"] = [f"{apply}   # until then nothing has changed for the running site" if site.lives else apply]
        return
    again = shlex.join(["portico", "tune", *asked.paths, "--write"])
    data["next"] = [f"put these lines into {file}, then: {apply}", f"{again}   # or: measures again and writes them"]


__all__ = ["tune"]
