"""`portico tune`: the site aside, with one number of processes and threads after the other, under load."""

from __future__ import annotations

import math
from collections.abc import Callable

from portico.actions.aside.stack import Standing, standing
from portico.actions.tune import contenders, databases
from portico.actions.tune.asked import Asked, Progress
from portico.actions.tune.course import Course
from portico.actions.tune.first_look import look, seconds_for
from portico.actions.tune.fits import Room, fitting
from portico.actions.tune.judge import LEAST_ROUNDS
from portico.actions.tune.logged import logged
from portico.actions.tune.result import Seen, result
from portico.actions.tune.site import Site, prove_tunable, site_of
from portico.actions.tune.sizes import Nature, candidates
from portico.model.load import Load
from portico.model.result import Result
from portico.model.units import human_seconds
from portico.system import memory, processes
from portico.system.load import prove_room

Say = Callable[[str], None]
Show = Callable[[Progress], None]

_SECONDS = 1.2
#: Where nobody says how many rounds: so many, or as many as go into this time.
_ROUNDS_S = 80.0


def tune(asked: Asked, say: Say = lambda _: None, show: Show = lambda _: None) -> Result:
    """Try what is worth trying and say what the figures speak for; the running site is not touched. `result.settings` has
    the quartiles of every setting, `result.recommendation` the outcome (`change`, `keep`, `none`) and why, `result.caveats`
    what to know before, `result.toml` the lines, `result.change` them as a diff, `result.written` the file if `write` put
    them there. `say` is told each step, `show` how far it is.

    An interrupt ends the measuring, not the command: what there is by then is told. Raises PorticoError when the site does
    not start, or has nothing to tune."""
    prove_room(asked.clients)
    site = site_of(asked)
    show(Progress("starting the site aside"))
    try:
        with standing(site.options, site.values, "tune") as base:
            prove_tunable(base.plan)
            seen = _measured(asked, site, base, say, show)
    except KeyboardInterrupt:
        say("stopped: nothing was measured, and nothing is left running")
        raise
    return result(asked, site, seen)


def _measured(asked: Asked, site: Site, base: Standing, say: Say, show: Show) -> Seen:
    now = contenders.present(base)
    say(f"the site runs aside with {now.size} (processes x threads), the present setting")
    host = asked.host or base.plan.site.health_host
    requests = asked.requests(base.plan.site.health_path)
    wanted = Load(base.host, base.port, requests, asked.clients, host_header=host)
    # Before its threads have connections of their own: they may be all that there are.
    known = databases.databases(base.asked)
    show(Progress("measuring the present setting"))
    first = look(now, wanted, asked.clients)
    seen = Seen(base, first, now.size, known)
    if first.nature is None:
        if any(not status or status >= 500 for status in first.statuses.values()):
            seen.logged = logged(base)
        return seen
    say(_said(first.nature))
    seen.course = course = _course(asked, site, seen, first.nature, wanted, say, show)
    if now.size in course.fitting.left_out:
        return seen
    tried = f"{len(course.sizes)} settings, {course.rounds} rounds of {course.seconds:.1f} s: "
    say(f"{tried}{', '.join(map(str, course.sizes))}; about {human_seconds(course.left_s)}")
    try:
        course.run()
    except KeyboardInterrupt:
        seen.interrupted = True
    if any(row.reasons for row in course.rows()):
        seen.logged = logged(base)
    return seen


def _said(cost: Nature) -> str:
    took = f"a request alone takes {cost.wall_us / 1000:.1f} ms, {cost.cpu_us / 1000:.2f} ms of it on a CPU"
    return f"{took}: it {'waits most of the time' if cost.share > 0.5 else 'waits' if cost.waits else 'computes'}"


def _course(asked: Asked, site: Site, seen: Seen, cost: Nature, wanted: Load, say: Say, show: Show) -> Course:
    uwsgis = seen.base.plan.uwsgi.instances
    # nginx shares both among them.
    cores, clients = max(1, processes.cores() // uwsgis), math.ceil(asked.clients / uwsgis)
    sizes = candidates(seen.present, cost, cores, clients, asked.processes, asked.threads)
    left, holds = databases.left(seen.known)
    each = None if left is None else left // uwsgis
    room = Room(memory.free_bytes(), seen.present, float(seen.first.pss_bytes), each, holds)
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
