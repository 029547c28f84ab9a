"""`portico tune`."""

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


class Numbers(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """`1,2,4`: whole numbers from 1 to 1024."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdigit() and 1 <= int(part) <= 1024 for part in parts):
            self.fail(f"{value!r} is not a list of numbers from 1 to 1024, such as 1,2,4", param, context)
        return tuple(dict.fromkeys(map(int, parts)))


@verb("tune")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--clients", metavar="N", type=click.IntRange(1, 10_000), default=64, show_default=True, help="How many ask.")
@click.option("--seconds", metavar="S", type=Seconds(), help="Load on each setting in each round (default: 1.2).")
@click.option("--rounds", metavar="N", type=click.IntRange(2, 100), help="Rounds of all settings (default: 4).")
@click.option("--processes", metavar="1,2,4", type=Numbers(), default=(), help="Try these numbers of processes.")
@click.option("--threads", metavar="1,2,8", type=Numbers(), default=(), help="Try these numbers of threads.")
@click.option("-H", "--header", "headers", metavar="HEADER", multiple=True, help="'Name: value', sent with every request.")
@click.option("--host", metavar="NAME", default="", help="The Host header (default: one that ALLOWED_HOSTS permits).")
@click.option("--svg", metavar="FILE", type=Picture(), help="The picture (default: .portico/tune.svg).")
@click.option("--write", is_flag=True, help="Put a recommendation into portico.toml, and show the change.")
@aside_options
def command(
    screen: Screen,
    project: Path,
    paths: tuple[str, ...],
    clients: int,
    seconds: float | None,
    rounds: int | None,
    processes: tuple[int, ...],
    threads: tuple[int, ...],
    headers: tuple[str, ...],
    host: str,
    svg: Path | None,
    write: bool,
    **shaping: Any,
) -> Result:
    """Find out how many processes and threads this site should have.

    Runs the site aside with one setting after the other, asks for PATHs (default: the health path) with many clients and
    with one, and recommends what the figures speak for. The running site is not touched, and nothing is applied. Only GETs
    are sent, thousands of them: a view that changes something on GET changes it as often. Ctrl-C ends it with what was
    measured by then.
    """
    from portico.actions.options import Options
    from portico.actions.tune.asked import Asked, Progress
    from portico.actions.tune.run import tune
    from portico.model.headers import unfit, unfit_host
    from portico.model.units import human_seconds

    paths, named = _targets(paths)
    if len(processes or (1,)) * len(threads or (1,)) > 24:
        raise click.UsageError("more than 24 settings: name fewer --processes and --threads")

    def show(progress: Progress) -> None:
        left = f"  {progress.done:4.0%}  {human_seconds(progress.left_s)} left" if progress.left_s else ""
        screen.at(f"{progress.doing}{left}")

    pairs = tuple(map(header.pair, headers))
    if why := next(filter(None, (unfit(*pair) for pair in pairs)), ""):
        raise click.BadParameter(why, param_hint="-H")
    host = named or host or next((value for name, value in pairs if name.lower() == "host"), "")
    if host and (why := unfit_host(host)):
        raise click.UsageError(why)
    asked = Asked(
        options=Options(project, **shaping),
        paths=paths,
        clients=clients,
        seconds=seconds,
        rounds=rounds or 0,
        headers=tuple((name, value) for name, value in pairs if name.lower() != "host"),
        host=host,
        processes=processes,
        threads=threads,
        svg=svg,
        write=write,
    )
    return tune(asked, screen.say, show)


def _targets(targets: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The paths, each once, and the host that URLs among them name (empty: none does). They are written as with `bench`."""
    from portico.actions.trace.asked import named_host_and_path
    from portico.model.errors import PorticoError

    try:
        found = [named_host_and_path(target) for target in targets]
    except PorticoError as error:
        raise click.BadParameter(error.findings[0].cause, param_hint="PATH") from None
    hosts = list(dict.fromkeys(host for host, _ in found if host))
    if len(hosts) > 1:
        raise click.BadParameter(f"one site at a time, and these are of {' and '.join(hosts)}", param_hint="PATH")
    return tuple(dict.fromkeys(path for _, path in found)), "".join(hosts)
