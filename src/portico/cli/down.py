"""`portico down`."""

from __future__ import annotations

from pathlib import Path

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("down")
def command(screen: Screen, project: Path) -> Result:
    """Stop the stack and clean up. Requests in progress may finish."""
    from portico.actions.down import down
    from portico.actions.options import find_places

    return down(find_places(project))
