"""What goes on while collectstatic runs: supervisord starts, and where nothing else can come of it, the application loads.

See docs/decisions/0020-loading-beside-collectstatic.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from portico.actions import apply, instance, supervise
from portico.actions.collect import Collected
from portico.actions.instance import Release
from portico.actions.places import Places
from portico.actions.prepare import Prepared
from portico.model.plan import Plan, UwsgiPlan
from portico.system.supervisor import Supervisor

Say = Callable[[str], None]


def starting(prepared: Prepared, collected: Callable[[], Collected], say: Say) -> apply.Start:
    """How `apply.go_live` starts the instances of a release whose static files are being collected; `collected` waits for
    them. They are there before the application loads, or at the latest before it is asked anything. Raises PorticoError, as
    the function it returns does, when they could not be collected."""

    def told() -> Collected:
        done = collected()
        if done.line:
            say(done.line)
        return done

    if not _touches_nothing(prepared.plan):
        told()
        return instance.start

    def start(where: Places, client: Supervisor, release: Release, one: UwsgiPlan) -> None:
        if one.slot == 1 and _may_load(prepared):
            _load_meanwhile(where, client, release, one, told)
            return
        if one.slot == 1:
            told()
        instance.start(where, client, release, one)

    return start


def _load_meanwhile(
    where: Places, client: Supervisor, release: Release, one: UwsgiPlan, told: Callable[[], Collected]
) -> None:
    """Start it, and once more if it may have read in STATIC_ROOT what is no longer so."""
    since = instance.begin(where, client, release, one)
    if told().changed:
        supervise.retire(where, client, one.name)
        since = instance.begin(where, client, release, one)
    instance.wait_loaded(where, client, release, one, since)


def _touches_nothing(plan: Plan) -> bool:
    """Whether what serves goes on untouched until the first new instance has started: no nginx has to leave the port, and no
    pool to take it."""
    return plan.front == "nginx" and plan.uwsgi.instances > 0 and plan.uwsgi.address.startswith("unix:")


def _may_load(prepared: Prepared) -> bool:
    """Whether the application is likely to find when it loads what it would find after collectstatic. Without STATIC_ROOT it
    knows no folder in which the command changes anything; a new STATIC_ROOT has nothing in it yet, and a manifest is written
    anew by every run."""
    django = prepared.django
    if django is None or not prepared.collects or django.static_storage_manifest:
        return False
    return not django.static_root or _has_files(Path(django.static_root))


def _has_files(folder: Path) -> bool:
    try:
        return next(folder.iterdir(), None) is not None
    except OSError:
        return False
