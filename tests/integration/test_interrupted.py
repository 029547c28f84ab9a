"""Commands that are killed, or run at the same time: the next command puts it all in order."""

from __future__ import annotations

import itertools
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portico.actions.places import places
from support.crew import cared_for, crew, ended, kill, loads_slowly, port_of, traces
from support.forked import Started
from support.stack import ROOT, Project, Ran, until
from support.traffic import Traffic

FLAGS = ["--allow-root-app"] if ROOT else []
UP = ["up", "hello.py", "-d", "--json", "--listen", "auto", *FLAGS]
#: At how many moments of a command's whole time it is killed; at the last one it may just have ended.
STEPS = 4
#: How often a command is begun that is to be killed at one moment; where the machine stops us then, it ends before.
TRIES = 5


@pytest.fixture
def stack(hello: Project) -> Iterator[Project]:
    """A plain WSGI application, not started; taken down in the end whatever happened to it."""
    yield from cared_for(hello)


def _killed(process: Started, when: Callable[[], bool]) -> bool:
    """SIGKILL the command as soon as `when` is true; false when it ended before."""
    while process.poll() is None and not when():
        time.sleep(0.0005)
    process.kill()
    out, err = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), out + err
    return process.returncode != 0


class Along:
    """Kills commands of one kind after a share of their time; one that has ended by then tells that this is shorter."""

    def __init__(self, first: Started) -> None:
        self.killed = 0
        self._whole_s = _lasts(first)

    def kill(self, process: Started, share: float) -> None:
        began = time.monotonic()
        if _killed(process, lambda: time.monotonic() > began + self._whole_s * share):
            self.killed += 1
        else:
            self._whole_s = min(self._whole_s, time.monotonic() - began)


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _lasts(process: Started) -> float:
    """Seconds until the command has ended by itself."""
    began = time.monotonic()
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    return time.monotonic() - began


def test_a_first_up_killed_at_any_moment_is_repeated_or_undone(stack: Project) -> None:
    along = Along(stack.start(*UP))
    ended(stack)
    for step in range(1, STEPS + 1):
        along.kill(stack.start(*UP), step / STEPS)
        status = stack.status()
        done = not status.result["running"] or status.result["url"]
        assert status.ids == ([] if done else ["system.E013"]), status.out
        if step % 2:
            assert stack.up("hello.py").code == 0
            assert stack.get("/").status == 200
            assert stack.status().code == 0
        ended(stack)
    assert along.killed > 1


