"""A client that notes what went over the wire: one HTTP/1.1 request, its answer whole, and when each part came."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import os
import socket
import time
from dataclasses import dataclass

from portico.system.sockets import connect

_READ = 65536
#: So much of a body is kept for who wants to see it; the rest is counted.
KEPT = 64 * 1024


@dataclass
class Received:
    """What came back. Times are CLOCK_MONOTONIC in nanoseconds. `status` 0: no answer, and `error` says why. `headers` are
    as on the wire; `wire_bytes` counts everything, `body_bytes` the body without its chunks' frames."""

    began_ns: int
    sent_ns: int = 0
    first_ns: int = 0
    ended_ns: int = 0
    status: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    wire_bytes: int = 0
    body_bytes: int = 0
    body_sha256: str = ""
    body: bytes = b""
    error: str = ""
    chunked: bool = False


def exchange(address: str, payload: bytes, method: str, timeout_s: float, body: bytes = b"") -> Received:
    """Send `payload` (a whole head) and `body` to `unix:/path` or `host:port` and read the answer to its end. Never
    raises."""
    received = Received(time.monotonic_ns())
    try:
        with connect(address, timeout_s) as stream:
            # A server may answer and hang up before it has read everything: what it said counts.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stream.sendall(payload + body)
            received.sent_ns = time.monotonic_ns()
            _read(stream, method, received)
    except TimeoutError:
        received.error = (
            f"no answer within {timeout_s:g} s" if not received.status else f"the answer did not end in {timeout_s:g} s"
        )
    except OSError as error:
        received.error = os.strerror(error.errno) if error.errno else str(error)
    except http.client.HTTPException as error:
        received.error = f"the answer broke off: {type(error).__name__}"
    received.ended_ns = time.monotonic_ns()
    return received


class _Counted(io.RawIOBase):
    """Reads from a socket, and notes when the first byte came and how many there were."""

    def __init__(self, stream: socket.socket, received: Received) -> None:
        self._stream = stream
        self._received = received

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = self._stream.recv_into(buffer)
        self._received.first_ns = self._received.first_ns or time.monotonic_ns()
        self._received.wire_bytes += size
        return size


class _Socket:
    """What HTTPResponse needs of a socket."""

    def __init__(self, stream: socket.socket, received: Received) -> None:
        self._raw = _Counted(stream, received)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw, _READ)


def _read(stream: socket.socket, method: str, received: Received) -> None:
    response = http.client.HTTPResponse(_Socket(stream, received), method=method)  # type: ignore[arg-type]
    response.begin()
    received.status, received.reason = response.status, response.reason
    received.headers = tuple(response.getheaders())
    received.chunked = bool(response.chunked)
    digest = hashlib.sha256()
    kept = bytearray()
    try:
        while part := response.read1(_READ):
            digest.update(part)
            received.body_bytes += len(part)
            kept += part[: max(0, KEPT - len(kept))]
        promised = response.length
        if promised:
            raise http.client.IncompleteRead(b"", promised)
    finally:
        received.body, received.body_sha256 = bytes(kept), digest.hexdigest()
