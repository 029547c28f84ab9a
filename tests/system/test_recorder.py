"""What a worker tells of a request is heard, however late the command comes to listen."""

from __future__ import annotations

import select
import socket
from pathlib import Path

import pytest

from portico.system.tap import Recorder
from support.stack import until


def test_one_who_waits_to_be_heard_is_not_silent(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "r.sock"))
        listener.listen()
        recorder = Recorder(listener)
        assert recorder.silent
        with socket.socket(socket.AF_UNIX) as worker:
            worker.connect(str(tmp_path / "r.sock"))
            worker.sendall(b"one\ntwo\n")
        assert not recorder.silent
        recorder.start()
        until(lambda: recorder.silent)
        assert recorder.lines == [b"one", b"two"]


def test_one_who_begins_to_talk_while_it_is_looked_is_not_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = select.select

    def late(readable: list[socket.socket], *rest: object) -> object:
        if rest[-1] == 0:
            # Whoever looks without patience is held up here until the recorder has taken the connection.
            monkeypatch.undo()
            recorder.start()
            until(lambda: not look([listener], [], [], 0)[0])
        return look(readable, *rest)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "r.sock"))
        listener.listen()
        recorder = Recorder(listener)
        with socket.socket(socket.AF_UNIX) as worker:
            worker.connect(str(tmp_path / "r.sock"))
            monkeypatch.setattr(select, "select", late)
            assert not recorder.silent
        until(lambda: recorder.silent)
