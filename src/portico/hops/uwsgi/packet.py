"""The uwsgi protocol, pure: a request's variables as bytes, and the head of the answer.

Source: https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html. A packet is a header of four bytes (modifier1, the size
of what follows as 16 bits little-endian, modifier2) and then name and value in turn, each behind its size (16 bits,
little-endian). Modifier 0 is a WSGI request; uWSGI answers it as HTTP.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

_LARGEST = 0xFFFF
_WSGI = 0


@dataclass(frozen=True)
class ResponseHead:
    """Status and headers of an HTTP answer; header names are in lower case, in the order they came."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of `name`."""
        return next((value for key, value in self.headers if key == name.lower()), None)


def encode(variables: Mapping[str, str]) -> bytes:
    """The packet of a WSGI request without a body. ValueError when it is larger than the protocol can say."""
    parts = []
    for text in (item for pair in variables.items() for item in pair):
        data = text.encode("utf-8", "surrogateescape")
        if len(data) > _LARGEST:
            raise ValueError(f"a variable of {len(data)} bytes does not fit a uwsgi packet: {_LARGEST} are the limit")
        parts.append(struct.pack("<H", len(data)) + data)
    body = b"".join(parts)
    if len(body) > _LARGEST:
        raise ValueError(f"variables of {len(body)} bytes do not fit a uwsgi packet: {_LARGEST} are the limit")
    return struct.pack("<BHB", _WSGI, len(body), 0) + body


def decode(packet: bytes) -> dict[str, str]:
    """The variables of a WSGI request's packet. ValueError when it is cut short or of another kind."""
    if len(packet) < 4:
        raise ValueError("a uwsgi packet starts with four bytes")
    modifier, size, _ = struct.unpack_from("<BHB", packet)
    if modifier != _WSGI:
        raise ValueError(f"modifier {modifier} is no WSGI request")
    if len(packet) < 4 + size:
        raise ValueError(f"the packet says {size} bytes and has {len(packet) - 4}")
    texts = []
    at, end = 4, 4 + size
    while at < end:
        if at + 2 > end:
            raise ValueError("the last size in the packet is cut short")
        (length,) = struct.unpack_from("<H", packet, at)
        at += 2 + length
        if at > end:
            raise ValueError("the last text in the packet is cut short")
        texts.append(packet[at - length : at].decode("utf-8", "surrogateescape"))
    if len(texts) % 2:
        raise ValueError(f"{texts[-1]!r} has no value")
    return dict(zip(texts[::2], texts[1::2], strict=True))


def parse_head(response: bytes) -> ResponseHead:
    """Status and headers of what uWSGI answered; a body may follow. ValueError when it is no whole HTTP head (RFC 9112)."""
    head, end, _ = response.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not end or len(words) < 2 or not words[0].startswith("HTTP/") or not (words[1].isdigit() and len(words[1]) == 3):
        raise ValueError(
            f"not an HTTP answer: {response[:60]!r}" if response else "the connection was closed without an answer"
        )
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header: {line[:60]!r}")
        headers.append((name.lower(), value.strip()))
    return ResponseHead(int(words[1]), tuple(headers))
