"""Results to the terminal or to JSON: the one place that prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from portico import __version__
from portico.actions.command_here import command_here
from portico.cli import screens
from portico.model.finding import Finding
from portico.model.result import Result

if TYPE_CHECKING:
    from portico.actions.doctor.discretion import Discretion

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
#: A command for this project; with `-C` it names one itself.
_PORTICO = re.compile(r"^(or: )?portico (?!-C )")


def envelope(result: Result) -> dict[str, Any]:
    """The one JSON object that every command prints with `--json`."""
    return {
        "portico": __version__,
        "command": result.command,
        "ok": result.ok,
        "code": int(result.code),
        "result": dict(result.data),
        "findings": [_finding_data(finding) for finding in result.findings],
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as JSON; of its remedy what `--fix` would do, in words."""
    data = asdict(replace(finding, remedy=None))
    return {**data, "remedy": finding.remedy.says if finding.remedy else None}


class Screen:
    """Where a command's output goes, and where the site's secrets are taken out of it. Progress goes to standard error, so
    that standard output holds only the answer.

    `form` is `text`, or one for programs: `json`, `sarif`, `github`. `project` is the folder the command is about. With
    `reveals` an answer is shown as it is: somebody asked for that (`trace --reveal`).
    """

    def __init__(self, as_json: bool, form: str = "text", project: Path | None = None) -> None:
        self.form = "json" if as_json else form
        self.as_json = self.form == "json"
        self.project = project or Path()
        self.colour = _is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")
        self._at = False
        self.reveals = False

    @cached_property
    def mask(self) -> Discretion:
        """What knows the secrets of the project's site, read when something is to be shown."""
        from portico.actions.site_secrets import discretion

        return discretion(_resolved(self.project))

    def at(self, doing: str) -> None:
        """What a long step is doing, on a line that the next output takes the place of. Only a terminal is told."""
        if self.form == "text" and _is_terminal(sys.stderr):
            self._clear()
            columns = shutil.get_terminal_size((100, 24)).columns
            _progress(f"    {self.mask.text(doing)}"[: columns - 1], nl=False)
            self._at = True

    def _clear(self) -> None:
        """Back to the beginning of the line, and nothing left in it (ECMA-48, 8.3.41)."""
        if self._at:
            _progress("\r\x1b[K", nl=False, color=True)
            self._at = False

    def say(self, step: str) -> None:
        """One step of a long command, done."""
        if self.form == "text":
            self._clear()
            mark = click.style("✓", fg="green") if self._err_colour() else "✓"
            _progress(f"  {mark} {self.mask.text(step)}")

    def note(self, text: str) -> None:
        """A line about the answer that is no part of it."""
        self._clear()
        _progress(self.mask.text(text))

    def _err_colour(self) -> bool:
        return _is_terminal(sys.stderr) and not os.environ.get("NO_COLOR")

    def line(self, text: str) -> None:
        """One line of a stream (logs), without secrets already: it may have colours in it."""
        click.echo(text, color=self.colour)

    def show(self, result: Result) -> None:
        """The whole Result, without secrets: text with findings after it, or what a program reads."""
        self._clear()
        result = result if self.reveals else self._discreet(result)
        if self.form != "text":
            click.echo(self._for_programs(result))
            return
        text = screens.text(result)
        if text:
            click.echo(text, color=self.colour)
        errors = any(finding.severity == "error" for finding in result.findings)
        command = self._command() if result.findings else ""
        for finding in result.findings:
            colour = self._err_colour() if errors else self.colour
            click.echo("\n" + finding_text(finding, command), err=errors, color=colour)

    def _discreet(self, result: Result) -> Result:
        return replace(result, data=self.mask.data(result.data), findings=self.mask.findings(result.findings))

    def _command(self) -> str:
        """How Portico is called again for this project from here."""
        try:
            return command_here(self.project.resolve())
        except (OSError, RuntimeError):
            # The folder that the command was called in is gone.
            return "portico"

    def _for_programs(self, result: Result) -> str:
        if self.form == "json":
            return json.dumps(envelope(result), indent=2, ensure_ascii=False)
        project = self.project.resolve()
        # What stopped a command before it knew its project is about that project all the same.
        about = {"project": str(project), "anchor": str(project / "portico.toml"), **result.data}
        told = replace(result, data=about)
        if self.form == "github":
            from portico.cli.annotations import workflow_commands

            return "\n".join(workflow_commands(told, checkout(project)))
        from portico.cli.kinds import declared
        from portico.cli.sarif import sarif

        known = declared(finding.id for finding in result.findings)
        return json.dumps(sarif(told, known, checkout(project)), indent=2, ensure_ascii=False)


def _resolved(project: Path) -> Path:
    """As it was given, where the folder that the command was called in is gone."""
    try:
        return project.resolve()
    except (OSError, RuntimeError):
        return project


def _progress(text: str, nl: bool = True, color: bool | None = None) -> None:
    """On standard error. Who reads no further (`portico up -d 2>&1 | head`) must not stop the work."""
    try:
        click.echo(text, nl=nl, err=True, color=color)
    except OSError:
        lose(sys.stderr)


def lose(stream: TextIO | None) -> None:
    """Nothing more goes where that stream led, not even what Python flushes at its end."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_terminal(stream: TextIO | None) -> bool:
    """A stream that was closed before the command began is None."""
    return stream is not None and stream.isatty()


def checkout(project: Path) -> Path:
    """The folder that places are relative to: the checkout of a GitHub workflow, else the working directory, else the
    project's own folder; the first that holds the project."""
    workspace = os.environ.get("GITHUB_WORKSPACE", "")
    candidates = [*([Path(workspace).resolve()] if workspace else []), Path.cwd()]
    return next((folder for folder in candidates if project.is_relative_to(folder)), project)


def finding_text(finding: Finding, command: str = "portico") -> str:
    """A finding as a screen: what, why, the evidence, what to do, where `command` calls Portico for the same project."""
    head = click.style(finding.severity, fg=_COLOURS[finding.severity], bold=True)
    likely = "  (likely)" if finding.certainty == "likely" else ""
    lines = [f"{head}  {click.style(finding.title, bold=True)}  [{finding.id}]{likely}"]
    lines += _block("cause", (finding.cause,)) + _block("seen", finding.evidence) + _block("do", _called(finding, command))
    lines += _block("from", (f"follows from {', '.join(finding.follows)}",)) if finding.follows else []
    return "\n".join(lines)


def _called(finding: Finding, command: str) -> tuple[str, ...]:
    return tuple(_PORTICO.sub(lambda found: f"{found[1] or ''}{command} ", row) for row in finding.fix)


def _block(label: str, rows: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        for part in row.splitlines() or [""]:
            lines.append(f"  {label if not lines else '':<6} {part}")
    return lines
