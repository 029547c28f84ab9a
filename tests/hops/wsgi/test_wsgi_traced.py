"""The `wsgi` hop, made of what the recorder sent."""

from __future__ import annotations

from typing import Any

from portico.hops.wsgi.traced import compare_environ, started_ns, worker_of, wsgi_hop

IN = {"e": "in", "t": 5_000_000, "pid": 7, "worker": 2, "core": 1, "thread": "uWSGIWorker2Core1", "version": "2.0.30"}
CALL = {"e": "call", "t": 5_100_000, "environ": {"PATH_INFO": "/"}}
START = {"e": "start_response", "t": 6_000_000, "status": "200 OK", "headers": [["A", "1"]]}
CHUNK = {"e": "chunk", "t": 6_500_000, "bytes": 10}
DONE = {"e": "done", "t": 9_000_000, "chunks": 1, "bytes": 10}


def hop(*events: dict[str, Any]) -> dict[str, Any]:
    found = wsgi_hop(events, 1_000_000)
    assert found is not None
    return found


def test_times_are_microseconds_after_the_client_began() -> None:
    found = hop(IN, CALL, START, CHUNK, DONE)
    assert (found["started_us"], found["duration_us"]) == (4000, 4000)
    assert found["out"]["chunks"] == [{"at_us": 5500, "bytes": 10}]
    assert found["out"]["start_response_us"] == 5000
    assert "unfinished" not in found


def test_a_list_that_breaks_off_ends_with_its_last_event() -> None:
    found = hop(IN, CALL, START, CHUNK)
    assert (found["duration_us"], found["unfinished"], found["out"]["bytes"]) == (1500, True, 10)
    assert hop(IN)["out"]["status"] == ""
    assert hop(IN)["in"]["environ"] == {}


def test_not_reached() -> None:
    assert wsgi_hop([], 0) is None
    assert started_ns([]) is None
    assert worker_of([]) == {}


def test_the_worker() -> None:
    assert worker_of([IN]) == {"pid": 7, "worker": 2, "core": 1, "thread": "uWSGIWorker2Core1", "version": "2.0.30"}
    assert worker_of([{"e": "in", "t": 1, "pid": 7, "core": None}]) == {"pid": 7}
    assert started_ns([IN, CALL]) == 5_000_000


def test_the_environ_compared_with_the_packet() -> None:
    sent = {"PATH_INFO": "/a", "SCRIPT_NAME": "", "PORTICO_TRACE": "x", "UWSGI_APPID": "1"}
    environ = {"PATH_INFO": "/", "SCRIPT_NAME": "", "wsgi.version": "(1, 0)"}
    assert compare_environ(sent, environ) == {
        "added": ["wsgi.version"],
        "removed": ["UWSGI_APPID"],
        "changed": [["PATH_INFO", "/a", "/"]],
    }
