"""What `doctor --fix` may do about a finding: data. `actions.doctor.fix` does it, and undoes it when the proof fails."""

from __future__ import annotations

from dataclasses import dataclass

from portico.model.command import Command


@dataclass(frozen=True)
class EditLine:
    """Replace `old` by `new` in that line of a file (1 is the first). Refused when the line does not contain `old`."""

    file: str
    line: int
    old: str
    new: str


@dataclass(frozen=True)
class InsertLine:
    """Write `text` as a line of its own after line `after` (0: before the first)."""

    file: str
    after: int
    text: str


@dataclass(frozen=True)
class Chmod:
    """Give a path these permission bits (0o660)."""

    path: str
    mode: int


@dataclass(frozen=True)
class Chown:
    """Give a path to an account and a group, by name; empty leaves it."""

    path: str
    user: str
    group: str


@dataclass(frozen=True)
class MakeFolder:
    """Make a folder, with its parents, for an account (empty: ours)."""

    path: str
    user: str = ""
    mode: int = 0o755


@dataclass(frozen=True)
class Run:
    """Run a command. `environ_of` is a process whose environment it gets (0: ours), so that secrets stay where they are."""

    command: Command
    environ_of: int = 0


@dataclass(frozen=True)
class RenewWorkers:
    """Let these workers of a uWSGI with a master finish what they do and be replaced by new ones, which load anew what they
    only read once."""

    pids: tuple[int, ...]


@dataclass(frozen=True)
class ReloadNginx:
    """Prove the configuration with the real nginx, then let the running master read it."""

    binary: str
    conf: str
    prefix: str
    master: int


@dataclass(frozen=True)
class ReopenLogs:
    """Run the command that lets a running nginx open its logs anew, until its master has no other file in place of `log`."""

    command: Command
    master: int
    log: str


@dataclass(frozen=True)
class PorticoUp:
    """Let Portico put its own stack in order: what `portico up` does."""


Step = EditLine | InsertLine | Chmod | Chown | MakeFolder | Run | RenewWorkers | ReloadNginx | ReopenLogs | PorticoUp


@dataclass(frozen=True)
class Remedy:
    """`says` is what will be done, as a sentence for the question that is asked first. `steps` are done in order."""

    says: str
    steps: tuple[Step, ...]
