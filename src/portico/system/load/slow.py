"""Slow clients in a process of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from portico.system.load.beside import child
from portico.system.load.room import make_room


@dataclass(frozen=True)
class Held:
    """`held`: connections that were open at the end; `opened`: how many were opened in all, so that `opened - number` were
    opened anew because the server had closed them."""

    held: int
    opened: int


@contextlib.contextmanager
def slow_clients(
    host: str,
    port: int,
    number: int,
    path: str,
    seconds: float = 0.0,
    host_header: str = "localhost",
    byte_s: float = 1.0,
) -> Iterator[Callable[[], Held]]:
    """`number` slow clients in a child process: half of them send a request's headers, one byte each `byte_s` seconds,
    the others all headers of a POST to `path` with 100,000 bytes and then one byte of it as often. What the server closes is
    opened again within `byte_s`.

    They end when the yielded function is called, or after `seconds` (0: not by themselves); it returns what became of
    them. The child ends with the block, and with this process. Raises PorticoError when so many connections are not
    allowed, or the child dies.
    """
    make_room(number)
    target = {"host": host, "port": port, "path": path, "host_header": host_header}
    with child("slow", {**target, "number": number, "seconds": seconds, "byte_s": byte_s}) as result:
        yield lambda: Held(**result())
