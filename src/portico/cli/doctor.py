"""`portico doctor`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from portico.cli.output import Screen, finding_text
from portico.cli.verb import verb
from portico.model.finding import Finding
from portico.model.result import Result

_FILE = click.Path(exists=True, dir_okay=False)


@verb("doctor")
@click.argument("url", required=False, default="")
@click.option("--nginx", metavar="FILE", type=_FILE, help="An nginx configuration that Portico did not write.")
@click.option("--uwsgi", metavar="FILE", type=_FILE, multiple=True, help="A uwsgi.ini that Portico did not write.")
@click.option("--log", "logs", metavar="FILE", multiple=True, help="A log of uWSGI that no option of it names.")
@click.option("--python", metavar="PATH", default="", help="The Python that has the project's packages.")
@click.option("--recent", is_flag=True, help="Repeat the last requests that failed, as the access log has them.")
@click.option("--since", metavar="TIME", default="15m", show_default=True, help="How far back logs count: 30s, 10m, 2h.")
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, one question each, and prove it.")
@click.option("-y", "--yes", is_flag=True, help="With --fix: do not ask.")
def command(
    screen: Screen,
    project: Path,
    url: str,
    nginx: str | None,
    uwsgi: tuple[str, ...],
    logs: tuple[str, ...],
    python: str,
    recent: bool,
    since: str,
    fix: bool,
    yes: bool,
) -> Result:
    """Find out why a request fails: walk its way from both sides, and say the root cause first.

    URL is a whole URL or a path; without one the front page is asked for and the whole deployment is looked at.
    """
    from portico.actions.doctor.run import doctor, mend
    from portico.actions.doctor.target import Asked

    asked = Asked(project, url, nginx or "", uwsgi, logs, python, recent, _seconds(since))
    if fix and screen.as_json and not yes:
        raise click.UsageError("--fix asks before each change: with --json add --yes")
    with _stopped_like_ctrl_c():
        return (
            mend(asked, lambda finding: yes or _agrees(screen.mask.finding(finding)), screen.say) if fix else doctor(asked)
        )


@contextmanager
def _stopped_like_ctrl_c() -> Iterator[None]:
    """A SIGTERM or a closed terminal stops it as Ctrl-C does: programs that it has started end with it, and what is half
    mended is undone. What is ignored stays so (nohup)."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()
    free = [one for one in (signal.SIGTERM, signal.SIGHUP) if in_main and signal.getsignal(one) == signal.SIG_DFL]
    for one in free:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one in free:
            signal.signal(one, signal.SIG_DFL)


def _seconds(since: str) -> float:
    from portico.model.units import duration_s

    try:
        return float(duration_s(since))
    except (ValueError, OverflowError):
        raise click.BadParameter("write 30s, 10m, 2h or 1d", param_hint="--since") from None


def _agrees(finding: Finding) -> bool:
    """Where nobody is there to answer, the answer is no."""
    click.echo("\n" + finding_text(finding), err=True)
    try:
        return click.confirm(f"  {finding.remedy.says if finding.remedy else ''}?", err=True)
    except click.Abort as stopped:
        if not isinstance(stopped.__context__, EOFError):
            raise KeyboardInterrupt from None
        click.echo("no (there is nobody to answer; --yes does not ask)", err=True)
        return False
