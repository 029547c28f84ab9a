"""Our own error: a finding that stops a command, with the exit code that tells the caller what to do."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from portico.model.finding import Finding


class Exit(IntEnum):
    """Exit codes of every verb."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    MISSING_TOOL = 3
    ROLLED_BACK = 4
    NEEDS_HANDS = 5
    INTERRUPTED = 130


class PorticoError(Exception):
    """Stops a verb. The first finding is the root cause; the text is made by `cli.output`, never by a traceback."""

    def __init__(self, finding: Finding, code: Exit, others: Sequence[Finding] = ()) -> None:
        super().__init__(f"{finding.id} {finding.title}")
        self.findings: tuple[Finding, ...] = (finding, *others)
        self.code = code
