"""A raw HTTP request, and the whole answer to it: for comparing two servers."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import socket
import ssl

from portico.model.proof import SILENCE, Answer
from portico.system.sockets import connect

#: Of an answer's body so much is read; what is longer counts as cut off there, on both sides alike.
MOST = 16 << 20
_PART = 65536


def ask(
    address: str, head: bytes, method: str, timeout_s: float, zeros: int = 0, tls: bool = False, server_name: str = ""
) -> Answer:
    """Send `head` and then `zeros` zeros to `host:port`, and read the answer. Without TLS the body is not sent on once
    an answer has begun. Certificates are not verified. Never raises."""
    try:
        with contextlib.ExitStack() as opened:
            stream = opened.enter_context(connect(address, timeout_s))
            stream.settimeout(timeout_s)
            if tls:
                stream = opened.enter_context(_wrapped(stream, server_name))
            # A server may answer and hang up before it has read everything: what it said counts.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stream.sendall(head)
                _send_zeros(stream, zeros, patient=tls)
            return _answer(stream, method)
    except TimeoutError:
        return Answer(0, error=SILENCE)
    except ssl.SSLError as error:
        return Answer(0, error=f"TLS failed: {error.reason or error}")
    except OSError as error:
        return Answer(0, error=os.strerror(error.errno) if error.errno and error.errno > 0 else str(error))
    except http.client.HTTPException as error:
        return Answer(0, error="the connection was closed without an answer" if not str(error) else type(error).__name__)


def _wrapped(stream: socket.socket, server_name: str) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(stream, server_hostname=server_name or None)


def _send_zeros(stream: socket.socket, zeros: int, patient: bool) -> None:
    """`patient`: all of them. Over TLS there may be something to read that is no answer yet (RFC 8446, 4.6.1)."""
    part = b"0" * _PART
    while zeros > 0:
        if not patient and select.select([stream], [], [], 0)[0]:
            return
        sent = part[: min(zeros, _PART)]
        stream.sendall(sent)
        zeros -= len(sent)


def _answer(stream: socket.socket, method: str) -> Answer:
    response = http.client.HTTPResponse(stream, method=method)
    response.begin()
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    body = bytearray()
    error = ""
    try:
        while len(body) < MOST and (part := response.read1(_PART)):
            body += part
        if len(body) < MOST and response.length:
            error = f"the connection was closed {response.length} bytes before the end of the body"
    except (OSError, http.client.HTTPException) as problem:
        error = f"the answer broke off after {len(body)} bytes: {type(problem).__name__}"
    return Answer(response.status, headers, bytes(body), error)
