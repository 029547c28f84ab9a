"""New code under load: good, broken, slow to import, and back again. Nothing may be lost."""

from __future__ import annotations

from collections.abc import Callable

from faults.application import BROKEN, BROKEN_IN_UWSGI, SLOW
from faults.rows import Row, under_load
from faults.stacks import Stack

NOTHING_LOST = "0 lost"


def _row(stack: Stack, fault: str, act: Callable[[], str]) -> Row:
    seen = under_load(stack.port, act)
    told = seen.load.summary
    return Row(fault, stack.server, told, None, NOTHING_LOST, told.lost == 0, seen.remark, tuple(seen.load.outcomes))


def reload_good(stack: Stack, times: int = 20) -> Row:
    """`portico reload`, again and again, each with new code."""

    def act() -> str:
        for _ in range(times):
            version = stack.application.release()
            stack.portico("reload", code=0)
            assert stack.version() == version, "the new code answers"
        return f"{times} releases went live"

    return _row(stack, f"reload, {times} times", act)


def reload_broken(stack: Stack) -> Row:
    """Code that cannot be imported at all, and code that only fails within uWSGI: the code before goes on."""

    def act() -> str:
        before, codes = stack.version(), []
        for broken in (BROKEN, BROKEN_IN_UWSGI):
            stack.application.release(broken)
            codes.append(stack.portico("reload").code)
            assert stack.version() == before
        assert set(codes) <= {2, 4}, f"a broken release is refused: {codes}"
        return f"refused twice (exit codes {codes[0]} and {codes[1]}); the code before answers"

    row = _row(stack, "reload to broken code, twice", act)
    stack.application.release()
    return row


def reload_slow(stack: Stack, seconds: int = 3) -> Row:
    """Code that needs that long to import."""

    def act() -> str:
        version = stack.application.release(SLOW.format(seconds=seconds))
        stack.portico("reload", code=0)
        assert stack.version() == version
        return "the new code answers"

    return _row(stack, f"reload to code that needs {seconds} s to import", act)


def rollback(stack: Stack) -> Row:
    """`portico rollback` to the release before, whose code is in memory only."""
    before = stack.version()
    version = stack.application.release()
    stack.portico("reload", code=0)
    assert stack.version() == version != before

    def act() -> str:
        stack.portico("rollback", code=0)
        assert stack.version() == before, "the code before answers again"
        return f"{before} answers again"

    return _row(stack, "rollback", act)


RELOADS = {"reload": reload_good, "broken": reload_broken, "slow": reload_slow, "rollback": rollback}
