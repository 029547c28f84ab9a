"""Where a value of the plan came from, so that `portico config` can say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OriginKind = Literal["default", "detected", "file", "flag", "environment"]


@dataclass(frozen=True)
class Origin:
    """The source of one value.

    `kind` is the layer that won; `detail` is for people: `portico.toml:12`, `--listen`,
    `settings.STATIC_ROOT`, `2 cores`. It is empty for a plain default.
    """

    kind: OriginKind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} ({self.detail})" if self.detail else self.kind
