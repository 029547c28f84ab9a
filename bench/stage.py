"""The stage of a run: every stack installed, on a ground of its own, and started."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import install, postgres, site
from bench.air import TROUBLE, OnAir
from bench.contenders import FLOOR
from bench.progress import INSTALL, SITE, START
from bench.stacks.base import Ground, Stack
from portico.actions.machine import find_nginx
from portico.model.load import Request
from portico.system.sockets import free_port

#: In the order of the table.
STACKS = (
    "portico",
    "portico_tuned",
    "tutorial",
    "gunicorn",
    "gunicorn_uwsgi",
    "nginx_granian",
    "waitress",
    "mod_wsgi",
    "granian",
    "uwsgi",
    "runserver",
    FLOOR,
)


STATIC_FILE = "bench/1k.bin"


@dataclass
class Stage:
    """`airs`: the stacks that run; `floor`: the ground of the loop, if it takes part; `missing`: why another does not;
    `stacks`: all that were asked for."""

    stacks: tuple[Stack, ...]
    airs: list[OnAir] = field(default_factory=list)
    floor: Ground | None = None
    missing: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def stacks(keys: Sequence[str]) -> tuple[Stack, ...]:
    """Their descriptions, as far as their files are here."""
    there = [key for key in keys if importlib.util.find_spec(f"bench.stacks.{key}")]
    return tuple(importlib.import_module(f"bench.stacks.{key}").STACK for key in there)


@contextmanager
def staged(
    wanted: Sequence[Stack], folder: Path, say: Callable[[str], None], done: Callable[[str], None] = lambda _: None
) -> Iterator[Stage]:
    """Everything up in the block, and down after it. `done` is told each step of bench.progress that is over."""
    stage = Stage(tuple(wanted))
    pythons = installed(stage, say, done)
    with postgres.cluster(folder / "postgres", say) as environ:
        try:
            for ground, stack in _grounds(stage, pythons, folder, environ, say):
                done(SITE)
                _start(stage, ground, stack, say)
                done(START + stack.key)
            yield stage
        finally:
            for air in stage.airs:
                air.discard()


def installed(stage: Stage, say: Callable[[str], None], done: Callable[[str], None] = lambda _: None) -> dict[str, Path]:
    """The interpreters of the stacks' environments; what cannot be installed is missing."""
    pythons = {}
    for stack in stage.stacks:
        environment = install.prepare(stack, say)
        if environment.python:
            pythons[stack.key] = environment.python
        else:
            stage.missing[stack.key] = environment.missing
        done(INSTALL + stack.key)
    return pythons


def _grounds(
    stage: Stage, pythons: Mapping[str, Path], folder: Path, environ: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[tuple[Ground, Stack]]:
    """The site is made once and copied: all stacks serve the same rows and files."""
    if not pythons:
        return
    say("making the site")
    nginx = Path(find_nginx("auto").path)
    needed = site.make(folder / "site", next(iter(pythons.values())), environ)
    for stack in stage.stacks:
        if stack.key in pythons:
            own = folder / stack.key
            own.mkdir(mode=0o755)
            shutil.copytree(folder / "site", own / "site")
            yield _ground(own, pythons[stack.key], needed, nginx), stack


def _ground(own: Path, python: Path, environ: Mapping[str, str], nginx: Path) -> Ground:
    copy = own / "site"
    return Ground(own, copy, copy / "collected", python, environ, free_port(), free_port(), os.cpu_count() or 1, nginx)


def _serves_static(air: OnAir) -> bool:
    asked = air.ask(Request(f"/static/{STATIC_FILE}"))
    return asked.status == 200 and asked.body == (air.ground.collected / STATIC_FILE).read_bytes()


def _start(stage: Stage, ground: Ground, stack: Stack, say: Callable[[str], None]) -> None:
    stage.versions[stack.key] = stack.version(ground)
    if stack.key == FLOOR:
        stage.floor = ground
        return
    air = OnAir(stack, ground)
    stage.airs.append(air)
    try:
        say(f"{stack.title}: answers after {air.start():.1f} s")
        air.abilities["static"] = stack.static and _serves_static(air)
    except TROUBLE as error:
        stage.missing[stack.key] = str(error)
        say(f"{stack.title}: {error}")
        air.discard()
