"""`portico restart`."""

from __future__ import annotations

from pathlib import Path

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("restart")
def command(screen: Screen, project: Path) -> Result:
    """The same as `reload`: a new release takes over once it has answered, then the old one finishes its requests."""
    from portico.actions.options import Options
    from portico.actions.up import reload

    return reload(Options(project), screen.say, verb="restart")
