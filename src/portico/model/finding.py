"""Findings: a stable id, what is wrong, the evidence, the cause and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from portico.model.remedy import Remedy

Severity = Literal["error", "warning", "info"]
_ROW_CHARACTERS = 800
Certainty = Literal["certain", "likely"]
#: What a finding rests on, strongest first.
Basis = Literal["request", "state", "log", "configuration"]
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

    `certainty` is `likely` where another cause would look the same. `basis` is what it rests on: the request that was just
    made, the state of processes and files, what was logged, or what the configuration says. `follows` are the ids of other
    findings of the same run that this one is a consequence of. `remedy` is what `doctor --fix` may do.
    """

    id: str
    severity: Severity
    hop: Place
    title: str
    evidence: tuple[str, ...]
    cause: str
    fix: tuple[str, ...]
    docs: str
    certainty: Certainty = "certain"
    basis: Basis = "configuration"
    follows: tuple[str, ...] = ()
    remedy: Remedy | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of finding, declared once beside the code that raises it; docs/findings/ is generated from these.

    `id` is `<place>.<E|W|I><number>` and never changes meaning. For its page: `why` says why this is bad, `shows` how it
    looks to somebody who does not know the cause yet, `example` is configuration or log lines that have it, `cure` what to
    do about it in general, `source` the document behind the fact. `leads_to` are ids of kinds that this one causes: where
    both are found, this is the root. `standing` above 0 is a weakness that many sites have all the time, rather than what
    happens now: it goes behind the other findings of its severity, the larger the further.
    """

    id: str
    hop: Place
    title: str
    why: str
    source: str = ""
    shows: str = ""
    example: str = ""
    cure: str = ""
    leads_to: tuple[str, ...] = ()
    standing: int = 0

    @property
    def severity(self) -> Severity:
        letter = self.id.split(".")[1][0]
        return {"E": "error", "W": "warning", "I": "info"}[letter]  # type: ignore[return-value]

    def found(
        self,
        cause: str,
        evidence: Sequence[str] = (),
        fix: Sequence[str] = (),
        title: str = "",
        certainty: Certainty = "certain",
        basis: Basis = "configuration",
        remedy: Remedy | None = None,
    ) -> Finding:
        """The finding itself; `title` narrows the kind's title where the case has a name of its own."""
        return Finding(
            id=self.id,
            severity=self.severity,
            hop=self.hop,
            title=title or self.title,
            evidence=tuple(_clipped(row) for row in evidence),
            cause=_clipped(cause),
            fix=tuple(fix),
            docs=f"docs/findings/{self.id}.md",
            certainty=certainty,
            basis=basis,
            remedy=remedy,
        )


def _clipped(text: str) -> str:
    """A log line with a whole cookie or query in it says no more than its two ends."""
    half = _ROW_CHARACTERS // 2
    return text if len(text) <= _ROW_CHARACTERS else f"{text[:half]} ... {text[-half:]}"


@dataclass(frozen=True)
class CouldNotTell:
    """A check that found neither health nor fault, and why. Unknown is never a pass."""

    check: str
    reason: str
