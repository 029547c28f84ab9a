"""What a worker tells of a request is heard, however late the command comes to listen."""

from __future__ import annotations

import socket
from pathlib import Path

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
