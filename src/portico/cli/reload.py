"""`portico reload`."""

from __future__ import annotations

from pathlib import Path

import click

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("reload")
@click.option("--fast", is_flag=True, help="Replace the workers one by one in one uWSGI, where memory does not allow two.")
def command(screen: Screen, project: Path, fast: bool) -> Result:
    """Make a new release: its own uWSGI takes over once it has answered well, then the old one finishes its requests.

    What does not load, or answers badly, changes nothing for visitors: exit code 4, and the cause. --fast has no second
    instance and so no way back: the code is loaded once beside the site to see that it can be, then the workers follow.
    """
    from portico.actions.begin import early
    from portico.actions.options import Options

    options = Options(project, fast=fast)
    with early(options) as begun:
        from portico.actions.up import reload

        return reload(options, screen.say, begun=begun)
