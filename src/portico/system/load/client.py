"""One client of a load: a connection, the request that is under way, and its answer."""

from __future__ import annotations

import errno
import select
import socket
from time import monotonic
from typing import TYPE_CHECKING

from portico.system.load.reader import Junk, Reader

if TYPE_CHECKING:
    from portico.system.load.crowd import Crowd

_IN, _IN_OUT = select.EPOLLIN, select.EPOLLIN | select.EPOLLOUT
#: The kernel counts what it received and throws it away (tcp(7), "Sockets API").
_DISCARD = socket.MSG_TRUNC
_LARGE = 64 * 1024
_REASONS = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "closed", errno.ETIMEDOUT: "timeout"}


class Client:
    """Sends the load's requests in turn; `began` is when the one under way began, 0 for none."""

    __slots__ = ("_crowd", "_failure", "_left", "_reader", "_request", "_retried", "_reused", "_socket", "_turn", "began")

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._reader = Reader()
        self._socket: socket.socket | None = None
        self._left: memoryview | None = None
        self._turn = 0
        self.began = 0.0

    def start(self, now: float) -> None:
        """Begin the next request, if there is to be one."""
        crowd = self._crowd
        if not crowd.take(now):
            self.close()
            return
        self._request = crowd.requests[self._turn % len(crowd.requests)]
        self._turn += 1
        self.began = now
        self._retried = False
        self._ask()

    def ready(self, event: int) -> None:
        """The kernel says that the connection can be written to (EPOLLOUT) or read from."""
        if event & select.EPOLLOUT:
            self._send()
        if event & ~select.EPOLLOUT:
            self._receive()

    def lose(self, reason: str) -> None:
        """The request under way will have no whole answer."""
        self.close()
        self._crowd.lost(self, reason)

    def close(self) -> None:
        self.began = 0.0
        self._disconnect()

    def _ask(self) -> None:
        self._reader.begin(self._request.bodiless)
        self._left = self._request.data
        self._failure = 0
        self._reused = self._socket is not None
        if self._socket is None and not self._connect():
            return
        self._send()

    def _connect(self) -> bool:
        new = socket.socket(self._crowd.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        code = new.connect_ex(self._crowd.address)
        if code not in (0, errno.EINPROGRESS):
            new.close()
            self._crowd.cannot_connect(code)
            self.lose(_REASONS.get(code, "refused"))
            return False
        self._socket = new
        self._crowd.watch(new.fileno(), self)
        return True

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._crowd.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self._left = None

    def _send(self) -> None:
        """Send what the kernel takes; the rest when it says that it takes more."""
        if self._socket is None or self._left is None:
            return
        try:
            sent = self._socket.send(self._left)
        except BlockingIOError:
            sent = 0
        except OSError as failure:
            # What the server said before it closed can still be read.
            self._failure = failure.errno or 0
            sent = len(self._left)
        waited = self._left is not self._request.data
        rest = self._left[sent:] if sent < len(self._left) else None
        if rest is not None and not waited:
            self._crowd.change(self._socket.fileno(), _IN_OUT)
        elif rest is None and waited:
            self._crowd.change(self._socket.fileno(), _IN)
        self._left = rest

    def _receive(self) -> None:
        crowd, reader = self._crowd, self._reader
        if self._socket is None:
            return
        if not self.began:
            # It pauses: the server has closed the connection meanwhile, or says what nobody has asked for.
            self._disconnect()
            return
        try:
            if reader.unread > _LARGE:
                size = self._socket.recv_into(crowd.buffer, min(reader.unread, len(crowd.buffer)), _DISCARD)
            else:
                size = self._socket.recv_into(crowd.buffer)
        except BlockingIOError:
            return
        except OSError as failure:
            self._ended(_REASONS.get(self._failure or failure.errno or 0, "reset"))
            return
        if not size:
            self._ended("short" if reader.touched else _REASONS.get(self._failure, "closed"))
            return
        crowd.tally.received += size
        try:
            whole = reader.feed(crowd.buffer, size)
        except Junk:
            self.lose("junk")
            return
        if whole:
            self._answered()

    def _ended(self, reason: str) -> None:
        """The connection has ended, which may be how the answer says that it is complete."""
        if reason == "short" and self._reader.end():
            self._answered()
        elif self._reused and not self._retried and not self._reader.touched and reason in ("closed", "reset"):
            self._retried = True
            self._disconnect()
            self._ask()
        else:
            self.lose(reason)

    def _answered(self) -> None:
        crowd = self._crowd
        now = monotonic()
        crowd.tally.answered(self._reader.status, self.began, now)
        if self._reader.closes or self._left is not None or not crowd.keep_alive:
            self._disconnect()
        if crowd.pause_s:
            self.began = 0.0
            crowd.later(self, crowd.pause_s)
        else:
            self.start(now)
