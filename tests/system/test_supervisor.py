"""supervisord, from the moment it is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from portico.system import clock, supervisor
from portico.system.processes import commands
from portico.system.supervisor import MODULE, Supervisor, begin, launch


def test_it_is_found_by_its_command_as_soon_as_it_was_started(tmp_path: Path) -> None:
    """On one core the child is held up in the middle of execve(2) nearly every time."""
    # With a configuration it stays, however long it takes to look.
    (tmp_path / "it.conf").write_text(f"[supervisord]\nlogfile = {tmp_path}/own.log\npidfile = {tmp_path}/pid\n")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        for _ in range(5):
            process = begin(tmp_path / "it.conf", tmp_path / "log")
            found = [pid for pid, _, command in commands((Path(sys.executable).name,)) if MODULE in command.split("\0")]
            process.kill()
            process.wait()
            assert process.pid in found
    finally:
        os.sched_setaffinity(0, cores)


class _Slow:
    """A supervisord that answers `after_s` seconds after its start, by the clock that `wait_for` has; no second passes."""

    pid = 4711

    def __init__(self, after_s: float) -> None:
        self.now, self._after_s = 0.0, after_s

    def poll(self) -> None:
        return None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, _: float) -> None:
        self.now += 1

    def answer(self) -> int | None:
        return self.pid if self.now > self._after_s else None


@pytest.mark.parametrize(("after_s", "found"), [(30, 4711), (300, None)])
def test_a_machine_may_be_slow_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_s: float, found: int | None
) -> None:
    slow = _Slow(after_s)
    monkeypatch.setattr(clock, "time", slow)
    monkeypatch.setattr(supervisor, "begin", lambda *_: slow)
    monkeypatch.setattr(Supervisor, "pid", slow.answer)
    assert launch(tmp_path / "it.conf", tmp_path / "log", tmp_path / "socket") == found
