"""Results to the terminal or to JSON: the one place that prints."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from typing import Any

import click

from portico import __version__
from portico.cli import screens
from portico.model.finding import Finding
from portico.model.result import Result

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


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
    """Where a command's output goes. Progress goes to standard error, so that standard output holds only the answer."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def say(self, step: str) -> None:
        """One step of a long command, done."""
        if not self.as_json:
            mark = click.style("✓", fg="green") if self._err_colour() else "✓"
            click.echo(f"  {mark} {step}", err=True)

    def _err_colour(self) -> bool:
        return sys.stderr.isatty() and not os.environ.get("NO_COLOR")

    def line(self, text: str) -> None:
        """One line of a stream (logs)."""
        click.echo(text, color=self.colour)

    def show(self, result: Result) -> None:
        """The whole Result: text with findings after it, or the envelope."""
        if self.as_json:
            click.echo(json.dumps(envelope(result), indent=2, ensure_ascii=False))
            return
        text = screens.text(result)
        if text:
            click.echo(text, color=self.colour)
        errors = any(finding.severity == "error" for finding in result.findings)
        for finding in result.findings:
            colour = self._err_colour() if errors else self.colour
            click.echo("\n" + finding_text(finding), err=errors, color=colour)


def finding_text(finding: Finding) -> str:
    """A finding as a screen: what, why, the evidence, what to do."""
    head = click.style(finding.severity, fg=_COLOURS[finding.severity], bold=True)
    likely = "  (likely)" if finding.certainty == "likely" else ""
    lines = [f"{head}  {click.style(finding.title, bold=True)}  [{finding.id}]{likely}"]
    lines += _block("cause", (finding.cause,)) + _block("seen", finding.evidence) + _block("do", finding.fix)
    lines += _block("from", (f"follows from {', '.join(finding.follows)}",)) if finding.follows else []
    return "\n".join(lines)


def _block(label: str, rows: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        for part in row.splitlines() or [""]:
            lines.append(f"  {label if not lines else '':<6} {part}")
    return lines
