"""The guard in front of a daemon, with real processes."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import portico

GUARD = Path(portico.__path__[0]) / "inside" / "guard.py"

# A daemon that says what it is, and one that also notes each TERM and ends some time after the first.
REPORT = """
import json, os, sys, time
descriptors = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")]
out = {"argv": sys.argv, "environ": dict(os.environ), "cwd": os.getcwd(), "pid": os.getpid(), "pgrp": os.getpgrp(),
       "descriptors": [os.readlink(path) for path in descriptors if os.path.lexists(path)]}
open("report.tmp", "w").write(json.dumps(out)); os.rename("report.tmp", "report.json")
print("from the daemon", flush=True)
time.sleep(60)
"""
LEADER = """
import os, signal, subprocess, sys, time
def on_term(number, frame):
    open("terms", "a").write(f"{os.getpid()}\\n")
    if sys.argv[1] != "-1":
        time.sleep(float(sys.argv[1])); open("ended", "a").write(f"{os.getpid()}\\n"); os._exit(0)
signal.signal(signal.SIGTERM, on_term)
if len(sys.argv) > 2:
    child = subprocess.Popen([sys.executable, "-IS", __file__, sys.argv[1]])
    open("child", "w").write(str(child.pid))
open(f"ready-{os.getpid()}", "w").close()
while True: time.sleep(60)
"""


def wait_until(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
    return value


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Place:
    """A folder with a program called `fakeuwsgi` (a link to Python), and everything started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.python = folder / "fakeuwsgi"
        self.python.symlink_to(sys.executable)
        (folder / "report.py").write_text(REPORT)
        (folder / "leader.py").write_text(LEADER)

    def spec(self, **changes: Any) -> dict[str, Any]:
        return {
            "argv": [str(self.python), "-IS", "report.py"],
            "environ": {"ONE": "1"},
            "cwd": str(self.folder),
            "group_file": str(self.folder / "it.group"),
            "stop_signal": "TERM",
            "names": ["fakeuwsgi"],
            "log": "",
            "lock_dir": "",
            "wait_s": 10,
            **changes,
        }

    def guard(self, spec: Any, **options: Any) -> subprocess.Popen[bytes]:
        path = self.folder / "spec.json"
        path.write_text(spec if isinstance(spec, str) else json.dumps(spec))
        return self.run([sys.executable, "-IS", str(GUARD), str(path)], **options)

    def run(self, argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "start_new_session": True, **options}
        process = subprocess.Popen(argv, cwd=self.folder, stdin=subprocess.DEVNULL, **options)
        self.started.append(process)
        return process

    def report(self) -> dict[str, Any]:
        return json.loads(wait_until(lambda: (p := self.folder / "report.json").exists() and p.read_text()))

    def leader(self, seconds: str, with_child: bool = True) -> tuple[subprocess.Popen[bytes], int]:
        """A predecessor, started and recorded by the guard; the pid is its child's, 0 if it has none."""
        argv = [str(self.python), "-IS", str(self.folder / "leader.py"), seconds, *(["child"] if with_child else [])]
        process = self.guard(self.spec(argv=argv))
        wait_until(lambda: (self.folder / f"ready-{process.pid}").exists())
        if not with_child:
            return process, 0
        child = int(wait_until(lambda: (p := self.folder / "child").exists() and p.read_text()))
        wait_until(lambda: (self.folder / f"ready-{child}").exists())
        return process, child

    def lines(self, name: str) -> list[int]:
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="guard-") as folder:
        place = Place(Path(folder).resolve())
        yield place
        for process in place.started:
            for pid in {process.pid, *place.lines("child")}:
                for kill in (os.killpg, os.kill):
                    with suppress(OSError):
                        kill(pid, signal.SIGKILL)
            process.communicate(timeout=10)


def test_becomes_the_daemon_with_exactly_what_the_specification_says(place: Place) -> None:
    argv = [str(place.python), "-IS", "report.py", "ü", "a b", "%d"]
    process = place.guard(place.spec(argv=argv, environ={"ONE": "1 %s", "NGINX": "5;6;"}), env={"TWO": "2", "NGINX": "7;"})
    report = place.report()
    assert report["pid"] == process.pid
    assert report["argv"] == argv[2:]
    assert {k: v for k, v in report["environ"].items() if k not in ("LC_CTYPE",)} == {"ONE": "1 %s"}
    assert report["cwd"] == str(place.folder)


def test_signals_that_python_ignores_kill_the_daemon_again(place: Place) -> None:
    argv = ["/bin/sh", "-c", "grep SigIgn /proc/self/status > ignored; mv ignored done; sleep 60"]
    place.guard(place.spec(argv=argv, environ={"PATH": "/usr/bin:/bin"}))
    text = wait_until(lambda: (p := place.folder / "done").exists() and p.read_text())
    ignored = int(text.split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1))


@pytest.mark.parametrize("new_session", [True, False])
def test_records_the_daemons_own_group(place: Place, new_session: bool) -> None:
    process = place.guard(place.spec(), start_new_session=new_session)
    report = place.report()
    record = json.loads((place.folder / "it.group").read_text())
    assert report["pgrp"] == report["pid"] == record["pgid"] == process.pid
    assert record["started"] == int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
    assert sorted(p.name for p in place.folder.glob("it.group*")) == ["it.group"]


def test_the_log_is_appended_to_and_takes_both_streams(place: Place) -> None:
    log = place.folder / "it.log"
    log.write_text("before\n")
    process = place.guard(place.spec(log=str(log)))
    place.report()
    wait_until(lambda: log.read_text() == "before\nfrom the daemon\n")
    process.kill()
    assert process.communicate(timeout=10)[0] == b""


