"""The settings that are compared, each as a uWSGI of its own behind one nginx: as releases are, of which one is live.
One that has another number of sockets for its workers has an nginx of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from portico.actions import slots, stage
from portico.actions.aside.processes import NO_TRACES, START_S, Deadline, NotStarted, TimeIsOver, start_uwsgi, stopped_after
from portico.actions.aside.stack import Standing, log, standing
from portico.actions.options import Options
from portico.actions.resolve_workers import OWN_THREADS
from portico.actions.start_failure import DID_NOT_LOAD
from portico.actions.tune.sizes import Size
from portico.hops.uwsgi import commands
from portico.model.command import Command
from portico.model.errors import PorticoError
from portico.model.plan import UwsgiPlan
from portico.system.accounts import to_become
from portico.system.aside import Aside


@dataclass(frozen=True)
class Contender:
    """One setting that runs. `uwsgi` are the pids of its masters, `nginx` that of nginx's, if there is one. `live` lets
    requests to `host` and `port` go to it."""

    size: Size
    host: str
    port: int
    nginx: int | None
    uwsgi: tuple[int, ...]
    live: Callable[[], None] = field(compare=False)

    @property
    def roots(self) -> tuple[int, ...]:
        """Everything that works for a request."""
        return self.uwsgi if self.nginx is None else (self.nginx, *self.uwsgi)


def present(base: Standing) -> Contender:
    """The setting that the site has now."""
    plan = base.plan.uwsgi

    def live() -> None:
        for instance in plan.each():
            slots.point(base.asked.where, instance)

    size = Size(plan.processes, plan.threads)
    return Contender(size, base.host, base.port, base.nginx, base.uwsgi, live if base.nginx else lambda: None)


@contextmanager
def beside(
    base: Standing, options: Options, sizes: Sequence[Size], started: Callable[[Size], None]
) -> Iterator[dict[Size, Contender | str]]:
    """Those settings, while the block runs; of one that does not start, why. `started` is told each. An interrupt ends the
    base with them: a uWSGI takes a second to end, and one after the other would take as many as there are."""
    running: list[Aside] = []
    with ExitStack() as stack:
        try:
            found: dict[Size, Contender | str] = {}
            for number, size in enumerate(sizes, start=2):
                found[size] = _started(stack, base, options, (number, size), running)
                started(size)
            yield found
        except KeyboardInterrupt:
            base.processes.ask_to_end()
            raise
        finally:
            for processes in running:
                processes.ask_to_end()


def _started(
    stack: ExitStack, base: Standing, options: Options, wanted: tuple[int, Size], running: list[Aside]
) -> Contender | str:
    number, size = wanted
    try:
        if base.nginx is None or _needs_its_own_nginx(base.plan.uwsgi, size):
            values = {"uwsgi.processes": size.processes, "uwsgi.threads": size.threads}
            # Each listens on a port of its own.
            alone = stack.enter_context(standing(options, values, "tune"))
            running.append(alone.processes)
            return present(alone)
        running.append(stack.enter_context(stopped_after()))
        return _release(base, size, number, running[-1])
    except (PorticoError, NotStarted, TimeIsOver) as error:
        return _reason(error)


def _needs_its_own_nginx(present: UwsgiPlan, size: Size) -> bool:
    """Whether nginx would have to know other sockets than it does: there may be one for each worker."""
    others = size.processes != present.processes and (present.worker_sockets or present.processes == 1)
    return others or (size.threads >= OWN_THREADS) != (present.threads >= OWN_THREADS)


def _reason(error: Exception) -> str:
    if isinstance(error, PorticoError):
        return error.findings[0].cause
    if isinstance(error, NotStarted):
        return f"it did not start: {error.cause}" + (f" ({error.said[-1]})" if error.said else "")
    return "it did not start in time"


def _release(base: Standing, size: Size, number: int, processes: Aside) -> Contender:
    """As another release of the same site; nginx reaches it by the link that names the live one."""
    where, app = base.asked.where, base.asked.machine.app
    plan = stage.as_numbered(base.plan, where, base.plan.uwsgi.instance + number)
    plan = replace(plan, uwsgi=replace(plan.uwsgi, processes=size.processes, threads=size.threads))
    folder = stage.stage(where, plan, app)
    limit_s = plan.release.load_timeout_s
    masters = []
    for instance in plan.uwsgi.each():
        command = Command(
            argv=commands.serve_argv(plan, f"{folder}/{instance.ini}", f"{folder}/uwsgi_launcher.py"),
            why=f"run uWSGI with {size}",
            cwd=plan.site.directory,
            environ={**base.asked.environ, **NO_TRACES},
            user=to_become(app) or None,
        )
        deadline = Deadline(limit_s + START_S)
        masters.append(start_uwsgi(processes, command, log(base.asked), DID_NOT_LOAD, deadline, limit_s).pid)

    def live() -> None:
        for instance in plan.uwsgi.each():
            slots.point(where, instance)

    return Contender(size, base.host, base.port, base.nginx, tuple(masters), live)
