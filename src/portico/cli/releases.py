"""`portico releases`."""

from __future__ import annotations

from pathlib import Path

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("releases")
def command(screen: Screen, project: Path) -> Result:
    """Show the releases that are kept, newest first: when they were live, of which code, and what changed in the plan."""
    from portico.actions.options import find_places
    from portico.actions.releases import releases

    return releases(find_places(project))
