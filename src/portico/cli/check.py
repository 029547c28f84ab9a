"""`portico check`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from portico.actions.options import Options
from portico.cli.output import Screen
from portico.cli.plan_options import plan_options
from portico.cli.verb import verb
from portico.model.result import Result


@verb("check")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="`sarif` for code scanning, `github` for annotations in a workflow.",
)
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings too.")
@plan_options
def command(screen: Screen, options: Options, strict: bool) -> Result:
    """Look for what is wrong, before anything runs. Exit code 1 when there is an error.

    `--nginx FILE.conf` looks at a configuration that was written by hand instead of the project.
    """
    from portico.actions.check import check, check_file

    nginx = _conf(options.nginx or "")
    return check_file(options.project, nginx, strict) if nginx else check(options, strict)


def _conf(given: str) -> Path | None:
    """`--nginx` as a configuration: a file that is no program."""
    path = Path(given)
    if path.suffix == ".conf" and not path.is_file():
        raise click.BadParameter(f"there is no file {given}", param_hint="--nginx")
    return path.absolute() if given and path.is_file() and not os.access(path, os.X_OK) else None
