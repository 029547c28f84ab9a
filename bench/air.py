"""A stack on the air: started, asked, loaded, started again."""

from __future__ import annotations

import gzip
import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.account import spent_us
from bench.stacks.base import Ground, Running, Stack
from portico.model.errors import PorticoError
from portico.model.load import Load, Request
from portico.system import usage

HOST = "127.0.0.1"


class Failed(Exception):
    """The stack cannot do the workload, and why."""


#: What may come of a stack that is started, asked or loaded.
TROUBLE = (Failed, PorticoError, RuntimeError, OSError)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def plain(self) -> bytes:
        """The body, decompressed where it is compressed with gzip."""
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body


@dataclass
class OnAir:
    """One stack of the run. `running` is None while it is not started; `deaths`: how often it ended by itself."""

    stack: Stack
    ground: Ground
    running: Running | None = None
    deaths: int = 0
    version: str = ""
    abilities: dict[str, bool] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.stack.key

    @property
    def port(self) -> int:
        return self.ground.port

    def start(self, path: str = "/json/", timeout_s: float = 60.0) -> float:
        """Start it and return the seconds until `path` was first answered 200; raises Failed."""
        began = time.monotonic()
        try:
            self.running = self.stack.start(self.ground)
        except (RuntimeError, OSError) as error:
            raise Failed(f"did not start: {error}") from error
        self.wait(path, timeout_s)
        return time.monotonic() - began

    def wait(self, path: str = "/json/", timeout_s: float = 60.0) -> None:
        """Until `path` is answered 200; raises Failed when it never is."""
        wait_until_answers(self.port, path, timeout_s)

    def stop(self) -> None:
        """Until its processes are gone. A second call does nothing."""
        running, self.running = self.running, None
        if running:
            running.stop()

    def discard(self) -> None:
        """Stop what is left of it, whatever it says to that."""
        try:
            self.stop()
        except Exception as error:
            print(f"{self.key} could not be stopped: {error}", flush=True)

    def restart(self) -> float:
        """As `start`, of a stack that was stopped before."""
        self.stop()
        return self.start()

    def roots(self) -> tuple[int, ...]:
        return self.running.roots() if self.running else ()

    def pids(self) -> frozenset[int]:
        """All processes of it, as they are now."""
        return usage.tree(*self.roots())

    def alive(self) -> bool:
        """Something still answers."""
        try:
            return self.ask(Request("/json/"), timeout_s=10).status < 600
        except OSError:
            return False

    def spent_us(self) -> float:
        """What its processes have spent on the CPUs so far (bench.account)."""
        return spent_us(self.roots)

    def ask(self, request: Request, timeout_s: float = 60.0) -> Answer:
        """One request over a connection of its own; raises OSError, also when the answer breaks off."""
        return ask(self.port, request, timeout_s)

    def load(self, requests: tuple[Request, ...], clients: int, *, seconds: float = 0.0, count: int = 0) -> Load:
        """The load on this stack."""
        return Load(HOST, self.port, requests, clients, seconds=seconds, count=count)


def ask(port: int, request: Request, timeout_s: float = 60.0) -> Answer:
    """As OnAir.ask."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        headers = {"Host": "localhost", "Connection": "close", **request.headers}
        connection.request(request.method, request.path, body=request.body or None, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
    except http.client.HTTPException as error:
        raise ConnectionError(f"{type(error).__name__} {error}".strip()) from error
    finally:
        connection.close()


def wait_until_answers(port: int, path: str = "/", timeout_s: float = 30.0) -> None:
    """Until a GET is answered 200; raises Failed when it never is."""
    deadline = time.monotonic() + timeout_s
    last = "nothing"
    while time.monotonic() < deadline:
        try:
            last = str(ask(port, Request(path), timeout_s=5).status)
        except OSError as error:
            last = str(error)
        if last == "200":
            return
        time.sleep(0.01)
    raise Failed(f"did not answer {path} with 200 within {timeout_s:.0f} s: {last}")
