"""`portico demo`."""

from __future__ import annotations

from pathlib import Path

import click

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("demo")
@click.argument("into", metavar="[DIR]", required=False, default="")
def command(screen: Screen, project: Path, into: str) -> Result:
    """Start the sample project and follow two requests through it.

    DIR is where the sample is copied to (default: ./portico-demo). In the sample's own folder it is started in place.
    """
    from portico.actions.demo import demo

    return demo(project, into, screen.say)
