"""`portico rollback`."""

from __future__ import annotations

from pathlib import Path

import click

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("rollback")
@click.argument("release", required=False, type=click.IntRange(min=1))
def command(screen: Screen, project: Path, release: int | None) -> Result:
    """Let an earlier release go live again: RELEASE, or the one that was live before.

    The previous release's uWSGI sleeps in memory and takes over at once, with the code, templates and configuration it was
    started with. An older one is started anew, if the folder holds its code again. The project's files are not touched.
    """
    from portico.actions.options import Options
    from portico.actions.rollback import rollback

    return rollback(Options(project), release, screen.say)
