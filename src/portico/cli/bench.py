"""`portico bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from portico.cli import header
from portico.cli.output import Screen
from portico.cli.picture import Picture
from portico.cli.plan_options import aside_options
from portico.cli.seconds import Seconds
from portico.cli.verb import verb
from portico.model.result import Result


@verb("bench")
@click.argument("paths", nargs=-1, metavar="[PATH ...]")
@click.option("--clients", type=click.IntRange(1, 10000), default=8, show_default=True, help="Clients at once.")
@click.option("--seconds", type=Seconds(), default=2.0, show_default=True, help="Of each page in each round.")
@click.option("--rounds", type=click.IntRange(1, 100), default=5, show_default=True, help="Interleaved over the pages.")
@click.option("--curve", is_flag=True, help="Also with 1, 2, 4, ... 128 clients, and a plot of it.")
@click.option("--svg", metavar="FILE", type=Picture(), help="Write the plot of --curve as SVG.")
@click.option("--host", metavar="NAME", default="", help="The Host header (default: one that ALLOWED_HOSTS permits).")
@click.option("-H", "--header", "headers", metavar="HEADER", multiple=True, help="'Name: value'; its value is never shown.")
@click.option("--aside", "own", is_flag=True, help="A stack of its own, also where the site is up; implied by those below.")
@aside_options
def command(
    screen: Screen,
    project: Path,
    paths: tuple[str, ...],
    clients: int,
    seconds: float,
    rounds: int,
    curve: bool,
    svg: Path | None,
    host: str,
    headers: tuple[str, ...],
    own: bool,
    **shaping: Any,
) -> Result:
    """Measure what requests cost: through nginx and uWSGI, and in the application alone.

    The site is measured while it is up, visitors and all; otherwise a stack of its own is started on a spare port and
    stopped afterwards. PATH is a path of the site; without one the health path is asked. Only GETs are sent, thousands of
    them: a view that changes something on GET will change it as often.
    """
    from portico.actions.bench.asked import Asked
    from portico.actions.bench.curve import with_svg
    from portico.actions.bench.run import bench
    from portico.actions.options import Options

    if svg is not None and not svg.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {svg.absolute().parent}", param_hint="--svg")
    options = Options(project, **shaping)
    own = own or bool(options.flags().keys() - {"allow_root_app", "target"})
    pairs = tuple(map(header.pair, headers))
    asked = Asked(options, paths, host, pairs, clients, seconds, rounds, curve or svg is not None, own)
    result = bench(asked, screen.say)
    return result if svg is None else with_svg(result, svg, screen.say)
