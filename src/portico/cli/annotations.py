"""A Result as workflow commands of GitHub Actions, which become annotations beside the changed lines.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; the escapes are those of
https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
"""

from __future__ import annotations

from pathlib import Path

from portico.cli.places import place
from portico.model.finding import Finding
from portico.model.result import Result

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def workflow_commands(result: Result, base: Path) -> list[str]:
    """A line for each finding, then one for each thing that could not be told. `base` is the root of the checkout."""
    project, anchor = str(result.data.get("project") or base), str(result.data.get("anchor") or "")
    lines = [_finding(finding, project, anchor, base) for finding in result.findings]
    return lines + [
        f"::notice title={_property(entry['check'])}::{_message('could not tell: ' + entry['reason'])}"
        for entry in result.data.get("unknown", ())
    ]


def _finding(finding: Finding, project: str, anchor: str, base: Path) -> str:
    where = place(finding, project, anchor, base)
    properties = [f"file={_property(where.file)}", f"line={where.line}"] if where else []
    properties.append(f"title={_property(f'{finding.title} [{finding.id}]')}")
    rows = [finding.cause, *(f"seen: {line}" for line in finding.evidence), *(f"do: {line}" for line in finding.fix)]
    return f"::{_COMMANDS[finding.severity]} {','.join(properties)}::{_message(chr(10).join(rows))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
