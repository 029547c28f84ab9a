"""`portico down`: stop a stack, whatever state it is in, and say what was stopped."""

from __future__ import annotations

import contextlib

from portico.actions import state, supervise
from portico.actions.places import Places
from portico.actions.status import other_accounts
from portico.model.errors import Exit
from portico.model.finding import Kind
from portico.model.result import Result
from portico.system import files, lock, processes

SURVIVED = Kind(
    "system.E006",
    "system",
    "A process could not be stopped",
    "It may still hold the port or write to the application's files.",
    source="https://man7.org/linux/man-pages/man1/ps.1.html",
    shows="`portico down` ends with exit status 5 and lists the processes.",
    example="pid 4711 (www-data): nginx: worker process",
    cure="`ps -o pid,stat,user,cmd -p PID`. One in state `D` waits for a disk or a network file system and ends when that "
    "answers; one of another account ends with `sudo kill -9 PID`. Then `portico down` again.",
)


def down(where: Places) -> Result:
    """Stop nginx, then uWSGI, letting requests finish; processes left over from a killed supervisor are stopped too."""
    # The folder with the state may have been deleted; what runs is found through the runtime directory all the same.
    home = where.state if where.lock.exists() else where.run if where.run.is_dir() else None
    if home is None and not supervise.observe(where).silent:
        return Result("down", {"stopped": [], "project": str(where.project)}, other_accounts(where))
    with lock.exclusive(home / where.lock.name) if home else contextlib.nullcontext():
        return _down(where)


def _down(where: Places) -> Result:
    live = supervise.observe(where)
    stopped = sorted({program.name for program in live.programs if program.pid} | {n for n, p in live.groups.items() if p})
    stopped += ["supervisord"] if live.silent else []
    data = {"stopped": stopped, "project": str(where.project)}
    survivors = stop_all(where)
    if survivors:
        facts = [fact for pid in survivors if (fact := processes.facts(pid))]
        finding = SURVIVED.found(
            cause=f"{len(survivors)} process(es) did not end even after SIGKILL",
            evidence=[f"pid {fact.pid} ({fact.user}): {fact.command}" for fact in facts],
            fix=[f"sudo kill -9 {' '.join(map(str, survivors))}", "portico down"],
        )
        return Result("down", data, (finding,), Exit.NEEDS_HANDS)
    state.clear(where)
    files.remove(where.run)
    return Result("down", data, () if stopped else other_accounts(where))


def stop_all(where: Places) -> tuple[int, ...]:
    """Stop every process of the stack, supervised or left over; returns pids that could not be stopped."""
    known = state.read(where)
    graceful_s = known.plan["uwsgi"]["graceful_s"] if known else 0
    survivors = supervise.stop_supervisor(where, supervise.STOP_LIMIT_S + 2 * graceful_s)
    return survivors + supervise.stop_left_over(where, supervise.observe(where).left_over, timeout_s=30)
