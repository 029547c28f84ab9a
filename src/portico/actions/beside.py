"""What goes on while collectstatic runs: supervisord starts, and where nothing else can come of it, the application loads.

See docs/decisions/0020-loading-beside-collectstatic.md.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from portico.actions import apply, instance, supervise
from portico.actions.collect import Collected
from portico.actions.instance import Release
from portico.actions.places import Places
from portico.actions.prepare import Prepared
from portico.inside.static_known import RECORD
from portico.model.file import File
from portico.model.plan import Plan, UwsgiPlan
from portico.system import files
from portico.system.supervisor import Supervisor

Say = Callable[[str], None]
#: In a release's folder while its static files are not yet there: `inside/entry.py` waits for them.
_COLLECTING = "collecting"


def starting(
    prepared: Prepared, collecting: Callable[[], Collected], meanwhile: Callable[[], None], say: Say
) -> apply.Start:
    """How `apply.go_live` starts the instances of a release whose static files are being collected; `collecting` waits for
    them, and `meanwhile` is done before. They are there before the application loads, or at the latest before it is asked
    anything. Raises PorticoError, as the function it returns does, when they could not be collected."""

    def collected() -> Collected:
        meanwhile()
        return collecting()

    def tell(done: Collected) -> None:
        """Compress what was collected, and tell both."""
        if line := done.line + done.compress():
            say(line)

    if not _touches_nothing(prepared.plan):
        tell(collected())
        return instance.start

    def start(where: Places, client: Supervisor, release: Release, one: UwsgiPlan) -> None:
        since = None
        if one.slot == 1 and _may_load(prepared):
            done, since = _load_meanwhile(where, client, release, one, collected)
        elif one.slot == 1:
            done = collected()
        if since is None:
            since = instance.begin(where, client, release, one)
        if one.slot == 1:
            tell(done)
        instance.wait_loaded(where, client, release, one, since)

    return start


@contextlib.contextmanager
def supervisord(where: Places, live: supervise.Live) -> Iterator[None]:
    """Where nothing of the stack lives, supervisord starts while its first release is made, and ends if that fails."""
    started = supervise.begin(where, live)
    try:
        yield
    except BaseException:
        if started:
            supervise.stop_supervisor(where, supervise.STOP_LIMIT_S)
        raise


def _load_meanwhile(
    where: Places, client: Supervisor, release: Release, one: UwsgiPlan, collected: Callable[[], Collected]
) -> tuple[Collected, int | None]:
    """Start it; what is collected, and for `wait_loaded` since when it loads: None if it may have read in STATIC_ROOT what
    is no longer so, and has been ended."""
    files.write(release.folder, File(_COLLECTING, "", 0o644))
    try:
        since = instance.begin(where, client, release, one)
        done = collected()
    finally:
        files.remove(release.folder / _COLLECTING)
    if not done.changed:
        return done, since
    supervise.retire(where, client, one.name)
    return done, None


def _touches_nothing(plan: Plan) -> bool:
    """Whether what serves goes on untouched until the first new instance has started: no nginx has to leave the port, and no
    pool to take it."""
    return plan.front == "nginx" and plan.uwsgi.instances > 0 and plan.uwsgi.address.startswith("unix:")


def _may_load(prepared: Prepared) -> bool:
    """Whether the application is likely to find when it loads what it would find after collectstatic. Without STATIC_ROOT it
    knows no folder in which the command changes anything; a new STATIC_ROOT has nothing in it yet, and its manifest is
    written anew whenever the command runs."""
    django = prepared.django
    if django is None or not prepared.collects:
        return False
    if not django.static_root:
        return True
    if django.static_storage_manifest and not (prepared.where.state / "static" / RECORD).exists():
        return False
    return _has_files(Path(django.static_root))


def _has_files(folder: Path) -> bool:
    try:
        return next(folder.iterdir(), None) is not None
    except OSError:
        return False
