"""Requests as the bytes that are sent."""

from __future__ import annotations

from dataclasses import dataclass

from portico.model.load import Load, Request


@dataclass(frozen=True)
class Encoded:
    """`data` is head and body; `bodiless` says that the answer has no body whatever its head says (HEAD)."""

    data: memoryview
    bodiless: bool


def encoded(load: Load) -> tuple[Encoded, ...]:
    """Each request of the load, once; all clients send the same bytes."""
    return tuple(Encoded(memoryview(_bytes(request, load)), request.method == "HEAD") for request in load.requests)


def _bytes(request: Request, load: Load) -> bytes:
    headers = {"Host": load.host_header, "Connection": "keep-alive" if load.keep_alive else "close"}
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers["Content-Length"] = str(len(request.body))
    given = {name.lower() for name in request.headers}
    fields = {name: value for name, value in headers.items() if name.lower() not in given} | dict(request.headers)
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + request.body
