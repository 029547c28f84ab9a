"""A whole stack that runs aside: made, started, and stopped again without a trace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from portico.actions import collect, environment, folders, slots, stage, supervise, trace_token
from portico.actions.aside.folder import private_folder
from portico.actions.aside.plan import changed, moved, prepared_aside, raw_listens
from portico.actions.aside.processes import (
    NO_TRACES,
    START_S,
    Deadline,
    NotStarted,
    TimeIsOver,
    start_nginx,
    start_uwsgi,
    stopped_after,
)
from portico.actions.aside.raw import Ground
from portico.actions.configure import Loaded, load
from portico.actions.options import Options
from portico.actions.prepare import Prepared
from portico.actions.start_failure import DID_NOT_LOAD, FRONT_SILENT, explain_uwsgi
from portico.hops.nginx import commands as nginx
from portico.hops.uwsgi import commands as uwsgi
from portico.model.command import Command
from portico.model.config import Config
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import Plan
from portico.system import files, sockets
from portico.system.accounts import to_become
from portico.system.aside import Aside, orderly
from portico.system.clock import wait_for


@dataclass(frozen=True)
class Standing:
    """A stack that runs aside. `nginx` is the pid of its master, None with `--front none`; `uwsgi` are those of the masters,
    one for each instance; `folder` holds the files of its release, entry.py among them; `processes` are all of it."""

    asked: Prepared
    nginx: int | None
    uwsgi: tuple[int, ...]
    folder: Path
    processes: Aside

    @property
    def plan(self) -> Plan:
        return self.asked.plan

    @property
    def host(self) -> str:
        return self.plan.listen.connect_host

    @property
    def port(self) -> int:
        return self.plan.listen.port

    @property
    def log(self) -> Path:
        """What its uWSGI and its application write."""
        return log(self.asked)


@contextmanager
def standing(options: Options, values: Mapping[str, Any] | None = None, purpose: str = "aside") -> Iterator[Standing]:
    """The project's stack on a spare port, while the block runs; then nothing of it is left.

    `values` replace those of portico.toml, by the names they have there (`{"uwsgi.processes": 4}`). `purpose` is a word in
    the name of its folder. No hooks, crons or daemons are run, and limits on how often a client may ask are left out of the
    raw lines; it uses the site's own database. Raises PorticoError when there is no plan, or when it does not start.
    """
    with orderly(), private_folder(purpose) as folder, stopped_after() as processes:
        yield _start(_prepared(options, values or {}, folder), processes)


def _prepared(options: Options, values: Mapping[str, Any], folder: Path) -> Prepared:
    loaded = load(options.project)
    config = changed(loaded.config, values)
    port = sockets.free_port()
    declared = declared_port(config)
    others = {name: port if name == declared else sockets.free_port() for name in raw_listens(config)}
    config = moved(config, port, Ground(str(folder), others))
    return prepared_aside(replace(options, listen=None, role=None), Loaded(config, loaded.file, loaded.places), folder)


def _start(asked: Prepared, processes: Aside) -> Standing:
    limit_s = asked.plan.release.load_timeout_s
    try:
        return start(asked, processes, Deadline(limit_s + START_S), DID_NOT_LOAD, limit_s)
    except NotStarted as why:
        raise environment.discreet(_explained(asked, why), asked.environ) from None
    except TimeIsOver:
        raise explain_uwsgi(asked.plan, 0, f"the stack was not ready in {limit_s + START_S:.0f} s") from None


def _explained(asked: Prepared, why: NotStarted) -> PorticoError:
    """The same screen that `portico up` has for it, without the log, which goes away with the folder."""
    fix = ["portico check", "portico up   # says the same, and keeps its logs"]
    if why.hop == "nginx":
        return PorticoError(FRONT_SILENT.found(cause=why.cause, evidence=why.said, fix=fix), Exit.ROLLED_BACK)
    error = explain_uwsgi(asked.plan, 0, why.cause, files.tail(log(asked)))
    first, *rest = error.findings
    kept = [line for line in first.fix if not line.startswith("less ")]
    return PorticoError(replace(first, fix=tuple(kept or fix)), error.code, rest)


def declared_port(config: Config) -> str:
    """The port that portico.toml names; 8000 is what it means without one."""
    return str(config.listen or 8000).rpartition(":")[2]


def log(asked: Prepared) -> Path:
    """What its uWSGI and its application write."""
    return asked.where.state / "log" / "uwsgi.out"


def start(asked: Prepared, processes: Aside, deadline: Deadline, kind: Kind, load_s: float = START_S) -> Standing:
    """Everything that `portico up` does to a first release but run hooks, with us as the parent. `kind` is what a process
    that does not start is; the application may take `load_s` to be loaded. Raises PorticoError, NotStarted, TimeIsOver."""
    where, plan, machine = asked.where, asked.plan, asked.machine
    folders.make_state(where, machine)
    folders.make_rest(where, machine, plan)
    supervise.make_run(where, machine.app, machine.worker)
    trace_token.ensure(where)
    folder = stage.stage(where, plan, machine.app)
    stage.prove_nginx(plan, folder)
    collect.collect_static(asked)
    collect.switch_static(where, plan.uwsgi.instance)
    masters = []
    for instance in plan.uwsgi.each():
        command = Command(
            argv=uwsgi.serve_argv(plan, f"{folder}/{instance.ini}", f"{folder}/uwsgi_launcher.py"),
            why="run uWSGI aside",
            cwd=plan.site.directory,
            environ={**asked.environ, **NO_TRACES},
            user=to_become(machine.app) or None,
        )
        masters.append(start_uwsgi(processes, command, log(asked), kind, deadline, load_s).pid)
        slots.point(where, instance)
    return Standing(asked, _front(asked, folder, processes, deadline, kind), tuple(masters), folder, processes)


def _front(asked: Prepared, folder: Path, processes: Aside, deadline: Deadline, kind: Kind) -> int | None:
    """The pid of nginx, when it listens; None where uWSGI itself is asked."""
    plan = asked.plan
    if plan.nginx is None:
        listens: Callable[[], bool] = lambda: sockets.is_accepting(plan.listen.connect_host, plan.listen.port)  # noqa: E731
        if not wait_for(listens, deadline.left(START_S)):
            raise NotStarted(kind, "uwsgi", "it did not listen", files.tail(log(asked)).splitlines()[-6:])
        return None
    environ = {"PATH": os.environ.get("PATH", os.defpath)}
    command = Command(nginx.serve_argv(plan, str(folder / "nginx.conf")), why="run nginx aside", cwd="/", environ=environ)
    return start_nginx(processes, command, asked.where.state / "log" / "nginx.out", kind, plan.listen.port, deadline).pid
