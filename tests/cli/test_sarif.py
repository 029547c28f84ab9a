"""SARIF: a golden file, and the structure that the standard and GitHub's code scanning require."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from findings_sample import BASE, KINDS, RESULT

from portico import __version__
from portico.cli.kinds import declared
from portico.cli.sarif import sarif
from portico.model.result import Result

GOLDEN = Path(__file__).parents[1] / "golden" / "cli" / "check.sarif"


def log(result: Result = RESULT) -> dict[str, Any]:
    return json.loads(json.dumps(sarif(result, KINDS, BASE)))


def test_the_text() -> None:
    text = json.dumps(log(), indent=2).replace(f'"{__version__}"', '"VERSION"') + "\n"
    if os.environ.get("PORTICO_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def require(thing: dict[str, Any], required: set[str], allowed: set[str]) -> None:
    assert required <= thing.keys() <= required | allowed, sorted(thing)


def prove(log: dict[str, Any], workspace: Path) -> None:
    """Sections 3.13 to 3.49 of the standard as far as this output goes: required properties, no others than it knows, and
    GitHub's own demands: a place for each result, relative to the checkout."""
    require(log, {"version", "runs", "$schema"}, set())
    assert (log["version"], log["$schema"][:8]) == ("2.1.0", "https://")
    (run,) = log["runs"]
    require(run, {"tool", "results"}, {"invocations", "columnKind"})
    driver = run["tool"]["driver"]
    require(driver, {"name", "rules"}, {"version", "semanticVersion"})
    for rule in driver["rules"]:
        require(
            rule,
            {"id", "shortDescription", "fullDescription", "help"},
            {"name", "helpUri", "defaultConfiguration", "properties"},
        )
        require(rule["help"], {"text"}, {"markdown"})
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule.get("helpUri", "https://").startswith("https://")
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for invocation in run["invocations"]:
        require(invocation, {"executionSuccessful"}, {"exitCode", "toolExecutionNotifications"})
    for result in run["results"]:
        require(result, {"message", "ruleId", "ruleIndex", "level", "locations"}, set())
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        assert len(result["locations"]) == 1, result
        physical = result["locations"][0]["physicalLocation"]
        uri = unquote(physical["artifactLocation"]["uri"])
        assert not uri.startswith("/")
        assert (workspace / uri).resolve().is_relative_to(workspace)
        assert physical["region"]["startLine"] >= 1


def test_the_required_structure() -> None:
    prove(log(), BASE)


def test_nothing_found_is_a_run_without_results() -> None:
    empty = log(replace(RESULT, findings=()))
    prove(empty, BASE)
    assert empty["runs"][0]["results"] == []


def test_kinds_are_looked_up_by_id() -> None:
    found = declared(["nginx-uwsgi.W001", "django.E001", "no.E999"])
    assert {name: kind.id for name, kind in found.items()} == {name: name for name in ("nginx-uwsgi.W001", "django.E001")}
