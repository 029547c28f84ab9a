"""The `portico` command: verbs are imported only when they are called, so that `--version` and `status` stay quick."""

from __future__ import annotations

import difflib
import importlib
import io
import sys
from pathlib import Path

import click

from portico import __version__
from portico.model.finding import Kind

VERBS = {
    "up": "Start the project behind nginx and uWSGI, or apply what changed.",
    "down": "Stop the stack and clean up.",
    "reload": "Make a new release of the code, without losing a request.",
    "rollback": "Let an earlier release go live again.",
    "releases": "Show the releases: when, of which code, what changed.",
    "restart": "The same as reload.",
    "status": "Show what runs, hop by hop.",
    "logs": "Show the logs of all hops, merged by time.",
    "check": "Look for what is wrong, before anything runs.",
    "doctor": "Find out why a request fails, and mend what can be mended.",
    "explain": "Draw the flow of this project; say what a file, a line or a name is for.",
    "trace": "Send one request and show what happens to it at every hop.",
    "bench": "Measure what requests cost, hop by hop, beside the application alone.",
    "config": "Show the plan: every value and where it came from.",
    "render": "Write nginx.conf, uwsgi.ini and what they include.",
    "tune": "Measure how many processes and threads this site should have.",
    "adopt": "Take over a hand-written nginx + uWSGI: its mistakes, and the portico.toml that means the same.",
    "demo": "Start a sample project and follow two requests through it.",
}
BAD_USAGE = Kind(
    "config.E011",
    "config",
    "The command line cannot be understood",
    "A flag that is not known might have changed what happens, so nothing is done.",
    shows="Exit status 2, and nothing is done. Without `--json` the same is said as a usage message.",
    example="portico up --lisen 8000 --json",
    cure="`portico VERB --help` lists the flags of a verb, `portico --help` the verbs.",
)


class Verbs(click.Group):
    """Finds a verb in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"portico.cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS:
            close = difflib.get_close_matches(args[0], list(VERBS), n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"No such verb '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    type=click.Path(path_type=Path, readable=False),
    help="The project's folder (default: here).",
)
@click.version_option(__version__, "--version", "-V", prog_name="portico")
@click.pass_context
def portico(ctx: click.Context, directory: Path | None) -> None:
    """Put a Django (or any WSGI) project behind a real nginx and a real uWSGI.

    In the project's folder, `portico up` is all it takes.
    """
    ctx.obj = directory


def run(arguments: list[str]) -> int:
    """Run one command; its exit code. A mistake on the command line is told as JSON when JSON was asked for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path need not be UTF-8, and a terminal need not know a check mark.
            stream.reconfigure(errors="backslashreplace")
    try:
        return portico.main(arguments, prog_name="portico", standalone_mode=False) or 0
    except click.Abort:
        return 130
    except click.ClickException as error:
        return _usage(error, arguments)


def _usage(error: click.ClickException, arguments: list[str]) -> int:
    """A command line may hold a password, and what is printed ends in logs."""
    from portico.cli.output import Screen
    from portico.model.errors import Exit
    from portico.model.result import Result

    context = getattr(error, "ctx", None)
    folder = context.find_root().params.get("directory") if context else None
    screen = Screen(as_json=True, project=folder)
    if "--json" not in arguments:
        error.message = screen.mask.text(error.message)  # type: ignore[misc]
        error.show()
        return error.exit_code
    verb = next((word for word in arguments if word in VERBS), "")
    finding = BAD_USAGE.found(
        cause=error.format_message(),
        evidence=["portico " + " ".join(arguments)],
        fix=[f"portico {verb} --help".replace("  ", " ")],
    )
    screen.show(Result(verb, {}, (finding,), Exit.USAGE))
    return int(Exit.USAGE)
