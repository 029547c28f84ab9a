"""What one look of `portico check` brought."""

from __future__ import annotations

from dataclasses import dataclass

from portico.model.finding import CouldNotTell, Finding


@dataclass(frozen=True)
class Looked:
    """`unknown` are the looks that came to no answer, and why; `checked` says what was looked at."""

    findings: tuple[Finding, ...] = ()
    unknown: tuple[CouldNotTell, ...] = ()
    checked: tuple[str, ...] = ()

    def __add__(self, other: Looked) -> Looked:
        return Looked(self.findings + other.findings, self.unknown + other.unknown, self.checked + other.checked)
