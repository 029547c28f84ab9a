"""Several uWSGI instances behind one nginx: both work, and no request is lost while one of them changes or dies."""

from __future__ import annotations

import json
import os
import signal
import time

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


def answering(project: Project) -> set[int]:
    """Pids of the workers that answer six requests."""
    return {json.loads(project.get("/").body)["pid"] for _ in range(6)}


def instances(project: Project) -> list[dict[str, object]]:
    return [hop for hop in project.status().result["hops"] if hop["hop"] == "uwsgi"]


def workers(project: Project) -> set[int]:
    """Pids of those that are told; one that only starts tells none yet."""
    return {worker["pid"] for hop in instances(project) for worker in hop["workers"] or ()}


def test_both_answer_and_a_reload_walks_them(pair: Project) -> None:
    """Broken code changes nothing; good code replaces one after the other; no request is lost meanwhile."""
    shown, before = instances(pair), workers(pair)
    assert [hop["instance"] for hop in shown] == ["uwsgi-1", "uwsgi-1.2"]
    assert len({hop["pid"] for hop in shown}) == 2
    assert len(before) == 2
    assert answering(pair) == before
    code = (pair.folder / "hello.py").read_text()
    with Traffic(port(pair)) as traffic:
        pair.write("hello.py", "import missing_module\n")
        assert pair.portico("reload", "--json").code not in (0, 1)
        assert answering(pair) == before == workers(pair)
        pair.write("hello.py", code.replace('"one"', '"two"'))
        ran = pair.portico("reload", "--json")
        assert ran.code == 0, ran.out
    assert len(traffic.replies) > 20
    assert traffic.failures == []
    assert len({hop["instance"] for hop in instances(pair)} - {"uwsgi-1", "uwsgi-1.2"}) == 2
    assert len(workers(pair) - before) == 2
    assert {json.loads(pair.get("/").body)["version"] for _ in range(4)} == {"two"}


def test_killed_masters(pair: Project) -> None:
    """One of two costs no request. After both nginx has left out both, for half a minute; the reserve is asked at once."""
    first = instances(pair)[0]["pid"]
    with Traffic(port(pair)) as traffic:
        until(lambda: len(traffic.replies) > 10)
        os.kill(int(str(first)), signal.SIGKILL)
        until(lambda: instances(pair)[0]["pid"] not in (None, first) and len(workers(pair)) == 2)
    assert traffic.failures == []
    assert traffic.gap_s < 2
    masters = {int(str(hop["pid"])) for hop in instances(pair)}
    with Traffic(port(pair)) as traffic:
        until(lambda: len(traffic.replies) > 10)
        for pid in masters:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(traffic.failures) > 2)
        failed = time.monotonic()
        until(lambda: traffic.served_since(failed), timeout=10)


def test_growing_and_shrinking_loses_nothing(hello: Project) -> None:
    hello.write("portico.toml", CONFIG.format(count=1))
    assert hello.up("hello.py").code == 0
    with Traffic(port(hello)) as traffic:
        for count in (2, 1):
            hello.write("portico.toml", CONFIG.format(count=count))
            ran = hello.up()
            assert ran.code == 0, ran.out
            assert len(instances(hello)) == count
            assert len(answering(hello)) == count
    assert len(traffic.replies) > 20
    assert traffic.failures == []
