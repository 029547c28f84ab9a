"""Annotations of GitHub Actions: every line is one workflow command, and its properties survive the runner's parser."""

from __future__ import annotations

import re

from findings_sample import BASE, RESULT

from portico.cli.annotations import workflow_commands

_COMMAND = re.compile(r"::(?P<command>\w+) (?P<properties>[^:]*)::(?P<message>.*)")


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """As actions/runner reads it (ActionCommand.cs): properties split at commas, escapes undone last."""
    match = _COMMAND.fullmatch(line)
    assert match, line
    pairs = (entry.split("=", 1) for entry in match["properties"].split(","))
    return match["command"], {name: undone(value) for name, value in pairs}, undone(match["message"])


def undone(text: str) -> str:
    for escape, character in (("%2C", ","), ("%3A", ":"), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def test_each_finding_is_one_command() -> None:
    lines = workflow_commands(RESULT, BASE)
    commands = [parsed(line) for line in lines]
    assert [command for command, _, _ in commands] == ["error", "warning", "error", "notice", "notice"]
    assert [properties["title"] for _, properties, _ in commands] == [
        "Hole: 100 %, a, b [nginx.E081]",
        "No kind of its own [nginx.W999]",
        "Outside [nginx.E081]",
        "Elsewhere only [nginx.I998]",
        "nginx.gixy",
    ]
    assert [(properties.get("file"), properties.get("line")) for _, properties, _ in commands] == [
        ("shop site/portico.toml", "12"),
        ("shop site/portico.toml", "1"),
        ("shop site/wsgi.py", "3"),
        ("shop site/portico.toml", "1"),
        (None, None),
    ]


def test_what_is_said_comes_through_whole() -> None:
    first, *_, last = (parsed(line)[2] for line in workflow_commands(RESULT, BASE))
    assert first == "Because.\nseen: portico.toml:12 ([nginx] extra_server, line 2): here\nseen: x\r\ny\ndo: do this"
    assert last == "could not tell: 100 % unreadable,\nit says"
