"""All clients of a load in one thread: who is ready, who begins when, who has waited too long, and when it is over."""

from __future__ import annotations

import contextlib
import errno
import heapq
import select
import socket
from time import monotonic

from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.load import Load, Measured
from portico.system.load.client import Client
from portico.system.load.encoded import encoded
from portico.system.load.tally import Tally

#: Clients begin one after the other, so that a listen queue is not filled before the server has taken anybody from it.
_APART_S = 0.0005
#: After a lost request a client pauses, or a refusing server would be asked as often as the CPU allows.
_PAUSE_S = 0.01
_TURN_S = 0.1
_BUFFER_BYTES = 1 << 20

NO_PORT_LEFT = Kind(
    "system.E030",
    "system",
    "No port is left to connect from",
    "Each connection takes a port of this machine for a minute after it was closed; a load of short connections that uses "
    "them all up measures this machine's limit and not the site.",
    source="https://man7.org/linux/man-pages/man7/ip.7.html",
    shows="A load with a new connection for each request ends early.",
    example="connect to 127.0.0.1:8000: Cannot assign requested address (ports 32768-60999)",
    cure="Wait a minute, use kept connections or fewer requests, or widen `net.ipv4.ip_local_port_range`.",
)


class Crowd:
    """The clients of one load, and what they share."""

    def __init__(self, load: Load, end_at: int | None) -> None:
        """`end_at`: a file descriptor; when it can be read, no request begins any more."""
        self.requests = encoded(load)
        self.keep_alive = load.keep_alive
        self.pause_s = load.pause_s
        self.buffer = bytearray(_BUFFER_BYTES)
        found = socket.getaddrinfo(load.host, load.port, type=socket.SOCK_STREAM)[0]
        self.family, self.address = found[0], found[4]
        self._load = load
        self._end_at = end_at
        self._poll = select.epoll()
        self._watched: dict[int, Client] = {}
        self._left = load.count or -1

    def run(self) -> Measured:
        begun = monotonic()
        self.tally = Tally(begun)
        self._deadline = begun + self._load.seconds if self._load.seconds else float("inf")
        clients = [Client(self) for _ in range(self._load.clients)]
        self._later = [(begun + number * _APART_S, number, client) for number, client in enumerate(clients)]
        self._number = len(clients)
        if self._end_at is not None:
            self._poll.register(self._end_at, select.EPOLLIN)
        try:
            self._loop(clients)
        finally:
            for client in clients:
                client.close()
            self._poll.close()
        return self.tally.measured(self._deadline if self._deadline < float("inf") else begun)

    def take(self, now: float) -> bool:
        """Whether another request may begin; if so it counts as begun."""
        if self._left == 0 or now >= self._deadline:
            return False
        self._left -= 1
        return True

    def lost(self, client: Client, reason: str) -> None:
        """That client's request is lost; it tries again after a pause."""
        self.tally.lost(reason)
        self._left += 1
        self.later(client, _PAUSE_S)

    def later(self, client: Client, pause_s: float) -> None:
        """Begin that client's next request after a pause."""
        self._number += 1
        heapq.heappush(self._later, (monotonic() + pause_s, self._number, client))

    def cannot_connect(self, code: int) -> None:
        if code == errno.EADDRNOTAVAIL:
            raise PorticoError(NO_PORT_LEFT.found(f"connect to {self._load.host}:{self._load.port} failed"), Exit.FINDINGS)

    def watch(self, descriptor: int, client: Client) -> None:
        self._watched[descriptor] = client
        self._poll.register(descriptor, select.EPOLLIN)

    def change(self, descriptor: int, events: int) -> None:
        self._poll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Before it is closed, which takes it out of the kernel's set (epoll(7))."""
        self._watched.pop(descriptor, None)

    def _loop(self, clients: list[Client]) -> None:
        poll, watched = self._poll.poll, self._watched
        swept = monotonic()
        while True:
            for descriptor, event in poll(self._patience(), 64):
                client = watched.get(descriptor)
                if client is not None:
                    client.ready(event)
                elif descriptor == self._end_at:
                    self._end_now()
            now = monotonic()
            if self._later and self._later[0][0] <= now:
                self._begin_due(now)
            if now - swept >= _TURN_S:
                swept = now
                if not self._sweep(clients, now):
                    return
            elif not self._watched and not self._later:
                return

    def _patience(self) -> float:
        return max(0.0, min(_TURN_S, self._later[0][0] - monotonic())) if self._later else _TURN_S

    def _begin_due(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            heapq.heappop(self._later)[2].start(now)

    def _sweep(self, clients: list[Client], now: float) -> bool:
        """Give up what takes too long; whether anybody still has something to do."""
        limit = now - self._load.timeout_s
        for client in clients:
            if client.began and client.began < limit:
                client.lose("timeout")
        if not self._load.seconds and self.tally.last_answer() < limit - self._load.timeout_s:
            self._end_now()
        return bool(self._later) or any(client.began for client in clients)

    def _end_now(self) -> None:
        self._deadline = min(self._deadline, monotonic())
        if self._end_at is not None:
            with contextlib.suppress(OSError):
                self._poll.unregister(self._end_at)
