"""A tap between nginx and uWSGI: one connection is taken, passed on, and everything that goes through is written down.

Nothing is changed but one variable, which is added to the packet so that the application's process knows that this request
is recorded. https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portico.system.sockets import connect

_READ = 65536
#: How often a recorder looks whether its listener is still open.
_LOOK_AGAIN_S = 0.2
_LARGEST = 0xFFFF
#: Of the answer so much is kept from its start: its head, and for who wants to see it the body.
KEPT = 256 * 1024


@dataclass
class Tapped:
    """What went through, as far as it went. Times are CLOCK_MONOTONIC in nanoseconds, 0 for what did not happen.

    `packet` is what nginx sent, head included; `upstream` where it went on to, `error` why it could not. `answer` is the
    beginning of what uWSGI sent. Bytes of bodies are counted; `answer_bytes` counts the head too.
    """

    packet: bytes = b""
    upstream: str = ""
    error: str = ""
    accepted_ns: int = 0
    packet_ns: int = 0
    connected_ns: int = 0
    passed_ns: int = 0
    first_ns: int = 0
    ended_ns: int = 0
    body_bytes: int = 0
    answer: bytearray = field(default_factory=bytearray)
    answer_bytes: int = 0


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A unix socket at `path` that whoever may enter its folder can connect to; gone afterwards."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    try:
        listener.listen(8)
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


class Tap(threading.Thread):
    """Serves the connections of one traced request; `seen` has one entry for each. `addresses` are tried in their order:
    `unix:/path` or `host:port`. `variable` is added to the packet."""

    def __init__(
        self, listener: socket.socket, addresses: Sequence[str], variable: tuple[str, str], timeout_s: float
    ) -> None:
        super().__init__(daemon=True)
        self.seen: list[Tapped] = []
        self._listener = listener
        self._addresses = addresses
        self._variable = variable
        self._timeout_s = timeout_s

    def run(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            tapped = Tapped(accepted_ns=time.monotonic_ns())
            self.seen.append(tapped)
            with stream:
                stream.settimeout(self._timeout_s)
                try:
                    self._pass_on(stream, tapped)
                except (OSError, ValueError) as error:
                    tapped.error = tapped.error or str(error)
                tapped.ended_ns = tapped.ended_ns or time.monotonic_ns()

    def _pass_on(self, stream: socket.socket, tapped: Tapped) -> None:
        tapped.packet = _packet(stream)
        tapped.packet_ns = time.monotonic_ns()
        upstream = self._connect(tapped)
        if upstream is None:
            return
        with upstream:
            tapped.connected_ns = time.monotonic_ns()
            upstream.sendall(_with(tapped.packet, *self._variable))
            tapped.passed_ns = time.monotonic_ns()
            body = threading.Thread(target=_pump_body, args=(stream, upstream, tapped), daemon=True)
            body.start()
            _pump_answer(upstream, stream, tapped)
            tapped.ended_ns = time.monotonic_ns()
            # Wakes the other direction: nginx never closes its half first.
            for end in (stream, upstream):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            body.join(5)

    def _connect(self, tapped: Tapped) -> socket.socket | None:
        for address in self._addresses:
            tapped.upstream = address
            try:
                return connect(address, self._timeout_s)
            except OSError as error:
                tapped.error = os.strerror(error.errno) if error.errno else str(error)
        return None


def _packet(stream: socket.socket) -> bytes:
    head = _exactly(stream, 4)
    return head + _exactly(stream, struct.unpack_from("<BHB", head)[1])


def _exactly(stream: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise ConnectionResetError(f"nginx ended the packet after {len(data)} of {size} bytes")
        data += part
    return bytes(data)


def _with(packet: bytes, name: str, value: str) -> bytes:
    """The packet with one more variable; as it is where that would not fit its size field."""
    more = b"".join(struct.pack("<H", len(text)) + text for text in (name.encode(), value.encode()))
    modifier1, size, modifier2 = struct.unpack_from("<BHB", packet)
    if size + len(more) > _LARGEST:
        return packet
    return struct.pack("<BHB", modifier1, size + len(more), modifier2) + packet[4:] + more


def _pump_body(stream: socket.socket, upstream: socket.socket, tapped: Tapped) -> None:
    """The request's body, until the answer has ended or nginx leaves."""
    try:
        while part := stream.recv(_READ):
            tapped.body_bytes += len(part)
            upstream.sendall(part)
    except OSError:
        return
    # nginx leaves as soon as it has as much as the head promised, and so it is passed on.
    if not tapped.ended_ns:
        with contextlib.suppress(OSError):
            upstream.shutdown(socket.SHUT_RDWR)


def _pump_answer(upstream: socket.socket, stream: socket.socket, tapped: Tapped) -> None:
    while True:
        try:
            part = upstream.recv(_READ)
        except OSError as error:
            tapped.error = str(error)
            return
        if not part:
            return
        tapped.first_ns = tapped.first_ns or time.monotonic_ns()
        tapped.answer_bytes += len(part)
        tapped.answer += part[: max(0, KEPT - len(tapped.answer))]
        try:
            stream.sendall(part)
        except OSError:
            return


class Recorder(threading.Thread):
    """Takes what the application's process tells of one request: a JSON object per line."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(daemon=True)
        self.lines: list[bytes] = []
        self.talking = 0
        self._listener = listener

    @property
    def silent(self) -> bool:
        """Whether nobody talks, and nobody waits to be heard."""
        # In this order: who is taken from the queue after the first look is seen by the second.
        return not _waits(self._listener, 0) and not self.talking

    def run(self) -> None:
        while True:
            # Counted before it is taken from the queue: there is no moment at which a talker is in neither.
            try:
                while not _waits(self._listener, _LOOK_AGAIN_S):
                    pass
                self.talking += 1
                stream, _ = self._listener.accept()
            except (OSError, ValueError):
                self.talking = 0
                return
            with stream, contextlib.suppress(OSError):
                rest = b""
                while part := stream.recv(_READ):
                    *whole, rest = (rest + part).split(b"\n")
                    self.lines += whole
            self.talking -= 1


def _waits(listener: socket.socket, timeout_s: float) -> bool:
    """Whether somebody wants to connect. Raises ValueError for a listener that is closed."""
    return bool(select.select([listener], [], [], timeout_s)[0])
