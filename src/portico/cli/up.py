"""`portico up`."""

from __future__ import annotations

import click

from portico.actions.options import Options
from portico.cli.output import Screen
from portico.cli.plan_options import plan_options
from portico.cli.verb import verb
from portico.model.result import Result


@verb("up")
@click.option("-d", "--detach", is_flag=True, help="Return when the site is up; `portico down` stops it.")
@plan_options
def command(screen: Screen, options: Options, detach: bool) -> Result:
    """Start the project behind nginx and uWSGI, or apply what changed.

    TARGET names a WSGI application where there is no manage.py: `hello.py`, `package.module:callable`.
    """
    from portico.actions.begin import early

    with early(options) as begun:
        from portico.actions.up import up

        result = up(options, screen.say, begun)
    if detach or screen.as_json or not result.data.get("running"):
        return result
    from portico.actions.logs import sources
    from portico.actions.options import find_places
    from portico.cli.attend import follow_in_foreground

    where = find_places(options.project)
    follow_in_foreground(where, sources(where), lambda: screen.show(result), screen.mask)
