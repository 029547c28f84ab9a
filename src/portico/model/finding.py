"""Findings: a stable id, what is wrong, the evidence, the cause and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
#: The hops in the order of the request's path, the seams between them, and what lies around the path.
Place = Literal[
    "nginx",
    "uwsgi",
    "wsgi",
    "django",
    "nginx-uwsgi",
    "uwsgi-wsgi",
    "wsgi-django",
    "nginx-django",
    "project",
    "config",
    "system",
]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, as people and programs read it.

    `evidence` are the facts seen (log lines, the two values that disagree); `cause` is one sentence; `fix` are exact
    commands or configuration lines, in order; `docs` is the page that explains the id.
    """

    id: str
    severity: Severity
    hop: Place
    title: str
    evidence: tuple[str, ...]
    cause: str
    fix: tuple[str, ...]
    docs: str


@dataclass(frozen=True)
class Kind:
    """A kind of finding, declared once beside the code that raises it; docs/findings.md is generated from these.

    `id` is `<place>.<E|W|I><number>` and never changes meaning. `why` says why this is bad, for the documentation;
    `source` is the document behind the fact, if there is one.
    """

    id: str
    hop: Place
    title: str
    why: str
    source: str = ""

    @property
    def severity(self) -> Severity:
        letter = self.id.split(".")[1][0]
        return {"E": "error", "W": "warning", "I": "info"}[letter]  # type: ignore[return-value]

    def found(self, cause: str, evidence: Sequence[str] = (), fix: Sequence[str] = (), title: str = "") -> Finding:
        """The finding itself; `title` narrows the kind's title where the case has a name of its own."""
        return Finding(
            id=self.id,
            severity=self.severity,
            hop=self.hop,
            title=title or self.title,
            evidence=tuple(evidence),
            cause=cause,
            fix=tuple(fix),
            docs=f"docs/findings.md#{self.id.lower().replace('.', '')}",
        )


@dataclass(frozen=True)
class CouldNotTell:
    """A check that found neither health nor fault, and why. Unknown is never a pass."""

    check: str
    reason: str
