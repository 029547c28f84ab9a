"""A load generator that knows the fate of every request: an answer counts when it is whole and this request's own."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType

STREAM_LINES = 64
STREAM_LINE = b"." * 999 + b"\n"
_BODY = b"x" * (10 * 1024 * 1024)


@dataclass(frozen=True)
class Client:
    """One kind of traffic: `count` clients, each asking again `pause_s` after an answer; or, with `rate`, that many requests
    a second whatever the answers do."""

    kind: str
    path: str = "/short"
    method: str = "GET"
    body_bytes: int = 0
    keep_alive: bool = False
    count: int = 1
    pause_s: float = 0.01
    rate: float = 0
    timeout_s: float = 30


MIX = (
    Client("short GET", count=4),
    Client("keep-alive GET", keep_alive=True, count=4),
    Client("short POST", method="POST", body_bytes=8192, count=2),
    Client("keep-alive POST", method="POST", body_bytes=8192, keep_alive=True),
    Client("slow GET, 2 s", path="/slow", count=2),
    Client("upload, 10 MB", path="/upload", method="POST", body_bytes=len(_BODY), pause_s=0.3),
    Client("streamed GET", path="/stream", pause_s=0.05),
)


@dataclass(frozen=True)
class Outcome:
    """One request's fate. Times are monotonic seconds; `status` is 0 without an answer; `error` is empty only for a 200 that
    was complete, carried this request's id and the length of its body; `version` and `pid` say who answered."""

    id: str
    kind: str
    method: str
    began: float
    ended: float
    status: int
    error: str
    version: str = ""
    pid: int = 0

    @property
    def good(self) -> bool:
        return not self.error


@dataclass(frozen=True)
class Summary:
    """All outcomes of one load. `gap_s` is the longest time without a good answer to a short request, from the first one's
    begin to the last one's end."""

    requests: int
    lost: int
    by_kind: dict[str, tuple[int, int]]
    errors: dict[str, int]
    gap_s: float
    p50_s: float
    p99_s: float
    max_s: float


def summary(outcomes: Iterable[Outcome]) -> Summary:
    """`by_kind` is (requests, lost). Latencies are of good short requests only: the others are slow on purpose."""
    all_ = sorted(outcomes, key=lambda outcome: outcome.ended)
    lost = [outcome for outcome in all_ if not outcome.good]
    total, missing = Counter(o.kind for o in all_), Counter(o.kind for o in lost)
    short = [o for o in all_ if "short" in o.kind or "keep-alive" in o.kind]
    quick = sorted(o.ended - o.began for o in short if o.good)
    moments = [min((o.began for o in short), default=0.0), *(o.ended for o in short if o.good)]
    moments.append(max((o.ended for o in short), default=0.0))
    return Summary(
        len(all_),
        len(lost),
        {kind: (total[kind], missing[kind]) for kind in total},
        dict(Counter(o.error for o in lost).most_common()),
        max((after - before for before, after in pairwise(moments)), default=0.0),
        *(quick[min(len(quick) - 1, int(len(quick) * part))] if quick else float("inf") for part in (0.5, 0.99, 1)),
    )


class _Wrong(Exception):
    """An answer that is not the one a client must get; the text says why."""


