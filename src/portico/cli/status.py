"""`portico status`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("status")
@click.option("-w", "--watch", is_flag=True, help="Repeat every two seconds until Ctrl-C.")
def command(screen: Screen, project: Path, watch: bool) -> Result:
    """Show what runs, hop by hop: processes, workers, requests, memory, sockets."""
    from portico.actions.options import find_places
    from portico.actions.status import status

    where = find_places(project)
    while watch:
        result = status(where)
        if screen.colour:
            click.clear()
        screen.show(result)
        time.sleep(2)
    return status(where)
