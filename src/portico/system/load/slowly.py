"""Clients that are slow on purpose, as on a bad line or with bad intent: one byte at a time each, and long pauses."""

from __future__ import annotations

import errno
import select
import socket
from time import monotonic
from typing import Any

_BODY_BYTES = 100_000
#: All send one byte in so many portions, so that they do not do it in the same moment.
_PORTIONS = 20


class _One:
    """A slow client: it sends `first` whole, then `rest` byte by byte; `at` bytes of that are sent, -1 before `first` is."""

    __slots__ = ("at", "first", "rest", "socket")

    def __init__(self, first: bytes, rest: bytes) -> None:
        self.first, self.rest, self.at = first, rest, 0
        self.socket: socket.socket | None = None


class Slow:
    """Every other client sends its headers so, the others complete headers of a POST and then its body."""

    def __init__(
        self,
        host: str,
        port: int,
        number: int,
        path: str,
        seconds: float,
        host_header: str,
        byte_s: float,
        end_at: int,
    ) -> None:
        self._address = (host, port)
        self._seconds = seconds
        self._byte_s = byte_s
        self._end_at = end_at
        self._opened = 0
        head = f"Host: {host_header}\r\nUser-Agent: slow\r\n".encode("latin-1")
        get = f"GET {path} HTTP/1.1\r\n".encode("latin-1") + head + b"X-Slow: " + b"a" * 4000
        post = f"POST {path} HTTP/1.1\r\n".encode("latin-1") + head + b"Content-Type: application/octet-stream\r\n"
        post += f"Content-Length: {_BODY_BYTES}\r\n\r\n".encode()
        kinds = ((b"", get), (post, b"x" * _BODY_BYTES))
        self._clients = [_One(*kinds[number % 2]) for number in range(number)]

    def run(self) -> dict[str, Any]:
        """Until `end_at` can be read or `seconds` are over. `held`: connections open then; `opened`: all of them."""
        begun = monotonic()
        tick = 0
        while not self._seconds or monotonic() - begun < self._seconds:
            for one in self._clients[tick % _PORTIONS :: _PORTIONS]:
                self._send_one(one)
            tick += 1
            pause = begun + tick * self._byte_s / _PORTIONS - monotonic()
            if select.select([self._end_at], [], [], max(0.0, pause))[0]:
                break
        held = sum(self._is_open(one) for one in self._clients)
        return {"held": held, "opened": self._opened}

    def _send_one(self, one: _One) -> None:
        if one.socket is not None and not self._is_open(one):
            one.socket.close()
            one.socket = None
        if one.socket is None:
            self._open(one)
            return
        piece = one.first if one.at < 0 else one.rest[one.at : one.at + 1]
        try:
            sent = one.socket.send(piece) if piece else 0
        except BlockingIOError:
            return
        except OSError:
            one.socket.close()
            one.socket = None
            return
        one.at = (0 if sent == len(one.first) else one.at) if one.at < 0 else one.at + sent

    def _open(self, one: _One) -> None:
        one.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        one.at = -1 if one.first else 0
        self._opened += 1
        if one.socket.connect_ex(self._address) not in (0, errno.EINPROGRESS):
            one.socket.close()
            one.socket = None

    def _is_open(self, one: _One) -> bool:
        """Whether the server has neither closed nor reset it; what it says is thrown away."""
        if one.socket is None:
            return False
        try:
            while data := one.socket.recv(65536):
                del data
            return False
        except BlockingIOError:
            return True
        except OSError:
            return False
