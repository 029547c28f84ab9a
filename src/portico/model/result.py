"""What a verb returns: the same object feeds text, `--json` and the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portico.model.errors import Exit
from portico.model.finding import Finding


@dataclass(frozen=True)
class Result:
    """`data` is the JSON-ready `result` of the envelope; `findings` are ordered, root cause first."""

    command: str
    data: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    code: Exit = Exit.DONE

    @property
    def ok(self) -> bool:
        return self.code == Exit.DONE
