"""One plain HTTP request, for proving that a stack answers."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass

#: No more of a body is read.
MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What came back. `status` 0 with `error` set means no HTTP answer at all; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_s: float
    error: str = ""
    errno: int = 0


def get(host: str, port: int, path: str, headers: Mapping[str, str], timeout_s: float = 10.0) -> Answer:
    """GET `path` from `host:port` without following redirects; never raises for a failing peer. Without a Host among
    `headers` the connection's own address is sent."""
    return _ask(host, port, path, headers, timeout_s, hostless=False)


def get_hostless(host: str, port: int, headers: Mapping[str, str], timeout_s: float = 10.0) -> Answer:
    """GET / without a Host header, which every server refuses (RFC 9112, 3.2): the answer is of the server itself and not of
    what it serves. Never raises for a failing peer."""
    return _ask(host, port, "/", headers, timeout_s, hostless=True)


def _ask(host: str, port: int, path: str, headers: Mapping[str, str], timeout_s: float, hostless: bool) -> Answer:
    started = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.putrequest("GET", path, skip_host=hostless or any(name.lower() == "host" for name in headers))
        for name, value in {**headers, "Connection": "close"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read(MOST_BYTES)
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, body, time.monotonic() - started)
    except (OSError, http.client.HTTPException) as error:
        text = str(error) or type(error).__name__
        return Answer(0, {}, b"", time.monotonic() - started, text, getattr(error, "errno", 0) or 0)
    finally:
        connection.close()
