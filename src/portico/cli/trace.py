"""`portico trace`."""

from __future__ import annotations

from pathlib import Path

import click

from portico.cli import header
from portico.cli.output import Screen
from portico.cli.seconds import Seconds
from portico.cli.verb import verb
from portico.model.result import Result


@verb("trace")
@click.argument("target", required=False, default="", metavar="[PATH|URL]")
@click.option("-X", "--request", "method", metavar="METHOD", default="", help="The method (default: GET, with -d POST).")
@click.option("-H", "--header", "headers", metavar="HEADER", multiple=True, help="'Name: value'; 'Name:' leaves one out.")
@click.option("-d", "--data", "data", metavar="DATA", multiple=True, help="A body: form fields, or @FILE as it is.")
@click.option("--last", is_flag=True, help="Tell of the last request in the logs instead.")
@click.option("--status", metavar="CODE", default="", help="With --last: one with this status: 404, 5xx.")
@click.option("--id", "request_id", metavar="ID", default="", help="Tell of the logged request with this X-Request-ID.")
@click.option("--reveal", is_flag=True, help="Show bodies, cookies, credentials and SQL parameters, too.")
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a page of it, in one file.")
@click.option("--otlp", metavar="FILE", type=click.Path(path_type=Path), help="Write it as OpenTelemetry spans (OTLP JSON).")
@click.option("--timeout", "timeout_s", metavar="SECONDS", type=Seconds(3600), default=30.0, show_default=True)
def command(
    screen: Screen,
    project: Path,
    target: str,
    method: str,
    headers: tuple[str, ...],
    data: tuple[str, ...],
    last: bool,
    status: str,
    request_id: str,
    reveal: bool,
    html: Path | None,
    otlp: Path | None,
    timeout_s: float,
) -> Result:
    """Send one request and show what happens to it at every hop, with the real data in that hop's own format.

    PATH is a path of the site, URL names the host, too. The request is real: a POST does what a POST does.
    """
    from portico.actions.options import find_places
    from portico.actions.trace.asked import Asked
    from portico.actions.trace.past import past
    from portico.actions.trace.run import trace
    from portico.actions.trace.write import write

    past_one = last or bool(status or request_id)
    if past_one and (target or method or headers or data):
        raise click.UsageError("--last, --status and --id tell of a past request: they take no new one")
    where = find_places(project)
    if past_one:
        result = Result("trace", past(where, request_id, status))
    else:
        body = b"&".join(_body(text) for text in data)
        pairs = tuple(map(header.pair, headers))
        if data and not any(name.lower() == "content-type" for name, _ in pairs):
            pairs += (("Content-Type", "application/x-www-form-urlencoded"),)
        asked = Asked(target or "/", method.upper() or ("POST" if data else "GET"), pairs, body, reveal, timeout_s)
        result = trace(where, asked)
    screen.reveals = reveal and not past_one
    for line in write(result, html, otlp):
        screen.say(line)
    return result


def _body(text: str) -> bytes:
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise click.BadParameter(f"{text[1:]}: {error.strerror}", param_hint="-d") from None
