"""The bytes of an HTTP answer taken apart, whatever they are: what a strict reader refuses is worth seeing here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)")
#: CGI's way to say it, which nginx takes from a uwsgi backend too (RFC 3875, 6.3.3).
_CGI_STATUS = re.compile(rb"status:[ \t]*(\d{3})(?!\d)", re.IGNORECASE)
_LARGEST_HEAD = 256 * 1024


@dataclass(frozen=True)
class Head:
    """Status, headers (names in lower case) and how many bytes it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    length: int

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def content_length(self) -> int | None:
        value = self.header("content-length")
        return int(value) if value.isascii() and value.isdigit() else None

    @property
    def chunked(self) -> bool:
        return self.header("transfer-encoding").lower().strip().endswith("chunked")


class NoHead(ValueError):
    """These bytes begin no HTTP answer."""


def head(data: bytes, cgi: bool = False) -> Head | None:
    """The head at the beginning of `data`, informational ones (1xx) skipped; None when more has to come.

    `cgi`: a `Status:` line may stand where HTTP has its version. Raises NoHead.
    """
    begin = 0
    while True:
        found = _one_head(data[begin:], cgi)
        if found is None:
            return None
        begin += found.length
        if not 100 <= found.status < 200 or found.status == 101:
            return Head(found.status, found.headers, begin)


def _one_head(data: bytes, cgi: bool) -> Head | None:
    starts = (b"HTTP/", b"status:") if cgi else (b"HTTP/",)
    if data and not any(_agrees(data, start) for start in starts):
        raise NoHead
    end = min((data.find(mark) + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if mark in data), default=0)
    if not end:
        if len(data) > _LARGEST_HEAD:
            raise NoHead
        return None
    status = _STATUS.match(data) or _CGI_STATUS.match(data)
    if not status:
        raise NoHead
    lines = data[:end].splitlines()
    return Head(int(status[1]), _headers(lines if status.re is _CGI_STATUS else lines[1:]), end)


def _agrees(data: bytes, start: bytes) -> bool:
    """Whether the data begins so, as far as it goes."""
    seen = data[: len(start)]
    return start[: len(seen)].lower() == seen.lower() if start != b"HTTP/" else start[: len(seen)] == seen


def _headers(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for line in lines:
        text = line.decode("latin-1")
        if text[:1] in (" ", "\t") and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {text.strip()}")
            continue
        name, colon, value = text.partition(":")
        if colon:
            found.append((name.strip().lower(), value.strip()))
    return tuple(found)


def unchunked(data: bytes) -> tuple[bytes, bool]:
    """The body in these chunks (RFC 9112, 7.1), and whether the last one was there. Junk ends it."""
    parts: list[bytes] = []
    position = 0
    while True:
        end = data.find(b"\n", position)
        if end < 0:
            return b"".join(parts), False
        try:
            size = int(data[position:end].split(b";")[0].strip(), 16)
        except ValueError:
            return b"".join(parts), False
        if size == 0:
            return b"".join(parts), True
        parts.append(data[end + 1 : end + 1 + max(0, size)])
        position = end + 1 + max(0, size) + 2
        if position > len(data):
            return b"".join(parts), False
