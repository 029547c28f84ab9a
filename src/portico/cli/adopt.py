"""`portico adopt`."""

from __future__ import annotations

from pathlib import Path

import click

from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result


@verb("adopt")
@click.option("--nginx", metavar="FILE", default="", help="nginx.conf, a file of sites-enabled, or a bare server block.")
@click.option(
    "--uwsgi", metavar="FILE[:SECTION]", multiple=True, help="uWSGI's file (ini, XML, YAML, JSON), or an emperor's."
)
@click.option("--server", metavar="NAME", default="", help="The server_name of the site, where the files hold several.")
@click.option("--root", metavar="DIR", default="", help="The folder that is / of the machine the files are for.")
@click.option("--map", "maps", metavar="/OLD=/NEW", multiple=True, help="What the files call /OLD is /NEW on this machine.")
@click.option("--write", is_flag=True, help="Write portico.toml into the project's folder (default: print it).")
@click.option("--force", is_flag=True, help="With --write: over one that is there, or one that a proof speaks against.")
@click.option("--prove", is_flag=True, help="Run the old pair and the new stack side by side and compare their answers.")
@click.option("--request", "requests", metavar="PATH", multiple=True, help="With --prove: a path to ask for, too.")
@click.option("--allow-root-app", is_flag=True, help="With --prove, as root: run an application that belongs to root.")
def command(
    screen: Screen,
    project: Path,
    nginx: str,
    uwsgi: tuple[str, ...],
    server: str,
    root: str,
    maps: tuple[str, ...],
    write: bool,
    force: bool,
    prove: bool,
    requests: tuple[str, ...],
    allow_root_app: bool,
) -> Result:
    """Take over a deployment that somebody wrote by hand.

    Reads nginx's and uWSGI's files as they are, says what is wrong with them, alone and against each other, and makes the
    portico.toml that means the same. What becomes of each line is told; nothing is dropped. Without FILEs they are looked
    for in the project's folder. Nothing is changed without --write.
    """
    if requests and not prove:
        raise click.UsageError("--request is a path that a proof asks for: it needs --prove")
    from portico.actions.adopt.asked import Asked
    from portico.actions.adopt.run import adopt

    return adopt(Asked(project, nginx, uwsgi, server, root, maps, write, force, prove, requests, allow_root_app), screen.say)