@dataclass
class Load:
    """Clients that ask until the block ends; every request that was begun is waited for and has an outcome."""

    port: int
    clients: tuple[Client, ...] = MIX
    host: str = "127.0.0.1"
    outcomes: list[Outcome] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join(max(client.timeout_s for client in self.clients) + 10)
        assert not self._thread.is_alive(), "a request has no fate: the load generator hangs"

    @property
    def summary(self) -> Summary:
        return summary(self.outcomes)

    def good_since(self, moment: float) -> Outcome | None:
        """The first good answer to a request that began at or after that moment."""
        return min(self._good_since(moment), key=lambda o: o.ended, default=None)

    def count_since(self, moment: float) -> int:
        """How many requests that began then or later were answered well."""
        return len(self._good_since(moment))

    def _good_since(self, moment: float) -> list[Outcome]:
        return [o for o in list(self.outcomes) if o.good and o.began >= moment]

    async def _run(self) -> None:
        await asyncio.gather(*(self._ask_on(client) for client in self._each()))
        await asyncio.sleep(0)  # an aborted transport closes its socket in the next turn of the loop

    def _each(self) -> Iterator[Client]:
        return itertools.chain.from_iterable([client] * client.count for client in self.clients)

    async def _ask_on(self, client: Client) -> None:
        if client.rate:
            await self._at_rate(client)
            return
        connection = _Connection(self.host, self.port)
        while not self._stopping.is_set():
            await self._one(client, connection)
            await asyncio.sleep(client.pause_s)
        connection.close()

    async def _at_rate(self, client: Client) -> None:
        begin, pending = time.monotonic(), set[asyncio.Task[None]]()
        for number in itertools.count():
            if self._stopping.is_set():
                break
            await asyncio.sleep(max(0.0, begin + number / client.rate - time.monotonic()))
            task = asyncio.create_task(self._one(client, _Connection(self.host, self.port)))
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)

    async def _one(self, client: Client, connection: _Connection) -> None:
        name = f"r{next(self._numbers)}"
        began, error, version, pid, keep = time.monotonic(), "", "", 0, False
        connection.status = 0
        try:
            body = await asyncio.wait_for(connection.ask(client, name), client.timeout_s)
            version, pid = _checked(connection.status, body, client, name)
            keep = client.keep_alive and connection.reusable
        except asyncio.TimeoutError:
            error = f"no whole answer in {client.timeout_s:g} s"
        except _Wrong as wrong:
            error = str(wrong)
        except asyncio.IncompleteReadError as short:
            error = "cut off in the answer" if connection.status or short.partial else "closed without an answer"
        except (OSError, ValueError, asyncio.LimitOverrunError) as failure:
            error = type(failure).__name__
        ended = time.monotonic()
        self.outcomes.append(Outcome(name, client.kind, client.method, began, ended, connection.status, error, version, pid))
        if not keep:
            connection.close()


class _Connection:
    """A connection to the server, opened when it is needed."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.status = 0
        self.reusable = False

    async def ask(self, client: Client, name: str) -> bytes:
        """The body of the answer; `status` and `reusable` are set. A kept connection the server has closed is not used."""
        if self._reader is None or self._reader.at_eof():
            self.close()
            self._reader, self._writer = await asyncio.open_connection(*self._address, limit=1 << 18)
        assert self._writer
        head = [f"{client.method} {client.path}?{name} HTTP/1.1", "Host: localhost"]
        head += [f"Content-Length: {client.body_bytes}"] if client.method == "POST" else []
        head += [] if client.keep_alive else ["Connection: close"]
        self._writer.write("\r\n".join([*head, "", ""]).encode())
        sending = asyncio.ensure_future(self._send(client.body_bytes))
        try:
            return await self._answer()
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await sending

    async def _send(self, length: int) -> None:
        assert self._writer
        for start in range(0, length, 1 << 18):
            self._writer.write(_BODY[start : min(length, start + (1 << 18))])
            await self._writer.drain()

    async def _answer(self) -> bytes:
        assert self._reader
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        status = int(head[0].split()[1])
        headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        self.status = status
        self.reusable = headers.get("connection") != "close"
        if headers.get("transfer-encoding") == "chunked":
            return b"".join([piece async for piece in self._chunks()])
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        self.reusable = False
        return await self._reader.read(-1)

    async def _chunks(self) -> AsyncIterator[bytes]:
        assert self._reader
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")

    def close(self) -> None:
        if self._writer:
            self._writer.transport.abort()
        self._reader = self._writer = None


def _checked(status: int, body: bytes, client: Client, name: str) -> tuple[str, int]:
    """(version, pid) of who answered; fails unless it is a whole answer to this very request."""
    if status != 200:
        raise _Wrong(f"status {status}")
    first, _, rest = body.partition(b"\n")
    words = first.decode("latin-1").split()
    if len(words) != 4:
        raise _Wrong("not the application's answer")
    if words[0] != name:
        raise _Wrong("the answer to another request")
    if words[1] != str(client.body_bytes):
        raise _Wrong("the body did not arrive whole")
    expected = STREAM_LINE * STREAM_LINES + f"end {name}\n".encode() if client.path == "/stream" else b""
    if rest != expected:
        raise _Wrong("the answer ends early or is longer than it should be")
    return words[2], int(words[3])
