"""Load on a site, and what came of it: plain values, in seconds, microseconds and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One request as it is sent. `path` is its target (RFC 9112, 3.2); Host, Connection and Content-Length are added."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Load:
    """`clients` clients, each of which sends the requests in turn, the next when it has the whole answer of the last.

    Before the next it waits `pause_s`, as somebody who reads; 0 asks as fast as the site answers.
    It ends after `seconds` or `count` answers of all clients together, whichever comes first; 0 is no such end.
    """

    host: str
    port: int
    requests: tuple[Request, ...]
    clients: int
    seconds: float = 0.0
    count: int = 0
    keep_alive: bool = True
    timeout_s: float = 30.0
    host_header: str = "localhost"
    pause_s: float = 0.0


@dataclass(frozen=True)
class Measured:
    """What came of a load.

    `statuses`: answers by status. `lost`: requests without a whole answer, by reason (`refused`, `reset`, `closed`,
    `timeout`, `short`, `junk`). A kept connection that the server closed before a byte of the answer came is opened again
    once, and that is no loss (RFC 9112, 9.3.1). `latencies_us`: from the beginning of connecting, or the first byte sent on
    a kept connection, to the last received, of each answer, sorted. `seconds`: up to the last answer or the load's own
    end, whichever is later. `longest_gap_s`: the longest time in them without an answer below 400.
    """

    seconds: float
    statuses: Mapping[int, int]
    lost: Mapping[str, int]
    latencies_us: tuple[int, ...]
    received_bytes: int = 0
    longest_gap_s: float = 0.0

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def good(self) -> int:
        """Answers below 400."""
        return sum(number for status, number in self.statuses.items() if status < 400)

    @property
    def per_s(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds if self.seconds else 0.0

    def latency_us(self, share: float) -> int:
        """The latency that `share` of the answers (0.5, 0.99) did not exceed; 0 without answers."""
        if not self.latencies_us:
            return 0
        return self.latencies_us[min(len(self.latencies_us) - 1, int(share * len(self.latencies_us)))]