def test_a_new_log_is_private(place: Place) -> None:
    log = place.folder / "new.log"
    place.guard(place.spec(log=str(log)), umask=0)
    place.report()
    assert log.stat().st_mode & 0o777 == 0o640


def test_the_runtime_directory_stays_locked_while_the_daemon_lives(place: Place) -> None:
    folder = place.folder / "run"
    folder.mkdir()
    process = place.guard(place.spec(lock_dir=str(folder)))
    assert str(folder) in place.report()["descriptors"]
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.kill()
        process.wait(10)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def test_a_locked_directory_does_not_hold_the_daemon_up(place: Place) -> None:
    descriptor = os.open(place.folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        place.guard(place.spec(lock_dir=str(place.folder)))
        assert place.report()["pid"]
    finally:
        os.close(descriptor)


def test_orphans_of_a_killed_leader_are_stopped_and_waited_for(place: Place) -> None:
    leader, child = place.leader("0.5")
    leader.kill()
    leader.wait(10)
    process = place.guard(place.spec())
    place.report()
    assert place.lines("ended") == [child]
    assert not alive(child)
    assert process.poll() is None


def test_a_living_leader_alone_is_told(place: Place) -> None:
    leader, child = place.leader("0.2")
    # The child is told nothing and never ends: all of this time is waited for, and the leader needs some of it.
    place.guard(place.spec(wait_s=4))
    place.report()
    assert place.lines("terms") == [leader.pid]
    assert not alive(leader.pid)
    assert not alive(child), "what is left after the time is killed"


def test_what_does_not_stop_in_time_is_killed(place: Place) -> None:
    leader, child = place.leader("-1")
    place.guard(place.spec(wait_s=0.5))
    place.report()
    assert not alive(child) and not alive(leader.pid)


def test_says_which_processes_it_stops(place: Place) -> None:
    leader, _ = place.leader("0", with_child=False)
    log = place.folder / "it.log"
    place.guard(place.spec(log=str(log)))
    place.report()
    assert log.read_text().splitlines()[0] == f"guard: stopping what a killed predecessor left: {leader.pid}"


@pytest.mark.parametrize(
    "change",
    [
        {"started": 1},
        {"boot": "another"},
        {"boot": None},
        {"pgid": "no number"},
        [],
        "not JSON",
    ],
)
def test_a_stranger_is_not_touched(place: Place, change: Any) -> None:
    leader, child = place.leader("0")
    path = place.folder / "it.group"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, **change} if isinstance(change, dict) else change))
    place.guard(place.spec())
    place.report()
    assert place.lines("terms") == []
    assert alive(leader.pid) and alive(child)


def test_a_group_that_was_reused_by_other_programs_is_not_touched(place: Place) -> None:
    leader, child = place.leader("0")
    place.guard(place.spec(names=["nginx-not"]))
    place.report()
    assert alive(leader.pid) and alive(child)


@pytest.mark.skipif(os.getuid() != 0, reason="needs two accounts")
def test_a_record_of_another_account_names_only_that_accounts_processes(place: Place) -> None:
    leader, child = place.leader("0")
    os.chown(place.folder / "it.group", 65534, 65534)
    place.guard(place.spec())
    place.report()
    assert alive(leader.pid) and alive(child)


def test_an_unreadable_specification_is_one_line_and_status_3(place: Place) -> None:
    process = place.run([sys.executable, "-IS", str(GUARD), str(place.folder / "none.json")])
    _failed(process, "cannot read")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{", "cannot read"),
        ("[]", "is missing or of the wrong type"),
        ({"argv": "x"}, "argv is missing or of the wrong type"),
        ({"argv": []}, "argv is empty"),
        ({"stop_signal": "NONE"}, "NONE is no signal"),
        ({"argv": ["/nowhere/at/all"]}, "cannot run /nowhere/at/all: No such file or directory"),
        ({"argv": ["/tmp"]}, "cannot run /tmp: Permission denied"),
        ({"environ": {"A": 1}}, "cannot run"),
        ({"log": "a\0b"}, "cannot go on"),
        ({"cwd": "/nowhere/at/all"}, "cannot enter /nowhere/at/all: No such file or directory"),
        ({"log": "/nowhere/at/all.log"}, "/nowhere/at/all.log"),
        ({"lock_dir": "/nowhere/at"}, "/nowhere/at"),
        ({"group_file": "/nowhere/at/group"}, "/nowhere/at/group"),
    ],
)
def test_what_it_cannot_do_is_one_line_and_status_3(place: Place, spec: Any, said: str) -> None:
    _failed(place.guard(spec if isinstance(spec, str) else place.spec(**spec)), said)


def test_a_failure_is_written_to_the_log_as_well(place: Place) -> None:
    log = place.folder / "it.log"
    process = place.guard(place.spec(argv=["/nowhere/at/all"], log=str(log)))
    assert process.wait(10) == 3
    assert log.read_text() == "guard: cannot run /nowhere/at/all: No such file or directory\n"


def _failed(process: subprocess.Popen[bytes], said: str) -> None:
    output = process.communicate(timeout=10)[0].decode()
    assert process.returncode == 3
    assert said in output
    assert output.count("\n") == 1 and output.startswith("guard: ")


def test_runs_in_every_python_that_a_project_may_have() -> None:
    ast.parse(GUARD.read_text(), feature_version=(3, 8))
