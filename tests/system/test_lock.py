"""One writer at a time, and whoever only looks whether there is one."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from portico.model.errors import PorticoError
from portico.system.lock import exclusive, is_held


def test_somebody_who_only_looks_is_waited_for_however_slow_they_are(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    # As `is_held` does, held up before it lets go.
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    lets_go = threading.Timer(0.7, os.close, [looking])
    lets_go.start()
    with exclusive(path):
        assert is_held(path)
    lets_go.join()
    assert not is_held(path)


def test_another_writer_is_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path):
        with pytest.raises(PorticoError) as refused, exclusive(path):
            pass
        assert refused.value.findings[0].id == "system.E001"
        assert str(os.getpid()) in refused.value.findings[0].cause
        assert is_held(path)
    with exclusive(path):
        pass
