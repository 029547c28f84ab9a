"""Processes aside, and signals that come while one of them is forked."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portico.model.command import Command
from portico.system.aside import Aside
from portico.system.processes import group_table
from support.stack import until

_STOPPED_WHILE_IT_FORKS = """
import os, signal, sys
from pathlib import Path
from portico.model.command import Command
from portico.system.aside import Aside, orderly
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), int(sys.argv[2])))
aside = Aside()
with orderly():
    try:
        stay = Command(("sh", "-c", "echo $$; exec sleep 60"), "stay")
        aside.start(stay, Path(sys.argv[1]), signal.SIGTERM, signal.SIGTERM)
        print("nothing stopped it")
    finally:
        aside.stop()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_it_forks_is_not_lost_and_nor_is_the_process(tmp_path: Path, number: signal.Signals) -> None:
    argv = [sys.executable, "-c", _STOPPED_WHILE_IT_FORKS, str(tmp_path / "log"), str(int(number))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert (done.stdout, "ignored" in done.stderr) == ("", False)
    assert done.returncode == {signal.SIGINT: -signal.SIGINT}.get(number, 128 + number)
    said = (tmp_path / "log").read_text().split()
    assert not any(Path("/proc", pid).exists() for pid in said)


def test_what_it_starts_listens_to_every_signal(tmp_path: Path) -> None:
    aside = Aside()
    look = Command(("grep", "SigBlk", "/proc/self/status"), "look")
    running = aside.start(look, tmp_path / "log", signal.SIGTERM, signal.SIGTERM)
    running.end(10)
    assert int((tmp_path / "log").read_text().split()[1], 16) == 0
    aside.stop()


_TOLD_TO_END = """
import os, signal, sys
from portico.system.aside import orderly
hup, term = signal.SIGHUP, signal.SIGTERM
signal.signal(hup, signal.SIG_IGN)
try:
    with orderly():
        os.kill(os.getpid(), hup)
        print("goes on")
        os.kill(os.getpid(), term)
        print("goes on")
finally:
    print(signal.getsignal(hup) == signal.SIG_IGN, signal.getsignal(term) == signal.SIG_DFL)
"""


def test_what_nohup_ignores_stays_so_and_what_ends_us_puts_back() -> None:
    done = subprocess.run([sys.executable, "-c", _TOLD_TO_END], capture_output=True, text=True, check=False, timeout=30)
    assert (done.stdout, done.returncode) == ("goes on\nTrue True\n", 128 + signal.SIGTERM), done.stderr


def test_when_it_has_ended_nothing_of_its_group_is_left(tmp_path: Path) -> None:
    leaves = "trap 'exit 0' TERM; for n in $(seq 80); do sleep 60 & done; echo made; wait"
    for number in range(4):
        log, aside = tmp_path / f"log{number}", Aside()
        running = aside.start(Command(("sh", "-c", leaves), "leave some"), log, signal.SIGTERM, signal.SIGTERM)
        until(log.read_text, what="they are made")
        aside.stop()
        assert group_table().get(running.pid, []) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from portico.model.command import Command
from portico.system.aside import Aside
deaf = "trap '' INT TERM; echo $$; while sleep 0.1; do :; done"
print(Aside().start(Command(("sh", "-c", deaf), "stay"), Path(sys.argv[1]), signal.SIGINT, signal.SIGKILL).pid)
while not Path(sys.argv[1]).read_text():
    pass
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_it_starts_ends_when_we_are_killed_also_where_it_would_not_listen(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _KILLED, str(tmp_path / "log")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL, done.stderr
    # Whoever inherits it may leave a zombie, which has no command line any more.
    left = Path("/proc", done.stdout.strip(), "cmdline")
    until(lambda: not left.exists() or not left.read_bytes(), what="it ends")
