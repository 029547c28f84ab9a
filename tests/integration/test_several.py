"""Several uWSGI instances behind one nginx: both work, and no request is lost while one of them changes or dies."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.stack import Project, until
from support.traffic import Traffic

CONFIG = "instances = {count}\n[uwsgi]\nprocesses = 1\nthreads = 2\n"


@pytest.fixture
def pair(hello: Project) -> Project:
    """`hello` with two instances of one worker each."""
    hello.write("portico.toml", CONFIG.format(count=2))
    ran = hello.up("hello.py")
    assert ran.code == 0, ran.out
    return hello


def port(project: Project) -> int:
    return int(project.url.rsplit(":", 1)[1].strip("/"))


def answering(project: Project, number: int) -> set[int]:
    """Pids of the workers that answer six requests, or more until so many have answered: of two clients that ask in turn
    each may be given the same worker every time."""
    pids: list[int] = []

    def ask() -> bool:
        pids.append(json.loads(project.get("/").body)["pid"])
        return len(pids) >= 6 and len(set(pids)) >= number

    until(ask, what=f"{number} workers answer")
    return set(pids)


def instances(project: Project) -> list[dict[str, object]]:
    return [hop for hop in project.status().result["hops"] if hop["hop"] == "uwsgi"]


def workers(project: Project) -> set[int]:
    """Pids of those that are told; one that only starts tells none yet."""
    return {worker["pid"] for hop in instances(project) for worker in hop["workers"] or ()}


@contextmanager
def nobody_restarts(project: Project) -> Iterator[None]:
    """supervisord is stopped meanwhile: what is killed stays away until the block ends."""
    supervisor = project.status().result["supervisor"]["pid"]
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


def both(project: Project) -> set[int]:
    """Pids of the two workers, once both are told."""
    return until(lambda: (len(told := workers(project)) == 2 and told) or None, what="two workers are told") or set()


def test_both_answer_and_a_reload_walks_them(pair: Project) -> None:
    """Broken code changes nothing; good code replaces one after the other; no request is lost meanwhile."""
    shown, before = instances(pair), both(pair)
    assert [hop["instance"] for hop in shown] == ["uwsgi-1", "uwsgi-1.2"]
    assert len({hop["pid"] for hop in shown}) == 2
    assert answering(pair, 2) == before
    code = (pair.folder / "hello.py").read_text()
    with Traffic(port(pair)) as traffic:
        pair.write("hello.py", "import missing_module\n")
        assert pair.portico("reload", "--json").code not in (0, 1)
        assert answering(pair, 2) == before == both(pair)
        pair.write("hello.py", code.replace('"one"', '"two"'))
        ran = pair.portico("reload", "--json")
        assert ran.code == 0, ran.out
    assert len(traffic.replies) > 20
    assert traffic.failures == []
    assert len({hop["instance"] for hop in instances(pair)} - {"uwsgi-1", "uwsgi-1.2"}) == 2
    assert not both(pair) & before
    assert {json.loads(pair.get("/").body)["version"] for _ in range(4)} == {"two"}


def test_killed_masters(pair: Project) -> None:
    """One of two costs no request. After both nginx has left out both, for half a minute; the reserve is asked at once."""
    first = instances(pair)[0]["pid"]
    with Traffic(port(pair)) as traffic:
        until(lambda: len(traffic.replies) > 10)
        with nobody_restarts(pair):
            os.kill(int(str(first)), signal.SIGKILL)
            killed = time.monotonic()
            until(lambda: sum(reply.began > killed for reply in traffic.replies) > 20, what="the other one goes on")
        until(lambda: instances(pair)[0]["pid"] not in (None, first) and len(workers(pair)) == 2)
    assert traffic.failures == []
    masters = {int(str(hop["pid"])) for hop in instances(pair)}
    with Traffic(port(pair)) as traffic:
        until(lambda: len(traffic.replies) > 10)
        with nobody_restarts(pair):
            for pid in masters:
                os.kill(pid, signal.SIGKILL)
            until(lambda: len(traffic.failures) > 2)
        failed = time.monotonic()
        until(lambda: traffic.served_since(failed), timeout=20, what="asked again in less than half a minute")


def test_growing_and_shrinking_loses_nothing(hello: Project) -> None:
    hello.write("portico.toml", CONFIG.format(count=1))
    assert hello.up("hello.py").code == 0
    with Traffic(port(hello)) as traffic:
        for count in (2, 1):
            hello.write("portico.toml", CONFIG.format(count=count))
            ran = hello.up()
            assert ran.code == 0, ran.out
            assert len(instances(hello)) == count
            assert len(answering(hello, count)) == count
    assert len(traffic.replies) > 20
    assert traffic.failures == []
