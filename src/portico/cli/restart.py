"""`portico restart`."""

from __future__ import annotations

from pathlib import Path

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("restart")
def command(screen: Screen, project: Path) -> Result:
    """The same as `reload`: a new release takes over once it has answered, then the old one finishes its requests."""
    from portico.actions.begin import early
    from portico.actions.options import Options

    options = Options(project)
    with early(options) as begun:
        from portico.actions.up import reload

        return reload(options, screen.say, "restart", begun)
