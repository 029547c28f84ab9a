"""The recorder around a WSGI application: everything goes through it unchanged, and it never gets in the way."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portico.hops.django.traced import django_hop
from portico.hops.wsgi.traced import wsgi_hop
from portico.inside import trace_layers, trace_record, trace_wsgi
from support.inside_projects import served, write
from support.inside_traces import Listener, ask, listening, trace, traced_release


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Short, for a unix socket's path; and without the hook that waits for Django.
    folder = Path(tempfile.mkdtemp(prefix="t"))
    monkeypatch.setattr(trace_layers, "watch", lambda: None)
    yield folder
    shutil.rmtree(folder)


def begin(sockets: Path, given: str | None, claimed: str | None = None, by_header: bool = False, **environ: Any) -> Any:
    return trace_wsgi.Tracing(str(sockets), by_header, "site:application").begin(given, claimed, environ)


def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
    return lambda data: None


def plainly(application: Any, *given: Any) -> Any:
    return application(*given)


def events_of(sockets: Path, application: Any, use: Callable[[Any], object], **environ: Any) -> list[dict[str, Any]]:
    """Call the application, traced, and use its answer."""
    with listening(sockets) as listener:
        traced = begin(sockets, listener.nonce)
        use(traced.call(plainly, application, environ, start_response))
    assert trace_record.ACTIVE == []
    return listener.events


def consume(answer: Any) -> None:
    list(answer)
    answer.close()


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["e"] for event in events]


def test_the_call_and_its_parts(sockets: Path) -> None:
    def application(environ: Any, start: Any) -> Any:
        write = start("200 OK", [("X-A", "1")], None)
        write(b"written")
        return [b"one", b"three"]

    events = events_of(sockets, application, consume, A="\xe9\udcff", B=3)
    assert names(events) == ["in", "call", "start_response", "write", "returned", "chunk", "chunk", "close", "done"]
    hop = wsgi_hop(events, events[0]["t"])
    assert hop is not None
    assert (hop["callable"], hop["in"]["environ"]) == ("site:application", {"A": "\xe9\udcff", "B": "3"})
    assert (hop["out"]["status"], hop["out"]["headers"]) == ("200 OK", [["X-A", "1"]])
    assert ([part["bytes"] for part in hop["out"]["chunks"]], hop["out"]["bytes"]) == ([7, 3, 5], 15)
    assert events[0]["pid"] == os.getpid()
    assert django_hop(events, 0) is None


def test_the_answer_is_asked_as_lazily_as_ever_and_closed_once(sockets: Path) -> None:
    done: list[str] = []

    class Answer:
        def __iter__(self) -> Iterator[bytes]:
            done.append("iter")
            for number in range(2):
                done.append(f"part {number}")
                yield b"x"

        def close(self) -> None:
            done.append("close")

    def use(answer: Any) -> None:
        assert done == []
        items = iter(answer)
        assert next(items) == b"x"
        assert done == ["iter", "part 0"]
        answer.close()
        assert done == ["iter", "part 0", "close"]

    events = events_of(sockets, lambda *_: Answer(), use)
    assert next(event for event in events if event["e"] == "done")["chunks"] == 1


def test_an_exception_midway_is_the_same_exception(sockets: Path) -> None:
    error = KeyError("midway")

    def application(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"x"
        raise error

    def use(answer: Any) -> None:
        items = iter(answer)
        next(items)
        with pytest.raises(KeyError) as caught:
            next(items)
        assert caught.value is error
        answer.close()

    events = events_of(sockets, application, use)
    assert names(events)[-5:] == ["chunk", "exception", "raised", "close", "done"]
    hop = wsgi_hop(events, 0)
    assert hop is not None and hop["out"]["exception"]["where"] == "body"
    assert hop["out"]["exception"]["frame"]["function"] == "application"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_an_exception_of_the_application_ends_the_trace(sockets: Path, error: BaseException) -> None:
    def application(environ: Any, start: Any) -> Any:
        raise error

    with listening(sockets) as listener:
        traced = begin(sockets, listener.nonce)
        with pytest.raises(type(error)) as caught:
            traced.call(plainly, application, {}, start_response)
    assert caught.value is error
    assert names(listener.events)[-3:] == ["exception", "raised", "done"]
    assert trace_record.ACTIVE == []


def test_an_error_response_after_the_first_start_is_the_one_that_counts(sockets: Path) -> None:
    def application(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        try:
            raise ValueError
        except ValueError:
            start("500 No", [("X-B", "2")], sys.exc_info())
        return [b""]

    events = events_of(sockets, application, consume)
    hop = wsgi_hop(events, 0)
    assert hop is not None and (hop["out"]["status"], hop["out"]["headers"]) == ("500 No", [["X-B", "2"]])
    assert [event["exc_info"] for event in events if event["e"] == "start_response"] == [False, True]


@pytest.mark.parametrize("answer", [b"bytes", io.BytesIO(b"file"), None, 7])
def test_what_uwsgi_looks_at_itself_is_handed_over_as_it_is(sockets: Path, answer: Any) -> None:
    seen: list[Any] = []
    events = events_of(sockets, lambda *_: answer, seen.append)
    assert seen[0] is answer
    assert names(events)[-1] == "done"
    if answer == b"bytes":
        hop = wsgi_hop(events, 0)
        assert hop is not None and (hop["out"]["bytes"], hop["out"]["chunk_count"]) == (5, 1)


def test_after_many_parts_only_totals(sockets: Path) -> None:
    events = events_of(sockets, lambda *_: [b"xy"] * 700, consume)
    assert names(events).count("chunk") == 500
    hop = wsgi_hop(events, 0)
    assert hop is not None and (hop["out"]["chunk_count"], hop["out"]["bytes"]) == (700, 1400)


def test_a_server_that_never_closes_does_not_leave_the_trace_open(sockets: Path) -> None:
    events = events_of(sockets, lambda *_: iter([b"x"]), lambda answer: None)
    assert names(events)[-1] == "done"


@pytest.mark.parametrize(
    ("given", "claimed", "by_header", "traced"),
    [
        ("{}", None, False, True),
        (None, "{}", True, True),
        (None, "{}", False, False),
        ("../{}", None, False, False),
        ("{}\n", None, False, False),
        (None, "/{}", True, False),
    ],
)
def test_who_may_name_a_trace(sockets: Path, given: str | None, claimed: str | None, by_header: bool, traced: bool) -> None:
    server = socket.socket(socket.AF_UNIX)
    nonce = "0" * 32
    with server:
        server.bind(str(sockets / f"trace-{nonce}.sock"))
        server.listen(1)
        found = begin(
            sockets, given and given.format(nonce), claimed and claimed.format(nonce), by_header, **{"uwsgi.core": 1}
        )
        assert bool(found) == traced
        if found:
            found.finish()


def test_nobody_listens(sockets: Path) -> None:
    assert begin(sockets, "0" * 32) is None
    assert begin(sockets / ("x" * 200), "0" * 32) is None


def test_a_listener_that_reads_nothing_is_given_up(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_record, "_SEND_LIMIT_S", 0.05)
    server = socket.socket(socket.AF_UNIX)
    with server:
        server.bind(str(sockets / f"trace-{'0' * 32}.sock"))
        server.listen(1)
        traced = begin(sockets, "0" * 32)

        def application(*_: Any) -> list[bytes]:
            # There is room again, and yet no more will come: it ends with the event that did not fit.
            with server.accept()[0] as channel:
                channel.settimeout(10)
                came = b"".join(iter(lambda: channel.recv(1 << 20), b""))
            assert came.splitlines()[-1].startswith(b'{"e": "call"')
            return [b"x"] * 50

        answer = traced.call(plainly, application, {"BIG": "x" * 5_000_000}, start_response)
        assert b"".join(answer) == b"x" * 50
        answer.close()
    assert trace_record.ACTIVE == []


def test_what_cannot_be_shown_is_said(sockets: Path) -> None:
    class Odd:
        def __repr__(self) -> str:
            raise ValueError

    listener: Listener
    with listening(sockets) as listener:
        recorder = trace_record.connect(str(sockets / f"trace-{listener.nonce}.sock"))
        assert recorder is not None
        recorder.emit("x", value=trace_record.plain([Odd(), "x" * 1000, {1: 2}, None, float("nan")]), other=Odd())
        recorder.stop()
        recorder.emit("x")
    (event,) = listener.events
    assert event["value"][0] == event["other"] == "<Odd that cannot be shown>"
    assert event["value"][1].endswith("... (500 more)")
    assert event["value"][2:] == [{"1": 2}, None, "nan"]


def test_very_many_spans_are_counted(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_record, "_SPANS_OF_A_KIND", 3)
    with listening(sockets) as listener:
        recorder = trace_record.connect(str(sockets / f"trace-{listener.nonce}.sock"))
        assert recorder is not None
        for _ in range(5):
            recorder.close(recorder.open("sql"))
        recorder.emit("done", dropped=recorder.dropped())
        recorder.stop()
    assert names(listener.events) == ["span", "out"] * 3 + ["done"]
    hop = django_hop(listener.events, 0)
    assert hop is not None and (len(hop["sql"]), hop["dropped"]) == (3, {"sql": 2})


SITE = """
import json, uwsgi
def application(environ, start_response):
    length = environ.get("CONTENT_LENGTH") or 0
    got = environ["wsgi.input"].read(int(length))
    start_response("200 OK", [("Content-Type", "application/json")])
    here = [uwsgi.worker_id(), environ["uwsgi.core"], len(got), sorted(name for name in environ if "PORTICO" in name)]
    return [json.dumps(here).encode()]
"""


def test_a_plain_application_under_uwsgi(sockets: Path, tmp_path: Path) -> None:
    project = write(tmp_path / "site", {"hello.py": SITE})
    entry = traced_release(tmp_path / "r", project, sockets, module="hello")
    with served(sys.executable, entry, project) as site:
        answer = trace(site, sockets, "/", method="POST", body=b"x" * 70_000)
        plain = ask(site, "/", "0" * 32, method="POST", body=b"x")
    assert not (entry.parent / "__pycache__").exists()
    worker, core, length, left = json.loads(answer.body)
    assert (length, left) == (70_000, [])
    entered = answer.events[0]
    assert (entered["worker"], entered["core"], entered["version"][:2]) == (worker, core, "2.")
    hop = answer.wsgi
    assert (hop["callable"], hop["in"]["environ"]["CONTENT_LENGTH"]) == ("hello:application", "70000")
    assert hop["out"]["bytes"] == len(answer.body)
    assert json.loads(plain.body)[2:] == [1, []]
