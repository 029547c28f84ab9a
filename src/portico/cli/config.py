"""`portico config`."""

from __future__ import annotations

import click

from portico.actions.options import Options
from portico.cli.output import Screen
from portico.cli.plan_options import plan_options
from portico.cli.verb import verb
from portico.model.result import Result


@verb("config")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of portico.toml.")
@plan_options
def command(screen: Screen, options: Options, schema: bool) -> Result:
    """Show the plan: every value and where it came from. Starts nothing."""
    from portico.actions.config import config, schema_result

    return schema_result() if schema else config(options)
