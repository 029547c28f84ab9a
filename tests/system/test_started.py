"""What is begun while a signal comes: no process that nobody knows of, and no signal that is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.stack import until

_BEGINNINGS = {
    "run": "from portico.system.run import Begun; Begun(stay)",
    "stream": "from portico.system.stream import stream; stream(stay, print)",
    "talk": "from portico.system.talk import talk; talk(stay).__enter__()",
    "supervisor": "from portico.system import supervisor; sys.executable = program; supervisor.begin(told, log)",
}
#: The program is there and nobody has been told of it when the signal comes.
_INTERRUPTED = """
import os, signal, subprocess, sys
from pathlib import Path
from portico.model.command import Command

program, told, log, number = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
stay = Command((program,), "stay")


class Popen(subprocess.Popen):
    def __init__(self, *arguments, **how):
        super().__init__(*arguments, **how)
        while not told.exists():
            pass
        os.kill(os.getpid(), number)


def leave(number, frame):
    raise KeyboardInterrupt


subprocess.Popen = Popen
signal.signal(number, leave)
try:
    BEGIN
    print("nothing stopped it")
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
@pytest.mark.parametrize("begin", _BEGINNINGS.values(), ids=_BEGINNINGS)
def test_a_signal_while_a_process_is_begun_ends_both(tmp_path: Path, begin: str, number: signal.Signals) -> None:
    program, told = tmp_path / "program", tmp_path / "told"
    program.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/new; mv {tmp_path}/new {told}; exec sleep 60\n")
    program.chmod(0o755)
    code = _INTERRUPTED.replace("BEGIN", begin)
    argv = [sys.executable, "-c", code, str(program), str(told), str(tmp_path / "log"), str(int(number))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "stopped\n", done.stderr
    # Whoever inherits it may leave a zombie, which has no command line any more.
    left = Path("/proc", told.read_text().strip(), "cmdline")
    until(lambda: not left.exists() or not left.read_bytes(), what="it ends")
