"""The flags that shape a plan, shared by every verb that makes one: `up`, `check`, `config`, `render`, `bench`, `tune`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from portico.actions.options import Options
from portico.cli.output import Screen
from portico.model.result import Result

_FRONT = click.option("--front", type=click.Choice(["nginx", "none"]), help="`none`: uWSGI serves HTTP itself.")
_PROGRAMS = (
    click.option("--python", metavar="PATH", help="The project's Python."),
    click.option("--settings", metavar="MODULE", help="Django's settings module."),
    click.option("--nginx", metavar="WHICH", help="auto, system, wheel or a path."),
)
_ROOT = click.option("--allow-root-app", is_flag=True, help="As root: run an application that belongs to root.")
_FLAGS = (
    click.argument("target", required=False, default=""),
    click.option("--listen", metavar="ADDRESS", help="PORT, HOST:PORT or `auto` (default: 127.0.0.1:8000)."),
    _FRONT,
    click.option(
        "--role",
        type=click.Choice(["all", "app", "front"]),
        help="`app`: only uWSGI, for an nginx elsewhere; `front`: only nginx, for `servers`.",
    ),
    *_PROGRAMS,
    click.option("--fast", is_flag=True, help="Later reloads replace the workers of one uWSGI: no second one, no rollback."),
    _ROOT,
)
_TARGET = click.option(
    "--app", "target", metavar="TARGET", default="", help="As with `up`: hello.py, package.module:callable."
)


def plan_options(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give `function(screen, options, ...)` the flags as one Options."""

    @functools.wraps(function)
    def with_options(screen: Screen, project: Path, **flags: Any) -> Result:
        shaping = {name: flags.pop(name) for name in Options.__dataclass_fields__ if name in flags}
        return function(screen, Options(project, **shaping), **flags)

    return _flagged(with_options, _FLAGS)


def aside_options(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give `function` the flags that shape a stack of its own, as the keywords of Options; its arguments are paths."""
    return _flagged(function, (_TARGET, _FRONT, *_PROGRAMS, _ROOT))


def _flagged(function: Callable[..., Result], flags: tuple[Callable[..., Any], ...]) -> Callable[..., Result]:
    for flag in reversed(flags):
        function = flag(function)
    return function
