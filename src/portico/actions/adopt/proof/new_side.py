"""The new stack, run aside: the files and the processes of `portico up`, in a folder of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from portico.actions import collect, folders, slots, stage, supervise, trace_token
from portico.actions.adopt.proof import raw_aside
from portico.actions.adopt.proof.inputs import ProofInputs
from portico.actions.adopt.proof.kinds import NEW_DEAD
from portico.actions.adopt.proof.raw_aside import Ground
from portico.actions.adopt.proof.sides import NO_TRACES, Deadline, Side, start_nginx, start_uwsgi
from portico.actions.configure import Loaded
from portico.actions.options import Options
from portico.actions.places import Places
from portico.actions.prepare import Prepared, prepare
from portico.hops.nginx import commands as nginx
from portico.hops.uwsgi import commands as uwsgi
from portico.hops.uwsgi.moved import quiet
from portico.model.command import Command
from portico.model.config import Config
from portico.system.accounts import ourselves, to_become
from portico.system.aside import Aside

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def prepared(inputs: ProofInputs, folder: Path, port: int, ground: Ground) -> Prepared:
    """The plan of the new stack on that port of 127.0.0.1, its places in `folder`; `ground` is for its raw lines. Raises
    PorticoError."""
    config = aside(read(inputs.toml), port, ground)
    root = ourselves().uid == 0
    state = folder / "state"
    where = Places(inputs.project, folder / "dot" if root else state, state, folder / "run")
    options = Options(inputs.project, allow_root_app=inputs.allow_root_app)
    found = prepare(options, Loaded(config, "portico.toml"), where)
    if found.collects and found.django and found.django.static_root:
        # collectstatic would write into the folder that the old deployment serves.
        found = prepare(options, Loaded(config.model_copy(update={"collect_static": False}), "portico.toml"), where)
    return found


def declared_port(config: Config) -> str:
    """The port that portico.toml names; 8000 is what it means without one."""
    return str(config.listen or 8000).rpartition(":")[2]


def read(toml: str) -> Config:
    """The text as a configuration. Raises ValueError."""
    try:
        return Config.model_validate(tomllib.loads(toml))
    except ValidationError as error:
        raise ValueError(str(error)) from None


def aside(config: Config, port: int, ground: Ground) -> Config:
    """The same site on another port: its own sockets and logs, no hooks, crons or daemons, no other machines."""
    nginx_config = config.nginx.model_copy(
        update={
            "access_log": None,
            "error_log": None,
            "extra_http": raw_aside.moved(config.nginx.extra_http, ground),
            "extra_server": raw_aside.moved(config.nginx.extra_server, ground),
            "extra_location": raw_aside.moved(config.nginx.extra_location, ground),
        }
    )
    extra = quiet(config.uwsgi.extra or ())
    uwsgi_config = config.uwsgi.model_copy(update={"address": None, "log": None, "daemonize": None, "extra": extra or None})
    release = config.release.model_copy(update={"hooks": None, "fast": None, "warm": None})
    return config.model_copy(
        update={
            **dict.fromkeys(("servers", "instances", "role", "state_dir")),
            **{"listen": f"127.0.0.1:{port}", "nginx": nginx_config, "uwsgi": uwsgi_config, "release": release},
        }
    )


def raw_listens(config: Config) -> dict[str, bool]:
    """The ports of `listen` among the raw lines of http and server, and whether each speaks TLS."""
    return raw_aside.listens((*(config.nginx.extra_http or ()), *(config.nginx.extra_server or ())))


def start(asked: Prepared, processes: Aside, deadline: Deadline) -> None:
    """Everything that `portico up` does to a first release but run hooks, with us as the parent. Raises PorticoError and
    NotStarted."""
    where, plan, machine = asked.where, asked.plan, asked.machine
    folders.make_state(where, machine)
    folders.make_rest(where, machine, plan)
    supervise.make_run(where, machine.app, machine.worker)
    trace_token.ensure(where)
    folder = stage.stage(where, plan, machine.app)
    stage.prove_nginx(plan, folder)
    collect.collect_static(asked)
    collect.switch_static(where, plan.uwsgi.instance)
    for instance in plan.uwsgi.each():
        command = Command(
            argv=uwsgi.serve_argv(plan, f"{folder}/{instance.ini}", f"{folder}/uwsgi_launcher.py"),
            why="run the new uWSGI",
            cwd=plan.site.directory,
            environ={**asked.environ, **NO_TRACES},
            user=to_become(machine.app) or None,
        )
        start_uwsgi(processes, command, log(asked), NEW_DEAD, deadline)
        slots.point(where, instance)
    environ = {"PATH": os.environ.get("PATH", os.defpath)}
    command = Command(nginx.serve_argv(plan, str(folder / "nginx.conf")), why="run the new nginx", cwd="/", environ=environ)
    start_nginx(processes, command, where.state / "log" / "nginx.out", NEW_DEAD, plan.listen.port, deadline)


def log(asked: Prepared) -> Path:
    """What its uWSGI and its application write."""
    return asked.where.state / "log" / "uwsgi.out"


def side(asked: Prepared, own: str, declared: str, raw: Mapping[str, bool], raw_ports: Mapping[str, int]) -> Side:
    """Where it answers for the ports of the old deployment; `declared` is the port of portico.toml."""
    ports = {own: asked.plan.listen.port, declared: asked.plan.listen.port, **raw_ports}
    return Side(ports, own, frozenset(raw_ports[name] for name, tls in raw.items() if tls))
