"""`portico check`."""

from __future__ import annotations

from portico.actions.options import Options
from portico.cli.output import Screen
from portico.cli.plan_options import plan_options
from portico.cli.verb import verb
from portico.model.result import Result


@verb("check")
@plan_options
def command(screen: Screen, options: Options) -> Result:
    """Look for what is wrong, before anything runs. Exit code 1 when something is."""
    from portico.actions.check import check

    return check(options)
