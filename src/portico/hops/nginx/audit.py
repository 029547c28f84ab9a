"""What gixy says about a configuration: the command that asks it, its answer as data, and findings made of that.

gixy-ng (https://github.com/dvershinin/gixy) runs as a program of its own, so that neither its logging nor a configuration
it cannot digest can reach whoever asked, and nothing of it is imported before it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portico.model.command import Command, Outcome
from portico.model.finding import CouldNotTell, Finding, Kind

_CHECKS = "https://gixy.getpagespeed.com/checks/"
_CURE = (
    "gixy's page about the check, named in the finding, says how to write it instead. Where the line is meant to be so, "
    "name the check in /etc/gixy/gixy.cfg (`skips = if_is_evil`), which gixy reads."
)
UNSAFE = Kind(
    "nginx.E081",
    "nginx",
    "gixy finds a hole in nginx's configuration",
    "A visitor can read files outside the folder that is served, make nginx ask servers of his choice, pose as another host "
    "or put header lines of his own into a response.",
    source=_CHECKS,
    shows="Nothing: the site works, and nginx -t has no complaint.",
    example="location /files { alias /srv/files/; }   # GET /files../secrets.txt",
    cure=_CURE,
)
DOUBTFUL = Kind(
    "nginx.W082",
    "nginx",
    "gixy warns of nginx's configuration",
    "A pattern that is known to do something else than it seems to, or to weaken a protection.",
    source=_CHECKS,
    shows="Nothing at once: the site works, and nginx -t has no complaint.",
    example="if ($host = example.com) { proxy_set_header X-A b; }",
    cure=_CURE,
)
REMARK = Kind(
    "nginx.I083",
    "nginx",
    "gixy has a remark on nginx's configuration",
    "Of low severity by gixy's own scale: worth a look when the file is opened next.",
    source=_CHECKS,
    shows="A header that the server block sets is missing in one location, for example.",
    example="location /x { add_header X-B c; }   # the server's own add_header lines do not hold here",
    cure=_CURE,
)
#: Checks whose high severity means that a visitor can do harm, rather than that something could be better.
_HOLES = frozenset({"alias_traversal", "http_splitting", "ssrf", "host_spoofing"})
_QUIET = ("LOW", "UNSPECIFIED")
_SNIPPET_LINES = 6


@dataclass(frozen=True)
class Issue:
    """One thing gixy found. `severity` is HIGH, MEDIUM, LOW or UNSPECIFIED; `line` counts from 1, 0 where there is none;
    `snippet` is the directive with the blocks around it; `fixes` are what gixy itself proposes, best first."""

    plugin: str
    severity: str
    summary: str
    reason: str
    description: str
    reference: str
    snippet: tuple[str, ...]
    file: str
    line: int
    fixes: tuple[str, ...] = ()


def command(python: str, conf: str, folder: str) -> Command:
    """Ask gixy about `conf` and what it includes; it runs in `folder`. Variables from files of the system are left out, so
    that the same configuration gets the same answer everywhere. nginx's version is not told: distributions mend holes
    without changing it."""
    argv = (python, "-m", "gixy", "--format", "json", "--no-default-vars", conf)
    return Command(argv=argv, why="look for known mistakes in nginx's configuration", timeout_s=30.0, cwd=folder)


def issues(outcome: Outcome) -> tuple[Issue, ...] | CouldNotTell:
    """gixy's answer; it ends with status 1 when there are issues. What is no answer says why there is none."""
    try:
        rows = json.loads(outcome.stdout)
        found = tuple(_issue(row) for row in rows)
    except (ValueError, TypeError, AttributeError):
        said = [line.strip() for line in outcome.stderr.splitlines() if line.strip()]
        ended = "it did not end in time" if outcome.timed_out else f"it ended with status {outcome.code}"
        return CouldNotTell("nginx.gixy", said[-1][:300] if said and not outcome.timed_out else ended)
    return found


def unread(outcome: Outcome) -> tuple[CouldNotTell, ...]:
    """What gixy could not read on its way, of an outcome that has an answer: one for each line it complained in."""
    lines = (line.split("\t", 2) for line in outcome.stderr.splitlines())
    grave = [parts[2] for parts in lines if len(parts) == 3 and parts[1] in ("ERROR", "CRITICAL", "WARNING")]
    return tuple(CouldNotTell("nginx.gixy", text[:300]) for text in dict.fromkeys(grave))


def judge(found: tuple[Issue, ...], place: Callable[[Issue], str]) -> list[Finding]:
    """Findings, in gixy's order; `place` says where an issue is, as the user knows the file."""
    return [_finding(issue, place(issue)) for issue in found]


def as_written(issue: Issue) -> str:
    """The place in the file itself."""
    return f"{issue.file}:{issue.line}" if issue.line else issue.file


def _issue(row: Mapping[str, Any]) -> Issue:
    snippet = tuple(line.replace("\t", "  ") for line in str(row.get("config") or "").splitlines() if line.strip())
    return Issue(
        plugin=str(row["plugin"]),
        severity=str(row.get("severity") or "UNSPECIFIED"),
        summary=_line(row.get("summary")),
        reason=_line(row.get("reason")),
        description=_line(row.get("description")),
        reference=str(row.get("reference") or ""),
        snippet=snippet,
        file=str(row.get("file") or row.get("path") or ""),
        line=int(row.get("line") or 0),
        fixes=tuple(_line(entry.get("title")) for entry in row.get("fixes") or ())[:2],
    )


def _line(value: Any) -> str:
    return " ".join(str(value or "").split())


def _finding(issue: Issue, place: str) -> Finding:
    hole = issue.plugin in _HOLES and issue.severity == "HIGH"
    kind = UNSAFE if hole else REMARK if issue.severity in _QUIET else DOUBTFUL
    shown = issue.snippet if len(issue.snippet) <= _SNIPPET_LINES else (*issue.snippet[: _SNIPPET_LINES - 1], "...")
    cause = f"{issue.reason}: {issue.description}" if issue.reason and issue.description else ""
    rewrite = issue.fixes or (f"write that another way: {place}",)
    return kind.found(
        cause=cause or issue.reason or issue.description or issue.summary,
        evidence=[f"{place}: gixy, {issue.plugin}, {issue.severity.lower()}", *shown],
        fix=[*rewrite, f"{issue.reference}   # gixy's page about it"],
        title=f"gixy: {issue.plugin}: {issue.summary}",
        certainty="likely",
    )
