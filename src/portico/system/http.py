"""One plain HTTP request, for proving that a stack answers."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass


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
    """GET `path` from `host:port` without following redirects; never raises for a failing peer."""
    started = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={**headers, "Connection": "close"})
        response = connection.getresponse()
        body = response.read(1 << 20)
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, body, time.monotonic() - started)
    except (OSError, http.client.HTTPException) as error:
        text = str(error) or type(error).__name__
        return Answer(0, {}, b"", time.monotonic() - started, text, getattr(error, "errno", 0) or 0)
    finally:
        connection.close()
