"""`portico render`."""

from __future__ import annotations

from pathlib import Path

import click

from portico.actions.options import Options
from portico.cli.output import Screen
from portico.cli.plan_options import plan_options
from portico.cli.verb import verb
from portico.model.result import Result


@verb("render")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Write the files there (default: print them).")
@plan_options
def command(screen: Screen, options: Options, out: Path | None) -> Result:
    """Write nginx.conf, uwsgi.ini, uwsgi_params and mime.types: they run without Portico."""
    from portico.actions.render import render

    return render(options, out)
