"""What every verb shares: `-C`, `--json`, errors as designed screens, and the exit code."""

from __future__ import annotations

import errno
import functools
import os
import shlex
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from portico.cli import output
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.result import Result
from portico.system.files import read_error, refused

NO_FOLDER = Kind(
    "project.E001",
    "project",
    "There is no such folder",
    "A project is named by its folder.",
    shows="The command ends with exit status 2.",
    example="portico -C /srv/shpo up",
    cure="Name a folder that is there: `portico -C DIR VERB`. An application in a single file is named after the verb: "
    "`portico up hello.py`.",
)
OUR_FAULT = Kind(
    "system.E000",
    "system",
    "Portico made a mistake",
    "This should have been a message that says what is wrong; that it is not is a defect of Portico.",
    shows="A command ends with this instead of an answer; the last places in Portico's code are the evidence.",
    example="KeyError: 'workers'\nportico/actions/status.py:120 in _hops",
    cure="Repeat the command with `PORTICO_DEBUG=1` before it, which shows everything, and report that. `portico status` "
    "says whether the site still serves.",
)


def verb(name: str) -> Callable[[Callable[..., Result]], click.Command]:
    """Make a click command of a function that takes the project's folder first and returns a Result."""

    def wrap(function: Callable[..., Result]) -> click.Command:
        def run(context: click.Context, directory: Path | None, as_json: bool, **arguments: Any) -> None:
            sys.exit(_perform(name, function, directory or context.obj or Path(), as_json, arguments))

        functools.update_wrapper(run, function)
        run = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")(run)
        # Readable or not is for us to say: click's own words have no id and no remedy.
        here = click.Path(path_type=Path, readable=False)
        run = click.option("-C", "directory", metavar="DIR", type=here, help="The project's folder (default: here).")(run)
        return click.command(name)(click.pass_context(run))

    return wrap


def _perform(name: str, function: Callable[..., Result], directory: Path, as_json: bool, arguments: dict[str, Any]) -> int:
    """Run the verb and show what it returned or why it stopped; the one place where errors become output."""
    screen = output.Screen(as_json, arguments.pop("form", "text"), directory)
    try:
        try:
            result = function(screen, _folder(directory), **arguments)
        except PorticoError as error:
            result = Result(name, {}, error.findings, error.code)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            result = _unforeseen(name, error)
        screen.show(result)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        output.lose(sys.stdout)
        return 141
    except OSError as error:
        click.echo(f"portico: standard output cannot be written: {error.strerror} (errno {error.errno})", err=True)
        output.lose(sys.stdout)
        return int(Exit.NEEDS_HANDS)
    return int(result.code)


def _unforeseen(name: str, error: Exception) -> Result:
    if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
        # Ctrl-C, dressed up by a library that was being imported.
        raise KeyboardInterrupt from error
    if os.environ.get("PORTICO_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno:
        return Result(name, {}, refused(error).findings, Exit.NEEDS_HANDS)
    return Result(name, {}, (_our_fault(error),), Exit.NEEDS_HANDS)


def _folder(directory: Path) -> Path:
    try:
        folder = directory.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        if isinstance(error, PermissionError):
            raise read_error(directory.absolute(), error) from None
        reason = getattr(error, "strerror", None) or str(error)
        raise _no_folder(directory, f"{directory}: {reason}", "name a folder that is there: portico -C DIR") from None
    if not folder.is_dir():
        parent, name = shlex.quote(str(folder.parent)), shlex.quote(folder.name)
        raise _no_folder(directory, f"{folder} is a file", f"portico -C {parent} up {name}   # if it holds the application")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise read_error(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder)))
    return folder


def _no_folder(directory: Path, cause: str, fix: str) -> PorticoError:
    return PorticoError(NO_FOLDER.found(cause=cause, evidence=[f"-C {directory}"], fix=[fix]), Exit.USAGE)


def _our_fault(error: Exception) -> Any:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "portico" in frame.filename][-3:] or frames[-3:]
    return OUR_FAULT.found(
        cause=f"{type(error).__name__}: {error}",
        evidence=[f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in ours],
        fix=["repeat the command with PORTICO_DEBUG=1 before it to see everything, and report that"],
    )
