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
@click.option(
    "--uwsgi",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A uwsgi.ini that Portico did not write, to be looked at instead of the project.",
)
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings too.")
@plan_options
def command(screen: Screen, options: Options, strict: bool, uwsgi: tuple[Path, ...]) -> Result:
    """Look for what is wrong, before anything runs. Exit code 1 when there is an error.

    `--nginx FILE.conf` and `--uwsgi FILE` look at files that were written by hand instead of the project.
    """
    from portico.actions.check import check, check_files

    nginx = _conf(options.nginx or "")
    files = [path.absolute() for path in uwsgi]
    return check_files(options.project, nginx, files, strict) if nginx or files else check(options, strict)


def _conf(given: str) -> Path | None:
    """`--nginx` as a configuration: a file that is no program."""
    path = Path(given)
    if path.suffix == ".conf" and not path.is_file():
        raise click.BadParameter(f"there is no file {given}", param_hint="--nginx")
    return path.absolute() if given and path.is_file() and not os.access(path, os.X_OK) else None
