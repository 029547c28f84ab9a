"""The load generator: whatever a server says or does, each request has exactly one fate."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from portico.model.errors import PorticoError
from portico.model.load import Load, Measured, Request
from portico.system.load import aside, run
from portico.system.sockets import free_port
from support.raw_server import answering, raw_server, request, reset

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def load(
    port: int, *requests: Request, clients: int = 1, count: int = 3, keep_alive: bool = True, timeout_s: float = 30
) -> Load:
    return Load("127.0.0.1", port, requests or (Request(),), clients, 0.0, count, keep_alive, timeout_s)


def asked(answer: bytes, *requests: Request, keep_alive: bool = True) -> tuple[Measured, int]:
    """Three requests by one client; what came of them, and how many connections they took."""
    connections: list[int] = []

    def handler(connection: socket.socket, number: int) -> None:
        connections.append(number)
        answering(answer)(connection, number)

    with raw_server(handler) as port:
        measured = run(load(port, *requests, keep_alive=keep_alive))
    return measured, len(connections)


@pytest.mark.parametrize(
    ("answer", "status", "connections"),
    [
        (OK, 200, 1),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", 404, 1),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, 1),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, 1),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, 200, 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nTrailer: x\r\n\r\n", 200, 1),
        (OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), 200, 3),
        (OK.replace(b"1.1", b"1.0"), 200, 3),
        (OK.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", b"\r\nConnection: Keep-Alive\r\n\r\n"), 200, 1),
        (OK + b"HTTP/1.1 200 nobody asked", 200, 3),
    ],
    ids=["length", "empty", "204", "304", "1xx", "chunked", "close", "1.0", "1.0 kept", "junk behind"],
)
def test_an_answer_is_whole_where_it_ends(answer: bytes, status: int, connections: int) -> None:
    measured, took = asked(answer)
    assert (measured.statuses, measured.lost, took) == ({status: 3}, {}, connections)
    assert len(measured.latencies_us) == 3
    assert measured.received_bytes == 3 * len(answer)


def test_an_answer_to_head_has_no_body() -> None:
    measured, took = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", Request(method="HEAD"))
    assert (measured.statuses, measured.lost, took) == ({200: 3}, {}, 1)


def test_without_kept_connections_each_request_has_its_own() -> None:
    measured, took = asked(OK, keep_alive=False)
    assert (measured.statuses, took) == ({200: 3}, 3)


def once(behave: Callable[[socket.socket], None], patience_s: float = 30) -> Measured:
    """The fate of three answers where the first connection is treated so, the others well."""

    def handler(connection: socket.socket, number: int) -> None:
        if number:
            answering(OK)(connection, number)
        elif request(connection):
            behave(connection)

    with raw_server(handler) as port:
        return run(load(port, timeout_s=patience_s))


def test_a_body_that_ends_with_the_connection() -> None:
    measured = once(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nall of it"))
    assert (measured.statuses, measured.lost) == ({200: 3}, {})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 20", "short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", "short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n", "junk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n", "junk"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n", "junk"),
        (b"Traceback (most recent call last):", "junk"),
        (b"HTTP/1.1 OK\r\n\r\n", "junk"),
    ],
)
def test_a_request_without_a_whole_answer_is_lost(said: bytes, reason: str) -> None:
    measured = once(lambda connection: connection.sendall(said))
    assert (measured.statuses, measured.lost) == ({200: 3}, {reason: 1})


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"])
def test_a_reset_connection_loses_its_request(said: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        connection.sendall(said)
        reset(connection)

    assert once(behave).lost == {"reset": 1}


def test_a_server_that_says_nothing_loses_the_request_when_its_time_is_over() -> None:
    measured = once(lambda connection: connection.settimeout(60) or connection.recv(1), patience_s=2)
    assert (measured.statuses, measured.lost) == ({200: 3}, {"timeout": 1})


def test_nobody_listens() -> None:
    measured = run(Load("127.0.0.1", free_port(), (Request(),), 2, seconds=0.05))
    assert measured.answers == 0
    assert set(measured.lost) == {"refused"}
    assert measured.longest_gap_s == measured.seconds


def test_a_kept_connection_that_the_server_closes_is_opened_again_and_nothing_is_lost() -> None:
    def handler(connection: socket.socket, _: int) -> None:
        request(connection)
        connection.sendall(OK)
        request(connection)

    with raw_server(handler) as port:
        measured = run(load(port, count=5))
    assert (measured.statuses, measured.lost) == ({200: 5}, {})


def test_it_is_opened_again_only_once() -> None:
    def handler(connection: socket.socket, number: int) -> None:
        request(connection)
        if number != 1:
            connection.sendall(OK)
            request(connection)

    with raw_server(handler) as port:
        measured = run(load(port, count=2))
    assert (measured.statuses, measured.lost) == ({200: 2}, {"closed": 1})


def test_a_count_ends_it_exactly() -> None:
    with raw_server(answering(OK)) as port:
        measured = run(load(port, clients=7, count=100))
    assert (measured.answers, measured.lost) == (100, {})


def test_a_request_that_is_under_way_at_the_end_is_waited_for() -> None:
    seconds, later = 1.0, threading.Event()

    def handler(connection: socket.socket, _: int) -> None:
        request(connection)
        # These seconds had begun before it came, and so they are over then.
        later.wait(seconds)
        connection.sendall(OK)
        request(connection)

    with raw_server(handler) as port:
        measured = run(Load("127.0.0.1", port, (Request(),), 3, seconds))
    assert (measured.statuses, measured.lost) == ({200: 3}, {})


def test_a_client_that_pauses_finds_its_connection_closed_and_loses_nothing() -> None:
    connections: list[int] = []

    def handler(connection: socket.socket, number: int) -> None:
        connections.append(number)
        request(connection)
        connection.sendall(OK)

    with raw_server(handler) as port:
        measured = run(replace(load(port, clients=2, count=6), pause_s=0.01))
    assert (measured.statuses, measured.lost, len(connections)) == ({200: 6}, {}, 6)


def test_requests_are_sent_in_turn_as_they_are_wanted() -> None:
    seen: list[bytes] = []

    def handler(connection: socket.socket, _: int) -> None:
        while data := request(connection):
            seen.append(data)
            connection.sendall(OK)

    first = Request("/a?b=c", headers={"host": "shop.example", "X-One": "1"})
    with raw_server(handler) as port:
        run(load(port, first, Request("/b", "POST", body=b"12345")))
    assert seen[0] == b"GET /a?b=c HTTP/1.1\r\nConnection: keep-alive\r\nhost: shop.example\r\nX-One: 1\r\n\r\n"
    assert seen[1] == b"POST /b HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n12345"
    assert seen[2] == seen[0]


LARGE = Request("/upload/", "POST", body=b"x" * 10_000_000)


def test_a_large_body_arrives_whole() -> None:
    sizes: list[int] = []

    def handler(connection: socket.socket, _: int) -> None:
        while data := request(connection):
            size = len(data) - data.index(b"\r\n\r\n") - 4
            while size < len(LARGE.body):
                size += len(connection.recv(1 << 20))
            sizes.append(size)
            connection.sendall(OK)

    with raw_server(handler) as port:
        measured = run(load(port, LARGE, count=2))
    assert (measured.statuses, measured.lost, sizes) == ({200: 2}, {}, [10_000_000] * 2)


@pytest.mark.parametrize("closes", ["waits", "resets"])
def test_an_answer_that_comes_before_the_body_was_sent_is_an_answer(closes: str) -> None:
    def handler(connection: socket.socket, _: int) -> None:
        request(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while closes == "waits" and connection.recv(1 << 20):
            pass

    with raw_server(handler) as port:
        measured = run(load(port, LARGE, count=2))
    assert (measured.statuses, measured.lost) == ({413: 2}, {})


def test_a_large_answer_is_counted_to_its_last_byte() -> None:
    body = os.urandom(1 << 20) * 4
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n"
    measured, _ = asked(head + body)
    assert (measured.statuses, measured.lost) == ({200: 3}, {})
    assert measured.received_bytes == 3 * (len(body) + len(head))


def test_large_chunks_are_counted_to_their_last_byte() -> None:
    chunk = b"4b000\r\n" + os.urandom(0x4B000) + b"\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 5 + b"0\r\n\r\n"
    measured, took = asked(answer)
    assert (measured.statuses, measured.lost, took) == ({200: 3}, {}, 1)
    assert measured.received_bytes == 3 * len(answer)


def test_more_clients_than_files_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 100))
    with pytest.raises(PorticoError) as raised:
        run(load(1, clients=1000))
    assert raised.value.findings[0].id == "system.E031"


def test_aside_it_goes_on_until_it_is_told_to_end() -> None:
    answered = threading.Event()

    def handler(connection: socket.socket, number: int) -> None:
        while request(connection):
            connection.sendall(OK)
            answered.set()

    with raw_server(handler) as port, aside(Load("127.0.0.1", port, (Request(body=b"\xff"),), 2)) as end:
        assert answered.wait(30)
        measured = end()
        assert end() == measured
    assert measured.answers > 0
    assert measured.statuses == {200: measured.answers}
    assert measured.lost == {}
    assert len(measured.latencies_us) == measured.answers


def test_a_load_aside_ends_with_the_process_that_wanted_it() -> None:
    begun, ended = threading.Event(), threading.Event()

    def handler(connection: socket.socket, number: int) -> None:
        begun.set()
        answering(OK)(connection, number)
        ended.set()

    code = (
        "import sys, os, signal; from portico.model.load import Load, Request; from portico.system.load import aside\n"
        "with aside(Load('127.0.0.1', int(sys.argv[1]), (Request(),), 1)): signal.pause()"
    )
    with raw_server(handler) as port, subprocess.Popen([sys.executable, "-c", code, str(port)]) as parent:
        assert begun.wait(60)
        parent.send_signal(signal.SIGKILL)
        assert ended.wait(30)


def test_aside_a_process_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portico.system.load.beside._CODE", "raise SystemExit('no room here')")
    with pytest.raises(PorticoError) as raised, aside(load(1)):
        pass
    assert raised.value.findings[0].id == "system.E032"
    assert raised.value.findings[0].evidence == ("no room here",)
