"""Running a program, whatever it does with its output, its children and its time."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from portico.model.command import Command
from portico.system.run import KEPT, run
from support.stack import until


def command(*argv: str, timeout_s: float = 30.0, stdin: str = "") -> Command:
    return Command(argv, "test", timeout_s, stdin=stdin)


def python(code: str, *arguments: str, timeout_s: float = 30.0) -> Command:
    return command(sys.executable, "-c", code, *arguments, timeout_s=timeout_s)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_what_goes_in_and_comes_out() -> None:
    done = run(command("sh", "-c", "cat; printf 'a\\r\\nb' >&2; exit 3", stdin="line\n" * 100_000))
    assert (done.code, done.timed_out, done.stderr) == (3, False, "a\nb")
    assert done.stdout == "line\n" * 100_000


def test_what_does_not_read_is_not_waited_for() -> None:
    assert run(command("true", stdin="line\n" * 100_000)).ok


@pytest.mark.parametrize(("argv", "code"), [(("/nowhere/at/all",), 127), (("/tmp",), 126), (("a\0b",), 126)])
def test_what_cannot_be_started(argv: tuple[str, ...], code: int) -> None:
    done = run(Command(argv, "test"))
    assert done.code == code
    assert done.stderr


def test_a_folder_that_is_not_there_is_named() -> None:
    done = run(Command(("true",), "test", cwd="/nowhere/at/all"))
    assert (done.code, "/nowhere/at/all" in done.stderr) == (127, True)


def test_output_without_an_end_takes_no_memory_without_an_end() -> None:
    done = run(command("yes", timeout_s=3))
    assert (done.timed_out, done.code, len(done.stdout)) == (True, -signal.SIGKILL, KEPT)


#: Tells its child's process id, and ends when that has been told.
LEAVES = """
import os, time
told, tell = os.pipe()
if os.fork() == 0:
    {}
    print(os.getpid(), flush=True)
    os.write(tell, b"x")
    time.sleep(600)
os.read(told, 1)
"""


def test_what_it_leaves_behind_keeps_nobody_waiting() -> None:
    done = run(python(LEAVES.format("os.setsid()")))
    left = int(done.stdout)
    try:
        assert (done.code, done.timed_out, is_there(left)) == (0, False, True)
    finally:
        os.kill(left, signal.SIGKILL)


def test_what_it_leaves_behind_is_ended_when_it_should_be_alone() -> None:
    left = int(run(python(LEAVES.format("pass")), alone=True).stdout)
    until(lambda: not is_there(left))


def test_time_is_up_for_what_holds_the_output_elsewhere_too() -> None:
    done = run(python(LEAVES.format("os.setsid()") + "\ntime.sleep(600)", timeout_s=5))
    os.kill(int(done.stdout), signal.SIGKILL)
    assert (done.timed_out, done.code) == (True, -signal.SIGKILL)


def test_who_is_interrupted_leaves_nothing_running(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = "import os, sys, time\nopen(sys.argv[1], 'w').write(str(os.getpid()))\ntime.sleep(600)"

    def interrupt() -> None:
        until(lambda: file.exists() and file.read_text())
        os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        run(python(code, str(file), timeout_s=60))
    other.join(10)
    until(lambda: not is_there(int(file.read_text())))


def test_a_closed_output_is_not_the_end() -> None:
    began = time.monotonic()
    done = run(command("sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 4"))
    assert (done.code, time.monotonic() - began >= 0.3) == (4, True)
