"""Release hooks: the commands of `[release] hooks`, run once for each release, before it goes live."""

from __future__ import annotations

import shlex
import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from portico.actions import environment
from portico.actions.prepare import Prepared
from portico.model.command import Command, Outcome
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.system import files
from portico.system.accounts import to_become
from portico.system.stream import stream

Say = Callable[[str], None]
LOG = "hooks.log"
_TAIL_LINES = 12
#: What is kept of one hook's output; a program that never stops talking must not fill the disk.
_LOG_BYTES = 4 << 20

HOOK_FAILED = Kind(
    "system.E021",
    "system",
    "A release hook failed",
    "A release goes live only after all its hooks have succeeded; what was live before serves on.",
    source="docs/howto-releases.md",
    shows="`portico up` or `reload` ends with exit status 4; the release before serves on.",
    example="`manage.py migrate` ended with exit code 1",
    cure="All that it said is in hooks.log of the release; the message has the command to repeat it by hand. If it needs "
    'longer: `[release] hook_timeout = "30m"`.',
)


@dataclass(frozen=True)
class HookRun:
    """What one hook did. `argv` is as in the configuration, `code` its exit status (negative for a signal), `tail` its last
    lines, without secrets of the environment."""

    argv: tuple[str, ...]
    code: int
    duration_s: float
    timed_out: bool
    tail: tuple[str, ...]


def run_hooks(prepared: Prepared, folder: Path, previous: int, revision: str, say: Say) -> tuple[HookRun, ...]:
    """Run them in their order, in the application's folder, account and environment; their output is shown through `say` and
    kept in `folder`/hooks.log. Raises PorticoError at the first that fails."""
    hooks = prepared.plan.release.hooks
    if not hooks:
        return ()
    runs = []
    path = folder / LOG
    with files.writing(path), path.open("w", encoding="utf-8", errors="backslashreplace") as log:
        path.chmod(0o600)
        for hook in hooks:
            command = _command(prepared, hook, previous, revision)
            run = _run(command, hook, log, environment.masker(prepared.environ), say)
            runs.append(run)
            if run.code or run.timed_out:
                raise _failed(prepared, command, run, path)
    return tuple(runs)


def _run(command: Command, hook: tuple[str, ...], log: TextIO, masked: Callable[[str], str], say: Say) -> HookRun:
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    title = masked(shlex.join(hook))
    say(f"hook: {title}")
    log.write(f"# {time.strftime('%Y-%m-%d %H:%M:%S')} {title}\n")
    written = 0

    def line(text: str) -> None:
        nonlocal written
        text = masked(text)
        tail.append(text)
        if written > _LOG_BYTES:
            return
        written += len(text) + 1
        if written > _LOG_BYTES:
            text = f"... the rest of what it says is not kept ({_LOG_BYTES >> 20} MiB)"
        log.write(text + "\n")
        log.flush()
        say(f"  {text}")

    outcome = stream(command, line)
    log.write(f"# {_outcome(outcome)}, {outcome.duration_s:.1f} s\n")
    return HookRun(hook, outcome.code, round(outcome.duration_s, 3), outcome.timed_out, tuple(tail))


def _outcome(outcome: Outcome) -> str:
    if outcome.timed_out:
        return f"killed: not done in {outcome.command.timeout_s:.0f} s"
    return f"killed by signal {-outcome.code}" if outcome.code < 0 else f"exit {outcome.code}"


def _command(prepared: Prepared, hook: tuple[str, ...], previous: int, revision: str) -> Command:
    """The hook with the project's Python and manage.py in place of those words."""
    plan = prepared.plan
    first, *rest = hook
    if first == "manage.py":
        argv = (plan.interpreter.executable, str(prepared.request.get("manage") or "manage.py"), *rest)
    elif first in ("python", "python3"):
        argv = (plan.interpreter.executable, *rest)
    else:
        argv = hook
    environ = {
        **prepared.environ,
        "PORTICO_RELEASE": str(plan.uwsgi.instance),
        "PORTICO_PREVIOUS_RELEASE": str(previous or ""),
        "PORTICO_REVISION": revision,
    }
    found = shutil.which(argv[0], path=environ.get("PATH")) or argv[0]
    return Command(
        (found, *argv[1:]),
        why="run a release hook",
        timeout_s=float(plan.release.hook_timeout_s),
        cwd=plan.site.directory,
        environ=environ,
        user=to_become(prepared.machine.app) or None,
    )


def _failed(prepared: Prepared, command: Command, run: HookRun, log: Path) -> PorticoError:
    title = shlex.join(run.argv)
    if run.timed_out:
        cause = f"`{title}` was not done in {command.timeout_s:.0f} s and was killed"
        fix = ['[release] hook_timeout = "30m"   # in portico.toml, if it needs longer']
    elif run.code in (126, 127) and "/" not in command.argv[0]:
        # 126 where the search met a folder on PATH that this account may not enter (execvp(3)).
        cause = f"`{title}`: there is no program {command.argv[0]!r} on the application's PATH"
        fix = [f"PATH is {command.environ.get('PATH') if command.environ else ''}"]
    else:
        cause = f"`{title}` ended with {'signal' if run.code < 0 else 'exit code'} {abs(run.code)}"
        fix = [f"cd {shlex.quote(command.cwd or '.')} && {shlex.join(command.argv)}   # repeat it by hand"]
    fix.append(f"less {shlex.quote(str(log))}   # all that it said")
    return PorticoError(HOOK_FAILED.found(cause=cause, evidence=list(run.tail), fix=fix), Exit.ROLLED_BACK)
