"""One request over a socket of our own, and whatever comes back: junk, silence, half an answer, an endless one."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from portico.model.seen import Exchange
from portico.system.look.answer import Head, NoHead, head, unchunked
from portico.system.look.names import addresses

#: At most so much is read, and so much of it kept.
READ_LIMIT = 1 << 20
KEPT = 64 * 1024
#: How long an answer of name servers is waited for.
_NAME_S = 5.0
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


def http(
    scheme: str,
    host: str,
    port: int,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout_s: float = 10.0,
    verify: bool = False,
) -> Exchange:
    """One HTTP/1.1 request to `host:port`, or where `host` is `unix:/path` to that socket; redirects are not followed.

    `scheme` is http or https; certificates are verified (for the name in the Host header) only when asked for: the doctor
    looks and keeps no secrets. `headers` replace ours (Host, Connection: close). `timeout_s` bounds connecting and the
    answer together. An answer that was cut off has its status, and `error` says how it ended. Never raises.
    """
    address = host if host.startswith("unix:") else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    given = {name.lower(): value for name, value in (headers or {}).items()}
    name = given.get("host", "localhost" if host.startswith("unix:") else address)
    began = Exchange("http", address, method, path, name, given.get("x-request-id", ""), began_s=time.time())
    server = _server_name(name) if scheme == "https" else None
    return _Talk(began, timeout_s, server, verify).run(_request(method, path, name, headers or {}, body))


def uwsgi(
    address: str, packet: bytes, method: str, path: str, host: str, timeout_s: float, body: bytes = b"", request_id: str = ""
) -> Exchange:
    """One request in the uwsgi protocol to `HOST:PORT` or `unix:/path`. `packet` are the encoded variables, which have to
    agree with `method`, `path` and `host`: those are only noted. Never raises."""
    began = Exchange("uwsgi", address, method, path, host, request_id, began_s=time.time())
    return _Talk(began, timeout_s).run(packet + body)


def _request(method: str, path: str, host: str, headers: Mapping[str, str], body: bytes) -> bytes:
    given = {name.lower() for name in headers}
    fields = {"Host": host, "Connection": "close"}
    if (body or method in ("POST", "PUT", "PATCH")) and not given & {"content-length", "transfer-encoding"}:
        fields["Content-Length"] = str(len(body))
    fields = {name: value for name, value in fields.items() if name.lower() not in given} | dict(headers)
    target = quote(path, safe=_VISIBLE, errors="surrogateescape") or "/"
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {_one_line(value)}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _server_name(host: str) -> str:
    """The name for SNI, which an address must not be (RFC 6066, 3); empty without one."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name
    return ""


