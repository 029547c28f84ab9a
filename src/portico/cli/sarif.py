"""A Result as SARIF 2.1.0, the format of GitHub's code scanning and of other collectors.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html and, for what GitHub wants of it,
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from portico import __version__
from portico.cli.places import FilePlace, place
from portico.model.finding import Finding, Kind
from portico.model.result import Result

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(result: Result, kinds: Mapping[str, Kind], base: Path) -> dict[str, Any]:
    """One log with one run. `kinds` are by id; `base` is the folder that places are relative to: the root of the checkout.

    Every result has a place, because GitHub refuses those without: where a finding names no file below `base`, it is the
    first line of the project's configuration.
    """
    ids = list(dict.fromkeys(finding.id for finding in result.findings))
    project, anchor = str(result.data.get("project") or base), str(result.data.get("anchor") or "")
    results = [_result(finding, ids.index(finding.id), place(finding, project, anchor, base)) for finding in result.findings]
    first = {finding.id: finding for finding in reversed(result.findings)}
    driver = {
        "name": "Portico",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(first[name], kinds.get(name)) for name in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "invocations": [_invocation(result)],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rule(finding: Finding, kind: Kind | None) -> dict[str, Any]:
    title, why = (kind.title, kind.why) if kind else (finding.title, finding.cause)
    more = (
        [f"**Looks like:** {kind.shows}" if kind.shows else "", f"**Cure:** {kind.cure}" if kind.cure else ""]
        if kind
        else []
    )
    page = f"`{finding.docs}` in Portico's documentation"
    rule: dict[str, Any] = {
        "id": finding.id,
        "name": finding.id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {
            "text": f"{why}\n\n{page}",
            "markdown": "\n\n".join(part for part in (why, *more, page) if part),
        },
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {"tags": [finding.hop], "precision": "high" if finding.certainty == "certain" else "medium"},
    }
    if kind and kind.source.startswith("https://"):
        rule["helpUri"] = kind.source
    return rule


def _result(finding: Finding, index: int, where: FilePlace | None) -> dict[str, Any]:
    parts = [f"{finding.title}: {finding.cause}"]
    parts += [f"seen: {line}" for line in finding.evidence] + [f"do: {line}" for line in finding.fix]
    return {
        "ruleId": finding.id,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(parts)},
        "locations": [_location(where)] if where else [],
    }


def _location(where: FilePlace) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(where.file, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": where.line},
        }
    }


def _invocation(result: Result) -> dict[str, Any]:
    """Whether the look itself worked, with what could not be told."""
    said = [f"{entry['check']}: {entry['reason']}" for entry in result.data.get("unknown", ())]
    invocation: dict[str, Any] = {"executionSuccessful": int(result.code) in (0, 1), "exitCode": int(result.code)}
    if said:
        invocation["toolExecutionNotifications"] = [{"level": "note", "message": {"text": text}} for text in said]
    return invocation