def test_a_restart_killed_at_any_moment_leaves_a_site_that_serves(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    source = (stack.folder / "hello.py").read_text()
    with Traffic(port_of(stack), pause_s=0.02) as traffic:
        along = Along(stack.start("restart", "--json"))
        for step in range(1, STEPS + 1):
            stack.write("hello.py", source.replace('"one"', f'"{step}"'))
            along.kill(stack.start("restart", "--json"), step / STEPS)
            ran = stack.portico("up", "-d", "--json")
            assert ran.code == 0, ran.out
            assert stack.status().code == 0
    assert traffic.failures == []
    assert along.killed > 1
    ended(stack)


MOMENTS: dict[str, Callable[[Path, Path, int], bool]] = {
    "the release is staged": lambda state, run, n: (state / "releases" / str(n)).is_dir(),
    "uWSGI is installed": lambda state, run, n: (run / "programs" / f"uwsgi-{n}.conf").exists(),
    "uWSGI listens": lambda state, run, n: (run / "app" / f"app-{n}.sock").exists(),
    "the application has loaded": lambda state, run, n: (run / "ctl" / f"stats-{n}.sock").exists(),
    "the socket is switched": lambda state, run, n: _link(run / "app" / "app.sock") == f"app-{n}.sock",
    "the configuration is switched": lambda state, run, n: _link(state / "conf") == f"releases/{n}",
    "the old one sleeps": lambda state, run, n: f'"uwsgi-{n - 1}"' in (state / "state.json").read_text(),
    "the one before it is being retired": lambda state, run, n: not (run / "programs" / f"uwsgi-{n - 2}.conf").exists(),
}


def _change_killed(stack: Project, number: int, reached: Callable[[Path, Path, int], bool]) -> bool:
    """Whether the `up` of another configuration, which has that number in it, was killed when it had come so far."""
    where = places(stack.folder)
    release = stack.status().result["release"] + 1
    stack.write("portico.toml", f'[nginx]\nclient_max_body_size = "{number}k"\n[env]\nTOKEN = "{number}"\n')
    return _killed(stack.start("up", "-d", "--json"), lambda: reached(where.state, where.run, release))


def test_an_up_killed_at_each_step_leaves_old_or_new(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    where = places(stack.folder)
    numbers = itertools.count(2)
    with Traffic(port_of(stack), pause_s=0.02) as traffic:
        for name, reached in MOMENTS.items():
            tried = itertools.islice(numbers, TRIES)
            number = next((number for number in tried if _change_killed(stack, number, reached)), 0)
            assert number, name
            status = stack.status()
            assert status.ids in ([], ["system.E013"]), (name, status.out)
            known = json.loads((where.state / "state.json").read_text())["release"]
            assert status.result["release"] == known
            assert json.loads(stack.get("/").body)["token"] in (str(number), None if number == 2 else str(number - 1)), name
            ran = stack.portico("up", "-d", "--json")
            assert ran.code == 0, (name, ran.out)
            assert json.loads(stack.get("/").body)["token"] == str(number), name
            assert stack.get("/", method="POST", body=b"x" * (number * 1024 + 1)).status == 413, name
            assert stack.get("/", method="POST", body=b"x" * (number * 1024)).status == 200, name
            assert stack.status().code == 0, name
            names = {path.name for path in (where.run / "programs").iterdir()}
            assert len(names) == 3, "nginx, the live uWSGI instance and the one that sleeps"
    assert traffic.failures == []
    ended(stack)


def _rollback_killed(stack: Project, code: str, reached: Callable[[int], bool]) -> bool:
    """Whether the way back from a release of that code was killed when it had come so far."""
    stack.write("hello.py", code)
    assert stack.portico("reload", "--json").code == 0
    back = stack.status().result["previous"]
    return _killed(stack.start("rollback", "--json"), lambda: reached(back))


def test_a_rollback_killed_at_each_step_leaves_old_or_new(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    where = places(stack.folder)
    numbers = itertools.count(2)
    source = (stack.folder / "hello.py").read_text()
    moments: dict[str, Callable[[int], bool]] = {
        "the sleeping one wakes up": lambda n: _link(where.run / "app" / "app.sock") == f"app-{n}.sock",
        "the configuration is switched": lambda n: _link(where.state / "conf") == f"releases/{n}",
        "it is written down": lambda n: json.loads((where.state / "state.json").read_text())["release"] == n,
    }
    with Traffic(port_of(stack), pause_s=0.02) as traffic:
        for name, reached in moments.items():
            tried = itertools.islice(numbers, TRIES)
            codes = ((number, source.replace('"one"', f'"{number}"')) for number in tried)
            number = next((number for number, code in codes if _rollback_killed(stack, code, reached)), 0)
            assert number, name
            status = stack.status()
            assert status.ids in ([], ["system.E013"]), (name, status.out)
            ran = stack.portico("up", "-d", "--json")
            assert ran.code == 0, (name, ran.out)
            assert json.loads(stack.get("/").body)["version"] == str(number), "`up` serves what the folder holds"
            assert stack.status().code == 0, name
    assert traffic.failures == []
    ended(stack)


def test_a_change_taken_back_after_it_was_interrupted(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    switched = MOMENTS["the configuration is switched"]
    assert any(_change_killed(stack, number, switched) for number in range(2, 2 + TRIES))
    (stack.folder / "portico.toml").unlink()
    assert stack.portico("up", "-d", "--json").code == 0
    assert json.loads(stack.get("/").body)["token"] is None, "the plan of the first up, although the second had switched"
    assert stack.status().code == 0


def test_down_killed_at_any_moment_is_finished_by_the_next(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    along = Along(stack.start("down", "--json"))
    for step in range(1, STEPS):
        assert stack.up("hello.py").code == 0
        along.kill(stack.start("down", "--json"), step / STEPS)
        if step % 2:
            assert stack.up("hello.py").code == 0
            assert stack.get("/").status == 200
        ended(stack)
    assert along.killed > 1


def test_supervisord_killed_in_the_middle_of_an_up(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    where = places(stack.folder)
    supervisor, go = crew(stack).supervisor, loads_slowly(stack)
    process = stack.start("restart", "--json")
    until(lambda: (where.run / "programs" / "uwsgi-2.conf").exists())
    kill(supervisor)
    out, _ = process.communicate(timeout=120)
    go.touch()
    ran = json.loads(out)
    assert (ran["code"], [finding["id"] for finding in ran["findings"]]) == (5, ["system.E012"])
    assert stack.get("/").status == 200
    assert stack.portico("up", "-d", "--json").code == 0
    assert stack.status().code == 0
    ended(stack)


def _together(*processes: Started) -> list[Ran]:
    ran = [(process.communicate(timeout=120), process) for process in processes]
    return [Ran(int(process.returncode or 0), out, err) for (out, err), process in ran]


def _one_went_first(ran: list[Ran], *refusals: tuple[int, str]) -> None:
    """Each command succeeded, or was told that another one is at work, or is refused for what that one did."""
    for each in ran:
        assert each.code == 0 or (each.code, *each.ids) in {(5, "system.E001"), *refusals}, each.out + each.err
    assert any(each.code == 0 for each in ran)


def test_two_commands_at_once_never_break_the_stack(stack: Project) -> None:
    ran = _together(stack.start(*UP), stack.start(*UP))
    _one_went_first(ran)
    stack.url = stack.status().result["url"]
    assert stack.get("/").status == 200
    assert stack.status().code == 0
    with Traffic(port_of(stack), pause_s=0.02) as traffic:
        _one_went_first(_together(stack.start("restart", "--json"), stack.start("restart", "--json")))
        assert stack.status().code == 0
    assert traffic.failures == []
    # After `down` nothing knows any more which file the application is in.
    gone = (2, "project.E002")
    _one_went_first(_together(stack.start("restart", "--json"), stack.start("down", "--json")), gone)
    status = stack.status()
    assert status.code == 0
    if status.result["running"]:
        assert stack.get("/").status == 200
    _one_went_first(_together(stack.start("down", "--json"), stack.start(*UP)))
    assert stack.status().code == 0
    ended(stack)


def test_ctrl_c_during_up_puts_everything_back(stack: Project) -> None:
    source = (stack.folder / "hello.py").read_text()
    # The module `uwsgi` exists in uWSGI only, so the inspection before it is not held up.
    stack.write("hello.py", f"import sys\nif 'uwsgi' in sys.modules:\n    __import__('time').sleep(30)\n{source}")
    process = stack.start(*UP)
    until(lambda: any("/uwsgi.ini" in line for line in traces(stack)))
    process.send_signal(signal.SIGINT)
    # A signal that uWSGI misses at its very start is made good by SIGKILL, after the time that requests are given.
    process.communicate(timeout=150)
    assert process.returncode == 130
    assert not traces(stack)
    assert not stack.status().result["running"]
