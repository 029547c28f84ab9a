"""`portico explain`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from portico.actions.options import Options
from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("explain")
@click.argument("name", required=False, default="")
@click.option("--app", "target", metavar="TARGET", default="", help="What `up` would be given: a file or MODULE:NAME.")
@click.option("--front", type=click.Choice(["nginx", "none"]), help="As if `up` were given that.")
@click.option("--role", type=click.Choice(["all", "app", "front"]), help="As if `up` were given that.")
def command(screen: Screen, project: Path, name: str, **flags: Any) -> Result:
    """Draw the flow of this project, and say what anything in it is for.

    NAME is a rendered file (nginx.conf, uwsgi.ini, uwsgi_params), a key of portico.toml, a directive of nginx or an option
    of uWSGI, a variable of the request, the id of a finding, or a path of the stack. What runs is explained as it runs,
    anything else as `up` would start it.
    """
    from portico.actions.explain.run import explain
    from portico.cli.kinds import every

    # Nothing is started, so nothing runs as root.
    options = replace(Options(project, allow_root_app=True), **flags)
    return explain(options, name, every)
