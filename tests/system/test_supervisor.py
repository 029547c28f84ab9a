"""supervisord, from the moment it is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from portico.system.processes import commands
from portico.system.supervisor import MODULE, begin


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
