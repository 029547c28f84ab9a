"""The load generator against a server that fails on purpose: whatever is lost is counted, and only that."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from faults.load import STREAM_LINE, STREAM_LINES, Client, Load, Outcome, summary
from support.stack import until

Behaviour = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
GET = Client("short GET", pause_s=0.001, timeout_s=30)


@contextmanager
def _serving(behave: Behaviour) -> Iterator[int]:
    """A server of ours on a free port; `behave` gets the query string, the streams and the number of the request."""
    loop, ports, stop = asyncio.new_event_loop(), [], asyncio.Event()
    count = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                count += 1
                length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("Content-Length:")), 0)
                await reader.readexactly(length)
                await behave(head.split()[1].partition("?")[2], reader, writer, count)
                await writer.drain()
                if writer.is_closing() or "Connection: close" in head:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 24)
        ports.append(server.sockets[0].getsockname()[1])
        await stop.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def run() -> None:
        loop.run_until_complete(main())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield until(lambda: ports[0] if ports else 0)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def _whole(name: str, length: int = 0, more: bytes = b"", status: str = "200 OK") -> bytes:
    body = f"{name} {length} v1 7\n".encode() + more
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _good(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(_whole(name))


async def _reset(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.transport.abort()


async def _silent_close(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.close()


async def _truncated(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(_whole(name)[:-3])
    writer.close()


async def _wrong_length(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(_whole(name, length=1))


async def _another(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(_whole("r0"))


async def _error(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(_whole(name, status="502 Bad Gateway"))


async def _page(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nWelcome\n")


async def _hang(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    await asyncio.sleep(3)


FAILING = {
    "reset": (_reset, {"ConnectionResetError", "closed without an answer"}),
    "closed": (_silent_close, {"closed without an answer"}),
    "truncated": (_truncated, {"cut off in the answer"}),
    "wrong length": (_wrong_length, {"the body did not arrive whole"}),
    "another's answer": (_another, {"the answer to another request"}),
    "502": (_error, {"status 502"}),
    "a page of somebody else": (_page, {"not the application's answer"}),
    "hang": (_hang, {"no whole answer in 0.5 s"}),
}


@pytest.mark.parametrize("case", FAILING.values(), ids=FAILING)
@pytest.mark.parametrize("keep_alive", [False, True], ids=["new", "kept"])
def test_each_way_to_fail_is_counted(case: tuple[Behaviour, set[str]], keep_alive: bool) -> None:
    behave, errors = case
    patience_s = 0.5 if behave is _hang else 30
    client = Client("short GET", keep_alive=keep_alive, pause_s=0.001, timeout_s=patience_s)
    with _serving(behave) as port, Load(port, (client,)) as load:
        until(lambda: len(load.outcomes) >= 2)
    assert {o.error for o in load.outcomes} <= errors
    assert load.summary.lost == load.summary.requests >= 2
    assert load.good_since(0) is None


def test_nobody_listens() -> None:
    with _serving(_good) as port:
        pass
    with Load(port, (GET,)) as load:
        until(lambda: len(load.outcomes) >= 2)
    assert load.summary.errors == {"ConnectionRefusedError": load.summary.requests}


@pytest.mark.parametrize("keep_alive", [False, True], ids=["new", "kept"])
def test_only_what_failed_is_lost(keep_alive: bool) -> None:
    async def every_fifth(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await (_error if number % 5 == 0 else _good)(name, reader, writer, number)

    client = Client("short GET", keep_alive=keep_alive, pause_s=0)
    with _serving(every_fifth) as port, Load(port, (client,)) as load:
        until(lambda: len(load.outcomes) >= 100)
    told = load.summary
    assert told.lost == told.requests // 5
    assert told.by_kind == {"short GET": (told.requests, told.lost)}
    assert len({o.id for o in load.outcomes}) == told.requests, "each request has an id of its own"


@pytest.mark.parametrize("chunked", [False, True], ids=["to the close", "chunked"])
@pytest.mark.parametrize("lines", [STREAM_LINES, STREAM_LINES - 1])
def test_a_streamed_answer_must_come_to_its_end(chunked: bool, lines: int) -> None:
    async def stream(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        body = f"{name} 0 v1 7\n".encode() + STREAM_LINE * lines + f"end {name}\n".encode()
        if chunked:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            writer.write(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + body)
            writer.close()

    client = Client("streamed GET", path="/stream", keep_alive=chunked, pause_s=0.001)
    with _serving(stream) as port, Load(port, (client,)) as load:
        until(lambda: len(load.outcomes) >= 3)
    expected = 0 if lines == STREAM_LINES else load.summary.requests
    assert load.summary.lost == expected, load.summary


def test_a_chunked_answer_without_its_end_is_lost() -> None:
    async def unfinished(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        body = f"{name} 0 v1 7\n".encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n"
        )
        writer.close()

    with _serving(unfinished) as port, Load(port, (GET,)) as load:
        until(lambda: len(load.outcomes) >= 2)
    assert load.summary.errors == {"cut off in the answer": load.summary.requests}


def test_uploads_are_sent_whole() -> None:
    async def measure(name: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_whole(name, length=300_000))

    client = Client("upload", method="POST", body_bytes=300_000, pause_s=0.001)
    with _serving(measure) as port, Load(port, (client,)) as load:
        until(lambda: len(load.outcomes) >= 3)
    assert load.summary.lost == 0, load.summary


def test_a_rate_is_kept_whatever_the_answers_do() -> None:
    started = time.monotonic()
    with _serving(_hang) as port, Load(port, (Client("short GET", rate=100, timeout_s=0.5),)) as load:
        until(lambda: len(load.outcomes) >= 50)
    began = sorted(o.began for o in load.outcomes)
    assert all(moment >= started + number / 100 for number, moment in enumerate(began)), "none before its time"
    together = max(sum(o.began <= moment < o.ended for o in load.outcomes) for moment in began)
    assert together >= 10, "the next one does not wait for an answer"


def test_a_gap_runs_from_the_begin_to_the_end() -> None:
    def one(began: float, ended: float, error: str = "") -> Outcome:
        return Outcome("r", "short GET", "GET", began, ended, 0 if error else 200, error)

    assert summary([one(0, 1), one(1, 2), one(2, 5)]).gap_s == 3
    assert summary([one(0, 1), one(1, 9, "lost")]).gap_s == 8, "an outage that does not end is one, too"
    assert summary([one(0, 4, "lost"), one(4, 5)]).gap_s == 5
    assert summary([]).requests == 0