@dataclass
class _Talk:
    """One connection. `server` is the name for TLS; None: without TLS. `verify`: its certificate."""

    exchange: Exchange
    timeout_s: float
    server: str | None = None
    verify: bool = False
    began: float = field(default_factory=time.monotonic)
    data: bytearray = field(default_factory=bytearray)
    found: Head | None = None
    first_s: float = 0.0

    def run(self, payload: bytes) -> Exchange:
        try:
            stream = self._connect()
        except (OSError, ValueError, OverflowError) as error:
            return self._failed("connect", error)
        with contextlib.closing(stream):
            sent: OSError | None = None
            try:
                stream.settimeout(self._left())
                stream.sendall(payload)
            except OSError as error:
                # A peer may answer and hang up before it has read everything: what it said counts.
                sent = error
            try:
                whole = self._read(stream)
            except NoHead:
                return self._ended(f"not an HTTP answer: {bytes(self.data[:60])!r}")
            except (OSError, ValueError) as error:
                return self._failed("read", error)
        if not self.data and sent is not None:
            return self._failed("read", sent)
        return self._done(whole)

    def _left(self) -> float:
        left = self.began + self.timeout_s - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _connect(self) -> socket.socket:
        address = self.exchange.address
        if address.startswith("unix:"):
            stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                stream.settimeout(self._left())
                stream.connect(address.removeprefix("unix:"))
            except BaseException:
                stream.close()
                raise
        else:
            host, _, port = address.rpartition(":")
            stream = self._reach(host.strip("[]").replace("%25", "%"), int(port))
        return stream if self.server is None else self._tls(stream, self.server)

    def _reach(self, host: str, port: int) -> socket.socket:
        """A connection to the first address that takes it; they share the time."""
        found = addresses(host, port, min(self._left(), _NAME_S))
        problem: OSError = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        for number, (_, literal) in enumerate(found):
            try:
                return socket.create_connection((literal, port), self._left() / (len(found) - number))
            except OSError as error:
                problem = error
        raise problem

    def _tls(self, stream: socket.socket, server: str) -> socket.socket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.verify and bool(server)
        context.verify_mode = ssl.CERT_REQUIRED if self.verify else ssl.CERT_NONE
        if self.verify:
            context.load_default_certs()
        try:
            stream.settimeout(self._left())
            return context.wrap_socket(stream, server_hostname=server or None, suppress_ragged_eofs=True)
        except BaseException:
            stream.close()
            raise

    def _read(self, stream: socket.socket) -> bool:
        """Read until the answer ends; False when the peer ended before its answer did."""
        while len(self.data) < READ_LIMIT:
            stream.settimeout(self._left())
            part = stream.recv(65536)
            if not part:
                return self._is_whole()
            self.first_s = self.first_s or time.monotonic() - self.began
            self.data += part
            if self.found is None:
                self.found = head(bytes(self.data), self.exchange.protocol == "uwsgi")
            if self.found is not None and self._is_whole(closed=False):
                return True
        return True

    def _is_whole(self, closed: bool = True) -> bool:
        """Whether the answer has all it promised; one that promised nothing ends with the connection."""
        if self.found is None:
            return False
        if self._has_no_body():
            return True
        if self.found.chunked:
            # An endless stream is not taken apart again with each of its pieces: only where the last chunk may have come.
            may_end = self.data.endswith(b"\n") and b"\n0" in self.data[-512:]
            return (closed or may_end) and unchunked(bytes(self.data[self.found.length :]))[1]
        length = self.found.content_length
        return closed if length is None else len(self.data) - self.found.length >= length

    def _has_no_body(self) -> bool:
        status = self.found.status if self.found else 0
        return self.exchange.method == "HEAD" or status in (101, 204, 304)

    def _body(self) -> bytes:
        if self.found is None:
            return bytes(self.data)
        if self._has_no_body():
            return b""
        body = bytes(self.data[self.found.length :])
        return unchunked(body)[0] if self.found.chunked else body[: self.found.content_length]

    def _done(self, whole: bool) -> Exchange:
        if whole:
            return self._ended("")
        if not self.data:
            return self._ended("the connection was closed without an answer")
        if self.found is None:
            return self._ended(f"the connection was closed within the head of the answer: {bytes(self.data[:60])!r}")
        promised = self.found.content_length
        of = f" of {promised}" if promised is not None else ""
        return self._ended(f"the connection was closed after {len(self._body())}{of} bytes of the body")

    def _ended(self, error: str, number: int = 0) -> Exchange:
        body = self._body()
        return replace(
            self.exchange,
            status=self.found.status if self.found else 0,
            headers=self.found.headers if self.found else (),
            body=body[:KEPT],
            size=len(body),
            first_s=self.first_s,
            duration_s=time.monotonic() - self.began,
            stage="read" if error else "done",
            errno=number,
            error=error,
        )

    def _failed(self, stage: str, error: Exception) -> Exchange:
        ended = self._ended(*_told(error, self.timeout_s, bool(self.found), len(self.data)))
        return replace(ended, stage="connect") if stage == "connect" else ended


def _told(error: Exception, timeout_s: float, began: bool, got: int) -> tuple[str, int]:
    """What an exception means, and its errno; those of TLS and of name resolution are no errno."""
    if isinstance(error, TimeoutError):
        text = "the answer did not end" if began else f"only {got} bytes of an answer came" if got else "no answer"
        return f"{text} within {timeout_s:g} s", errno.ETIMEDOUT
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused ({error.verify_code}): {error.verify_message}", 0
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error.strerror or error}", 0
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved: {error.strerror}", 0
    number = getattr(error, "errno", None) or 0
    return os.strerror(number) if number else str(error) or type(error).__name__, number
