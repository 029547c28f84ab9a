"""Stacks of the sample side by side, for the tables on what Portico itself costs: its JSON view, in rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.account import spent_us
from bench.air import HOST, Failed
from bench.effort import CLIENTS
from bench.results import Figures
from bench.rounds import Book, interleave
from bench.verdict import paired, spread
from portico.model.load import Load, Measured, Request
from portico.system import load, usage

PATH = "/api/hello/"
REQUESTS = 3000
#: What is measured is one thing to the book of the rounds.
_WORKLOAD = "sides"
Row = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Side:
    """A running stack, a contender of bench.rounds: `key` is how its row is called. One that dies is not started again."""

    key: str
    port: int
    roots: tuple[int, ...]
    gone: bool = False

    def measure(self) -> Figures:
        before = self._spent_us()
        measured = self.load(PATH, REQUESTS)
        if measured.good != REQUESTS:
            raise Failed(f"only {measured.good} of {REQUESTS} requests were answered well")
        return {"cpu_us": (self._spent_us() - before) / REQUESTS, "per_s": measured.per_s}

    def revived(self) -> str:
        return ""

    def load(self, path: str, count: int) -> Measured:
        return load.run(Load(HOST, self.port, (Request(path),), CLIENTS, count=count))

    def pss_bytes(self) -> int:
        return usage.pss_bytes(usage.tree(*self.roots))

    def _spent_us(self) -> float:
        return spent_us(lambda: self.roots)


def of_portico(name: str, data: Mapping[str, Any]) -> Side:
    """The stack that `up` or `status` told of in its Result."""
    return Side(name, port_of(data), tuple(hop["pid"] for hop in data["hops"] if hop.get("pid")))


def port_of(data: Mapping[str, Any]) -> int:
    return int(data["url"].rsplit(":", 1)[1].strip("/"))


def compared(sides: Sequence[Side], base: Side, rounds: int) -> list[Row]:
    """Load each in turns, then take its memory. A row: name, CPU microseconds per request, ratio to the base, requests per
    second, PSS. Raises Failed when one of them did not answer all of a round well."""
    book = Book()
    for side in sides:
        # The page first: a worker that has opened its database does a little more for each request.
        side.load("/", 200)
        side.load(PATH, 500)
    interleave(_WORKLOAD, sides, rounds, book)
    for name, note in book.notes.get(_WORKLOAD, {}).items():
        raise Failed(f"{name}: {note}")
    seen = book.rounds[_WORKLOAD]
    return [_row(side, seen[side.key], seen[base.key]) for side in sides]


def _row(side: Side, mine: Sequence[Figures], its: Sequence[Figures]) -> Row:
    ratio = paired(mine, its, "cpu_us")
    cpu, speed = (spread([one[figure] for one in mine]) for figure in ("cpu_us", "per_s"))
    assert ratio and cpu and speed
    return (
        side.key,
        f"{cpu.median:.0f} us",
        f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})",
        f"{speed.median:.0f}/s",
        f"{side.pss_bytes() / 1e6:.0f} MB",
    )
