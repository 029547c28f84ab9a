"""Rounds: who comes when, what a failing or dying stack does to the others, and how a part is put into older results."""

from __future__ import annotations

import http.server
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.merge import merged
from bench.options import parsed
from bench.progress import Progress
from bench.results import Results, StackSeen, Table, Workload
from bench.rounds import Book, interleave, turns
from bench.stacks.base import Ground, Running, Stack
from bench.workloads.sample import files_of

from bench import account, install, results, run, workload
from portico.model.load import Request

KIND = Workload("fake", "Fake", "A page.", "cpu_us", True, ("cpu_us", "per_s", "lost"))
SHORT = Effort(rounds=3, seconds=0.01)


class Site(http.server.BaseHTTPRequestHandler):
    """Answers what its server's `pages` say."""

    protocol_version = "HTTP/1.1"
    #: Head and body in one packet.
    wbufsize = -1

    def do_GET(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        status, body = self.server.pages.get(self.path, (404, b"nothing here"))  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(key: str, pages: dict[str, tuple[int, bytes]]) -> Iterator[OnAir]:
    """A stack that is a thread of this process; its `running` has no processes, so that it costs no CPU."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    server.asked = 0  # type: ignore[attr-defined]
    server.pages = {"/json/": (200, b"{}"), **pages}  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    here = Path("/nowhere")
    stack = Stack(key, key, (), (), True, lambda _: Running(lambda: (), lambda: None), lambda _: "1", "")
    air = OnAir(stack, Ground(here, here, here, here, {}, server.server_port, 0, 1, here))
    air.asked = lambda: server.asked  # type: ignore[attr-defined]
    try:
        air.start()
        yield air
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page(path: str) -> SimpleNamespace:
    """A workload that asks for it."""
    wanted = (Request(path),)
    return SimpleNamespace(
        WORKLOAD=KIND, requests=lambda _: wanted, measure=lambda air, effort: loaded(air, wanted, count=8, clients=2)
    )


class Scripted:
    """A contender that does what it is told in each round: figures, an error, or "dies"."""

    def __init__(self, key: str, *script: object, lives: int = 2) -> None:
        self.key = key
        self.gone = False
        self._script = list(script)
        self._lives = lives
        self._dead = False

    def measure(self) -> dict[str, float]:
        now = self._script.pop(0)
        if now == "dies":
            self._dead = True
            raise OSError("connection refused")
        if isinstance(now, Exception):
            raise now
        return {"cpu_us": float(now)}  # type: ignore[arg-type]

    def revived(self) -> str:
        if not self._dead:
            return ""
        self._dead = False
        self._lives -= 1
        self.gone = self._lives == 0
        return "left alone" if self.gone else "started again"


@pytest.mark.parametrize("keys", ["ab", "abc", "abcd"])
def test_every_round_has_everybody_and_everybody_comes_first_and_last_as_often(keys: str) -> None:
    order = list(turns(tuple(keys), 2 * len(keys)))
    rounds = [[key for number, key in order if number == each] for each in range(2 * len(keys))]
    assert [sorted(one) for one in rounds] == [list(keys)] * len(rounds)
    assert Counter(one[0] for one in rounds) == Counter(one[-1] for one in rounds) == dict.fromkeys(keys, 2)


def test_a_stack_that_fails_is_noted_and_the_others_are_measured() -> None:
    book, said = Book(), []
    interleave("fake", [Scripted("good", 1, 2, 3), Scripted("bad", 9, OSError("answered 502"))], 3, book, said.append)
    assert book.rounds["fake"] == {"good": [{"cpu_us": 1.0}, {"cpu_us": 2.0}, {"cpu_us": 3.0}]}
    assert book.notes["fake"] == {"bad": "answered 502"}
    assert said == [0, 1, 2]


def test_a_stack_that_died_is_started_again_once() -> None:
    book = Book()
    contenders = [Scripted("once", "dies", 5, 6, 7), Scripted("twice", 1, "dies", 2, "dies"), Scripted("never", 3, 3, 3)]
    interleave("fake", contenders, 3, book)
    assert [one["cpu_us"] for one in book.rounds["fake"]["once"]] == [5, 6, 7]
    assert book.notes["fake"]["once"] == "connection refused; started again"
    assert "twice" not in book.rounds["fake"]
    assert book.notes["fake"]["twice"].endswith("left alone")
    assert len(book.rounds["fake"]["never"]) == 3


def test_stacks_that_answer_otherwise_are_left_out_with_the_reason() -> None:
    with (
        served("one", {"/page/": (200, b"x" * 50)}) as one,
        served("two", {"/page/": (200, b"y" * 50)}) as two,
        served("longer", {"/page/": (200, b"x" * 51)}) as longer,
        served("broken", {"/page/": (500, b"x" * 50)}) as broken,
    ):
        book = Book()
        workload.run(page("/page/"), [one, longer, broken, two], None, SHORT, book, lambda *_: None)  # type: ignore[arg-type]
        assert {key: len(many) for key, many in book.rounds["fake"].items()} == {"one": 3, "two": 3}
        assert book.rounds["fake"]["one"][0]["answers"] == 8
        assert book.notes["fake"] == {
            "longer": "bodies of 51 bytes where most answer 50",
            "broken": "/page/ is answered 500",
        }
        # What failed here still takes part elsewhere.
        workload.run(page("/json/"), [broken], None, SHORT, book, lambda *_: None)  # type: ignore[arg-type]
        assert len(book.rounds["fake"]["broken"]) == 3


def test_a_stack_has_answered_often_before_anything_is_measured_however_short_a_round_is() -> None:
    before: list[int] = []
    asking = page("/json/")
    asking.measure = lambda air, _: before.append(air.asked()) or {"cpu_us": 1.0}
    with served("one", {}) as air:
        workload.run(asking, [air], None, SHORT, Book(), lambda *_: None)  # type: ignore[arg-type]
    assert before[0] >= 300


def test_what_has_to_be_installed_is_in_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    up = Running(lambda: (), lambda: None)
    stacks = tuple(Stack(key, key, (key,), (), True, lambda _: up, lambda _: "1", "") for key in "ab")
    nothing_there = Progress(run._plan(parsed(["--only", "json"]), stacks)).left_s()
    for one in stacks:
        install.folder(one).mkdir(parents=True)
        (install.folder(one) / "portico-bench.json").write_text("{}")
    progress = Progress(run._plan(parsed(["--only", "json"]), stacks))
    assert nothing_there - progress.left_s() >= 20
    before = progress.left_s()
    progress.done("start a")
    assert progress.left_s() < before


def test_a_browser_fetches_the_page_s_own_files_once() -> None:
    html = """<link rel="stylesheet" href="/static/a.css"><script src="/static/b.js"></script><img src="/static/c.svg">
    <img src="/static/c.svg"><a href="/elsewhere/"></a><script src="https://cdn.example/x.js"></script>
    <img src="//cdn.example/y.png"><img src="data:image/png;base64,AA==">"""
    assert files_of(html) == ("/static/a.css", "/static/b.js", "/static/c.svg")


def test_cpu_of_children_that_ended_is_not_lost() -> None:
    import os
    import subprocess
    import sys

    before = account.spent_us(lambda: (os.getpid(),))
    subprocess.run([sys.executable, "-S", "-c", "import time\nwhile time.process_time() < 0.1: pass"], check=True)
    assert account.spent_us(lambda: (os.getpid(),)) - before > 80_000


@pytest.fixture
def old() -> Results:
    other = replace(KIND, key="other")
    return Results(
        machine={"Date": "monday"},
        stacks=(StackSeen("a", "A", "1", static=True), StackSeen("b", "B", "1")),
        workloads=(KIND, other),
        rounds={"fake": {"a": ({"cpu_us": 1.0},), "b": ({"cpu_us": 2.0},)}, "other": {"a": ({"cpu_us": 3.0},)}},
        notes={"other": {"b": "answered 404"}},
        tables=(Table("t", "T", "", ("x",), (("1",),)),),
    )


def test_a_part_that_was_measured_again_takes_the_place_of_the_old(old: Results, tmp_path: Path) -> None:
    new = Results(
        machine={"Date": "tuesday"},
        stacks=(StackSeen("a", "A", "2"), StackSeen("c", "C", "1")),
        workloads=(KIND,),
        rounds={"fake": {"c": ({"cpu_us": 9.0},)}},
        notes={"fake": {"a": "answered 502"}},
    )
    both = merged(old, new)
    assert both.machine["Put together"] == "monday, tuesday"
    assert [(one.key, one.version, one.static) for one in both.stacks] == [
        ("a", "2", True),
        ("b", "1", None),
        ("c", "1", None),
    ]
    assert both.rounds == {"fake": {"b": ({"cpu_us": 2.0},), "c": ({"cpu_us": 9.0},)}, "other": {"a": ({"cpu_us": 3.0},)}}
    assert both.notes == {"other": {"b": "answered 404"}, "fake": {"a": "answered 502"}}
    assert both.tables == old.tables
    results.save(both, tmp_path / "kept" / "results.json")
    assert results.load(tmp_path / "kept" / "results.json") == both
