"""What is measured: the stack of the folder where it is up, else one of its own that runs aside meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from portico.actions import history, instance, state, supervise
from portico.actions.aside.plan import believing
from portico.actions.aside.raw import left_out
from portico.actions.aside.stack import Standing, standing
from portico.actions.bench.asked import Asked
from portico.actions.bench.kinds import NOTHING_HERE
from portico.actions.command_here import command_here
from portico.actions.configure import load
from portico.actions.live_environ import live_environ
from portico.actions.options import Options, find_places
from portico.actions.places import Places, elsewhere
from portico.actions.resolve_role import role_of
from portico.hops.uwsgi.facts import Stats
from portico.model.errors import Exit, PorticoError
from portico.model.plan import Plan
from portico.system import processes
from portico.system.accounts import Account, owner

#: Flags of an earlier `up` that say where and beside what a stack stood, and not what it was.
_OF_ITS_PLACE = ("listen", "role", "fast")


@dataclass(frozen=True)
class Target:
    """A running stack. `live`: it is the site itself, with its visitors. `nginx` and `masters` are pids (None and empty
    where none of it runs here), `supervisor` is that of supervisord. `folder` holds the files of its release; `environ` is
    the application's (secrets: never shown), `app` the account it runs as. `log` is nginx's access log,
    `app_log` that of uWSGI and the application. `notes` are sentences about the choice."""

    plan: Plan
    where: Places
    live: bool
    nginx: int | None
    masters: tuple[int, ...]
    supervisor: int | None
    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    app: Account
    log: Path | None
    app_log: Path | None
    notes: tuple[str, ...] = ()


@contextmanager
def target(asked: Asked) -> Iterator[Target]:
    """The stack to measure, while the block runs. Raises PorticoError where there is none and none can be started."""
    where = find_places(asked.options.project)
    known = state.read(where)
    found, why = _live(where, known)
    if found and not asked.own:
        yield found
        return
    why = ("the site is up, and a stack aside was asked for",) if found else why
    if not asked.own and not why and (others := elsewhere(where)):
        who = " and ".join(others)
        why = (f"the stack that {who} runs cannot be looked into by this account: one of its own was measured",)
    flags = _flags(where, known)
    options = asked.options.over(flags)
    config = load(options.project).config
    if role_of(options, config.role) == "front" and not asked.own:
        raise _nothing_here(options.project)
    values = believing(config) if asked.forwarded else {}
    with standing(replace(options, role=None), values, "measure") as made:
        yield _aside(made, (*why, *_as_before(asked.options, flags), *_otherwise(options.project)))


def _live(where: Places, known: state.State | None) -> tuple[Target | None, tuple[str, ...]]:
    """The running stack, or why it cannot be measured (nothing where none runs)."""
    seen = supervise.observe(where)
    if known is None or not seen.running:
        return None, ()
    try:
        plan = known.load_plan()
    except ValueError:
        return None, ("what runs was started by another version of Portico, so a stack of its own was measured",)
    if plan.front == "elsewhere":
        why = "what runs speaks the uwsgi protocol to an nginx elsewhere, so a stack with an nginx of its own was measured"
        return None, (why,)
    masters = {name: _master(seen.groups.get(name, ())) for name in known.names}
    nginx = _master(seen.groups.get("nginx", ())) if plan.nginx else None
    if None in masters.values() or (plan.nginx and nginx is None):
        return None, ("a part of what should run does not: `portico status` says which; a stack of its own was measured",)
    pids = tuple(pid for pid in masters.values() if pid)
    log = Path(plan.nginx.access_log) if plan.nginx and plan.nginx.access_log != "off" else None
    return (
        Target(
            plan=plan,
            where=where,
            live=True,
            nginx=nginx,
            masters=pids,
            supervisor=seen.supervisor_pid,
            folder=where.release_dir(known.release),
            environ=live_environ(where, plan),
            app=owner(Path(f"/proc/{pids[0]}")) if pids else owner(where.project),
            log=log,
            app_log=Path(plan.uwsgi.log) if pids and plan.uwsgi.log else None,
        ),
        (),
    )


def _master(pids: tuple[int, ...]) -> int | None:
    return next(filter(processes.leads_group, pids), None)


def _flags(where: Places, known: state.State | None) -> dict[str, Any]:
    """The flags that the site was last started with: they say which application it is."""
    records = history.every(where) if known is None else ()
    flags = known.flags if known else records[0].flags if records else {}
    return {name: value for name, value in flags.items() if name not in _OF_ITS_PLACE}


def _aside(made: Standing, why: tuple[str, ...]) -> Target:
    return Target(
        plan=made.plan,
        where=made.asked.where,
        live=False,
        nginx=made.nginx,
        masters=made.uwsgi,
        supervisor=None,
        folder=made.folder,
        environ=made.asked.environ,
        app=made.asked.machine.app,
        log=Path(made.plan.nginx.access_log) if made.plan.nginx else None,
        app_log=made.log,
        notes=why,
    )


def _as_before(options: Options, flags: Mapping[str, Any]) -> Iterator[str]:
    """What `portico up` was told and this command was not."""
    kept = [f"{name} {value}" for name, value in flags.items() if name not in options.flags() and value is not True]
    if kept:
        yield f"as it was last started: {', '.join(kept)}"


def _otherwise(project: Path) -> Iterator[str]:
    """In what a stack aside is not as portico.toml has it."""
    config = load(project).config
    lines = (*(config.nginx.extra_http or ()), *(config.nginx.extra_server or ()), *(config.nginx.extra_location or ()))
    if left := left_out(lines):
        yield f"raw lines with {', '.join(left)} were left out"
    if config.uwsgi.address:
        yield f"nginx talked to uWSGI over a unix socket, and not over {config.uwsgi.address}"


def _nothing_here(project: Path) -> PorticoError:
    fix = [f"{command_here(project)} up -d", f"{command_here(project)} bench   # then through that nginx"]
    cause = "this folder's role is `front`, and its nginx does not run"
    return PorticoError(NOTHING_HERE.found(cause=cause, evidence=['role = "front"'], fix=fix), Exit.USAGE)


def stats(found: Target) -> list[Stats]:
    """What its uWSGI instances say of themselves, as far as they answer."""
    every = (instance.stats(found.where, one.name) for one in found.plan.uwsgi.each())
    return [one for one in every if one]
