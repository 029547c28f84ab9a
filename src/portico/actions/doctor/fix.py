"""`doctor --fix`: do what a finding's remedy says, prove it by looking again, and undo it when the finding is still
there."""

from __future__ import annotations

import grp
import os
import pwd
import signal
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial, singledispatch
from pathlib import Path

from portico.actions.options import Options
from portico.hops.nginx.commands import prove_file
from portico.model.errors import PorticoError
from portico.model.finding import Finding
from portico.model.remedy import (
    Chmod,
    Chown,
    EditLine,
    InsertLine,
    MakeFolder,
    PorticoUp,
    ReloadNginx,
    Remedy,
    RenewWorkers,
    ReopenLogs,
    Run,
)
from portico.system import accounts, clock, edit, files, processes
from portico.system.look.logs import replaced
from portico.system.look.processes import process
from portico.system.run import run

Undo = Callable[[], None]
#: How long nginx may take to start workers with the new configuration, or to open its logs.
_RELOAD_S = 10.0
#: How long workers may take to finish their requests.
_RENEW_S = 10.0


class CannotFix(Exception):
    """A step was not possible; the text says why. What was done before it has been undone."""


@dataclass(frozen=True)
class Attempt:
    """One remedy and what came of it: `fixed`, `undone` (it did not help), `failed` (`why`) or `declined`."""

    id: str
    says: str
    outcome: str
    why: str = ""


def apply(remedy: Remedy, project: Path) -> list[Undo]:
    """Do the steps in order. Raises CannotFix after undoing what was done."""
    # Undone last, when the files are as they were: nginx must read those again.
    done: list[Undo] = [partial(_reload, step) for step in remedy.steps if isinstance(step, ReloadNginx)]
    try:
        for step in remedy.steps:
            done.append(_do(step, project))
    except (OSError, LookupError, PorticoError, CannotFix) as error:
        take_back(done)
        raise CannotFix(str(error)) from error
    return done


def take_back(done: list[Undo]) -> None:
    """Undo, the last step first."""
    for undo in reversed(done):
        with suppress(OSError, CannotFix):
            undo()


def candidate(findings: tuple[Finding, ...], tried: frozenset[tuple[str, str]]) -> tuple[Finding, Remedy] | None:
    """The next finding to mend and how: the first with a remedy that was not tried, root causes first."""
    return next(((one, one.remedy) for one in findings if one.remedy and (one.id, one.cause) not in tried), None)


@singledispatch
def _do(step: object, project: Path) -> Undo:
    raise CannotFix(f"{type(step).__name__} is no step")


def _changed(path: Path, lines: list[str]) -> Undo:
    before = edit.replace_text(path, "".join(lines))
    return lambda: _restore(path, before)


def _restore(path: Path, text: str) -> None:
    edit.replace_text(path, text)


@_do.register
def _(step: EditLine, project: Path) -> Undo:
    path = Path(step.file)
    lines = edit.read(path).splitlines(keepends=True)
    if not 1 <= step.line <= len(lines) or step.old not in lines[step.line - 1]:
        raise CannotFix(f"{path}:{step.line} no longer reads {step.old!r}")
    lines[step.line - 1] = lines[step.line - 1].replace(step.old, step.new, 1)
    return _changed(path, lines)


@_do.register
def _(step: InsertLine, project: Path) -> Undo:
    path = Path(step.file)
    lines = edit.read(path).splitlines(keepends=True)
    if step.after and lines and not lines[min(step.after, len(lines)) - 1].endswith("\n"):
        lines[min(step.after, len(lines)) - 1] += "\n"
    lines.insert(step.after, step.text.rstrip("\n") + "\n")
    return _changed(path, lines)


@_do.register
def _(step: Chmod, project: Path) -> Undo:
    path = Path(step.path)
    before = stat.S_IMODE(path.stat().st_mode)
    path.chmod(step.mode)
    return lambda: path.chmod(before)


@_do.register
def _(step: Chown, project: Path) -> Undo:
    path = Path(step.path)
    status = path.stat()
    uid = pwd.getpwnam(step.user).pw_uid if step.user else -1
    gid = grp.getgrnam(step.group).gr_gid if step.group else -1
    os.chown(path, uid, gid)
    return lambda: os.chown(path, status.st_uid, status.st_gid)


@_do.register
def _(step: MakeFolder, project: Path) -> Undo:
    path = Path(step.path)
    account = accounts.by_name(step.user) if step.user else None
    created = next((folder for folder in (*reversed(path.parents), path) if not folder.exists()), None)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.make_dir(path, step.mode, account.uid if account else -1, account.gid if account else -1)
    return lambda: files.remove(created) if created else None


@_do.register
def _(step: Run, project: Path) -> Undo:
    seen = process(step.environ_of) if step.environ_of else None
    outcome = run(replace(step.command, environ=seen.environ) if seen else step.command)
    if not outcome.ok:
        last = (outcome.stderr or outcome.stdout).strip().splitlines()[-1:] or [f"exit status {outcome.code}"]
        raise CannotFix(f"{' '.join(step.command.argv)}: {last[0]}")
    return lambda: None


@_do.register
def _(step: RenewWorkers, project: Path) -> Undo:
    asked = [pid for pid in step.pids if processes.signal_named(pid, signal.SIGHUP, "uwsgi")]
    if not clock.wait_for(lambda: not any(processes.facts(pid) for pid in asked), _RENEW_S):
        raise CannotFix("the workers are still busy with requests; uWSGI replaces them when they are done")
    return lambda: None


@_do.register
def _(step: ReloadNginx, project: Path) -> Undo:
    _reload(step)
    return lambda: None


def _reload(step: ReloadNginx) -> None:
    proof = run(prove_file(step.binary, (1, 19, 5), step.conf, step.prefix))
    if not proof.ok:
        raise CannotFix(f"nginx -t: {(proof.stderr or proof.stdout).strip().splitlines()[0]}")
    if not step.master:
        return
    before = {worker.pid for worker in processes.tree(step.master)[1:]}
    if not processes.signal_named(step.master, signal.SIGHUP, "nginx"):
        raise CannotFix(f"process {step.master} is no nginx any more")
    clock.wait_for(lambda: _has_new_workers(step.master, before), _RELOAD_S)


def _has_new_workers(master: int, before: set[int]) -> bool:
    """An old worker takes connections until it says that it is shutting down."""
    workers = processes.tree(master)[1:]
    old = [worker for worker in workers if worker.pid in before and "shutting down" not in worker.command]
    return not old and any(worker.pid not in before for worker in workers)


@_do.register
def _(step: ReopenLogs, project: Path) -> Undo:
    undo = _do(Run(step.command), project)
    clock.wait_for(lambda: not replaced(step.log, [step.master]), _RELOAD_S)
    return undo


@_do.register
def _(step: PorticoUp, project: Path) -> Undo:
    # What `portico up` needs takes as long to import as the doctor takes to look.
    from portico.actions.up import up

    up(Options(project), lambda _: None)
    return lambda: None
