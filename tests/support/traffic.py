"""Requests from outside while a stack is killed, restarted or changed: how many failed, and how long nobody answered."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType


@dataclass(frozen=True)
class Reply:
    """One request's fate: when it began and ended (monotonic seconds), and its status, 0 with `error` for none."""

    began: float
    ended: float
    status: int
    error: str = ""


@dataclass
class Traffic:
    """A client that asks again and again, each time on a new connection or on a kept one, until the block ends."""

    port: int
    path: str = "/"
    keep_alive: bool = False
    pause_s: float = 0.005
    timeout_s: float = 20
    replies: list[Reply] = field(default_factory=list)

    def __enter__(self) -> Traffic:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(60)

    @property
    def failures(self) -> list[Reply]:
        """Everything but a 200."""
        return [reply for reply in self.replies if reply.status != 200]

    @property
    def gap_s(self) -> float:
        """The longest time from one good answer to the next."""
        good = [reply.ended for reply in self.replies if reply.status == 200]
        return max((after - before for before, after in pairwise(good)), default=float("inf"))

    def served_since(self, moment: float) -> bool:
        """Whether a request that began after that moment was answered well."""
        return any(reply.status == 200 and reply.began >= moment for reply in self.replies[-50:])

    def _run(self) -> None:
        connection = self._connect()
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                connection.request("GET", self.path, headers={"Host": "localhost"})
                answer = connection.getresponse()
                answer.read()
                status, error, again = answer.status, "", self.keep_alive and not answer.will_close
            except (OSError, http.client.HTTPException) as failure:
                status, error, again = 0, f"{type(failure).__name__}: {failure}", False
            self.replies.append(Reply(began, time.monotonic(), status, error))
            if not again:
                connection.close()
                connection = self._connect()
            time.sleep(self.pause_s)
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)


def can_bind(port: int) -> bool:
    """Whether somebody could listen on that port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True
