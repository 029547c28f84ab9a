"""`portico restart`."""

from __future__ import annotations

from pathlib import Path

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("restart")
def command(screen: Screen, project: Path) -> Result:
    """Load the code anew: the new instance takes over once it has answered, then the old one finishes its requests."""
    from portico.actions.options import Options
    from portico.actions.up import restart

    return restart(Options(project), screen.say)
