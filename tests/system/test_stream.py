"""Reading a program's output while it runs."""

from __future__ import annotations

import os
import sys
import time

import pytest

from portico.model.command import Command, Outcome
from portico.system.stream import stream


def streamed(*argv: str, timeout_s: float = 20) -> tuple[Outcome, list[str]]:
    lines: list[str] = []
    return stream(Command(argv, why="a test", timeout_s=timeout_s), lines.append), lines


def test_lines_arrive_in_their_order_whatever_they_are() -> None:
    outcome, lines = streamed("sh", "-c", r"printf 'one\r\n\n\377\033[1mx\n'; echo two >&2; printf 'no end'; exit 3")
    assert lines == ["one", "", "\\xff\x1b[1mx", "two", "no end"]
    assert (outcome.code, outcome.timed_out) == (3, False)


def test_a_line_without_an_end_is_handed_on_in_pieces() -> None:
    _, lines = streamed(sys.executable, "-c", "print('x' * 1_000_000)")
    assert sum(map(len, lines)) == 1_000_000
    assert max(map(len, lines)) < 200_000


def test_time_out_kills_and_keeps_what_was_said() -> None:
    began = time.monotonic()
    outcome, lines = streamed("sh", "-c", "echo first; printf 'Password: '; sleep 600", timeout_s=3)
    assert (outcome.timed_out, outcome.code) == (True, -9)
    assert lines == ["first", "Password: "]
    assert time.monotonic() - began < 60


def test_one_that_closes_its_output_and_goes_on_is_waited_for() -> None:
    outcome, _ = streamed("sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 5")
    assert (outcome.code, outcome.timed_out) == (5, False)
    outcome, _ = streamed("sh", "-c", "exec >&- 2>&-; sleep 600", timeout_s=0.5)
    assert outcome.timed_out


def test_what_does_not_start_is_an_outcome() -> None:
    assert streamed("/nonexistent/program")[0].code == 127
    assert streamed("/etc/passwd")[0].code == 126


def test_an_exception_while_it_runs_kills_it() -> None:
    seen: list[int] = []

    def line(text: str) -> None:
        seen.append(int(text))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream(Command(("sh", "-c", "echo $$; sleep 600"), why="a test", timeout_s=60), line)
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)
