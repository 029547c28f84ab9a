"""A command as a value: what to run and why, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Command:
    """One program call without a shell.

    `argv` is the exact argument vector; `why` is a short clause for people ("prove the nginx configuration");
    `timeout_s` is in seconds. `environ` replaces the whole environment when given; `cwd` is absolute.
    `user` is the account it runs as when Portico is root (None: as ourselves).
    """

    argv: tuple[str, ...]
    why: str
    timeout_s: float = 30.0
    cwd: str | None = None
    environ: Mapping[str, str] | None = field(default=None, hash=False)
    user: str | None = None
    stdin: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a Command did. `code` is the exit status, negative for a signal; `timed_out` means it was killed."""

    command: Command
    code: int
    stdout: str
    stderr: str
    duration_s: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.code == 0 and not self.timed_out
