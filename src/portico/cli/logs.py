"""`portico logs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portico.cli.log_line import entry_text
from portico.cli.output import Screen
from portico.cli.verb import verb
from portico.model.result import Result

if TYPE_CHECKING:
    from portico.actions.log_entries import Entry


@verb("logs")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option("-n", "--tail", "count", type=click.IntRange(min=0), default=200, show_default=True, help="Old lines to show.")
@click.option("--hop", type=click.Choice(["nginx", "uwsgi", "django"]), default=None, help="Only this hop.")
@click.option("--since", metavar="TIME", default="", help="`10m`, `2h`, or 2026-01-31T14:00.")
@click.option("--status", metavar="CODE", default="", help="Requests answered with it: 404, 5xx; with all their lines.")
@click.option("--id", "request_id", metavar="ID", default="", help="Lines of the request with this X-Request-ID.")
def command(
    screen: Screen, project: Path, follow: bool, count: int, hop: str | None, since: str, status: str, request_id: str
) -> Result:
    """Show the logs of all hops, merged by time and joined by request id."""
    from portico.actions import logs
    from portico.actions.log_entries import merged
    from portico.actions.log_secrets import LogMask
    from portico.actions.options import find_places

    wanted = logs.make_filter(hop or "", since, status, request_id)
    where = find_places(project)
    files = logs.sources(where)
    entries = merged(files, wanted)
    if not entries and not screen.as_json:
        for row in logs.silence(files):
            screen.note(row)
    mask = LogMask(screen.mask, where.run)
    shown = mask.shown(entries[-count:] if count else [])
    if screen.as_json and not follow:
        return Result("logs", {"entries": [entry.data() for entry in shown]})
    for entry in shown:
        _show(screen, entry)
    for entries in logs.follow(files, wanted) if follow else ():
        for entry in mask.shown(entries):
            _show(screen, entry)
    return Result("logs")


def _show(screen: Screen, entry: Entry) -> None:
    screen.line(json.dumps(entry.data()) if screen.as_json else entry_text(entry, screen.colour))
