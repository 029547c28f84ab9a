"""Whatever is killed, the stack comes back or can be brought back, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import psutil
import pytest

from portico.actions.places import places
from support.crew import Crew, cared_for, complete, crew, ended, kill, loads_slowly, port_of, send, traces, whole
from support.gate import Held
from support.stack import ROOT, Project, until
from support.traffic import Traffic

Victims = Callable[[Crew], tuple[int, ...]]
Record = Callable[[str, object], None]


@pytest.fixture
def stack(hello: Project) -> Iterator[Project]:
    """A running stack of a plain WSGI application, in the end taken down whatever happened to it."""
    assert hello.up("hello.py").code == 0
    until(lambda: complete(hello), what="all workers are there")
    yield from cared_for(hello)


def test_what_dies_is_replaced_by_its_parent(stack: Project, record_property: Record) -> None:
    # Usual gaps: a worker 0, nginx's master 30 ms, uWSGI's master or whole group 100 ms.
    cases: dict[str, Victims] = {
        "nginx worker": lambda who: who.nginx[1:2],
        "nginx master": lambda who: who.nginx[:1],
        "nginx, all": lambda who: who.nginx,
        "uWSGI worker": lambda who: who.uwsgi[1:2],
        "uWSGI master": lambda who: who.uwsgi[:1],
        "uWSGI, all": lambda who: who.uwsgi,
    }
    for name, victims in cases.items():
        who = whole(stack)
        with Traffic(port_of(stack)) as traffic:
            until(lambda: len(traffic.replies) > 10)
            kill(*victims(who))
            moment = time.monotonic()
            until(partial(traffic.served_since, moment), what=f"served again after {name}")
        until(lambda: stack.status().code == 0, what=f"status is content after {name}")
        record_property(f"gap_ms after {name}", round(traffic.gap_s * 1000))
        record_property(f"failures after {name}", len(traffic.failures))
        if name.endswith("worker"):
            assert len(traffic.failures) <= 2, f"only what the worker itself had may fail: {traffic.failures}"
        # nginx's master may still be about to make its workers: requests wait for them.
        until(partial(complete, stack), what=f"as many processes as before after {name}")
        assert crew(stack).supervisor == who.supervisor
    ended(stack)


LEFT: dict[str, Victims] = {
    "supervisord": lambda who: (who.supervisor,),
    "supervisord and nginx's master": lambda who: (who.supervisor, who.nginx[0]),
    "supervisord and uWSGI's master": lambda who: (who.supervisor, who.uwsgi[0]),
    "everything": lambda who: who.everybody,
}


@pytest.mark.parametrize("victims", LEFT.values(), ids=LEFT)
def test_without_its_supervisor_a_stack_is_explained_taken_over_and_ended(stack: Project, victims: Victims) -> None:
    who = crew(stack)
    kill(*victims(who))
    all_gone = set(victims(who)) == set(who.everybody)
    status = stack.status()
    assert (status.code, status.ids) == (1, ["system.E014" if all_gone else "system.E007"])
    assert status.result["running"] is not all_gone
    again = stack.portico("up", "-d", "--json")
    assert again.code == 0, again.out
    assert again.result["url"] == stack.url, "the address of the first up stays"
    assert stack.get("/").status == 200
    now = crew(stack)
    assert not set(now.everybody) & set(who.everybody), "nothing of the old stack is left"
    assert stack.status().code == 0
    kill(*victims(now))
    ended(stack)


def test_a_new_supervisor_takes_over_while_the_site_serves(stack: Project, record_property: Record) -> None:
    kill(crew(stack).supervisor)
    go, run = loads_slowly(stack), places(stack.folder).run
    nginx = (run / "nginx.pid").read_text()
    with Traffic(port_of(stack)) as traffic, Held(stack) as taken_by_the_old_nginx:
        up = stack.start("up", "-d", "--json")
        until((run / "programs" / "uwsgi-2.conf").exists, what="the new supervisor has begun")
        asked = len(traffic.replies)
        until(lambda: len(traffic.replies) > asked + 10)
        assert traffic.failures == [], "while the new uWSGI loads the old one serves"
        go.touch()
        until(lambda: (run / "nginx.pid").read_text() != nginx, what="the new nginx listens")
        taken_by_the_old_nginx.let_go()
        out, err = up.communicate(timeout=120)
        assert up.returncode == 0, out + err
    # Only nginx's handover is a gap, usually 50 ms: whoever is told "no" is told so by the kernel, not by nginx.
    record_property("gap_ms of the handover", round(traffic.gap_s * 1000))
    record_property("failures in the handover", len(traffic.failures))
    assert {reply.status for reply in traffic.failures} <= {0}


def test_a_takeover_with_broken_code_leaves_what_serves(stack: Project) -> None:
    who = crew(stack)
    kill(who.supervisor)
    stack.write("hello.py", "import nonexistent_thing\n")
    broken = stack.portico("up", "-d", "--json")
    assert broken.code in (2, 4)
    assert "nonexistent_thing" in broken.out
    assert json.loads(stack.get("/").body)["version"] == "one"
    assert stack.status().ids == ["system.E007"], "as it was: without a supervisor, but serving"
    assert crew(stack) == Crew(0, who.nginx, who.uwsgi)
    ended(stack)


def test_down_waits_for_a_supervisor_that_does_not_answer(stack: Project) -> None:
    supervisor = crew(stack).supervisor
    send(supervisor, signal.SIGSTOP)
    threading.Timer(1.0, send, (supervisor, signal.SIGCONT)).start()
    ended(stack)


def test_ending_supervisord_itself_lets_requests_finish(stack: Project) -> None:
    who = crew(stack)
    with Held(stack):
        send(who.supervisor, signal.SIGTERM)
        until(lambda: any(map(_is_shutting_down, who.nginx[1:])), what="nginx waits for its last request")
        assert set(who.uwsgi) <= set(crew(stack).uwsgi), "as at a reboot: nginx and its last request end before uWSGI"
    until(lambda: not traces(stack))
    assert stack.status().ids == ["system.E014"]
    assert stack.up().code == 0


def test_a_detached_stack_outlives_its_terminal_and_is_small(hello: Project, record_property: Record) -> None:
    flags = ["--allow-root-app"] if ROOT else []
    command = [sys.executable, "-m", "portico", "-C", str(hello.folder), "up", "hello.py", "-d", "--listen", "auto", *flags]
    script = '"$@" && echo started && read line'
    with subprocess.Popen(
        ["sh", "-c", script, "sh", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as terminal:
        assert terminal.stdout is not None
        assert any(line == b"started\n" for line in terminal.stdout)
        hello.url = hello.status().result["url"]
        os.killpg(terminal.pid, signal.SIGHUP)
        terminal.wait(10)
    assert hello.get("/").status == 200
    until(lambda: complete(hello), what="all workers are there")
    status = hello.status()
    assert status.code == 0
    record_property("supervisord_rss_bytes", status.result["supervisor"]["rss_bytes"])
    assert status.result["supervisor"]["rss_bytes"] < 40_000_000
    known = set(crew(hello).everybody)
    lines = traces(hello)
    assert {int(line.partition(":")[0]) for line in lines} == known, lines


def _is_shutting_down(worker: int) -> bool:
    """As its title says."""
    try:
        return any("shutting down" in word for word in psutil.Process(worker).cmdline())
    except psutil.NoSuchProcess:
        return False
