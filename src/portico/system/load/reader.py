"""Reads HTTP/1.1 answers as they come, and keeps nothing of their bodies (RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Callable

_LARGEST_HEAD = 64 * 1024
_LONGEST_LINE = 8 * 1024
#: What every answer begins with; the digit after it is the minor version.
_START = b"http/1."
_ENDLESS = 1 << 62
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class Junk(ValueError):
    """These bytes are no HTTP/1 answer."""


class Reader:
    """One answer after another of one connection.

    `begin` before each, then `feed` what was received until it says that the answer is whole. `status` is 0 until the head
    was read. `touched`: a byte of the answer has come. `closes`: the connection is of no use after this answer.
    `unread`: so many bytes of the body are still to come whatever they are; 0 when it must be looked at them.
    """

    __slots__ = ("_bodiless", "_body", "_held", "_next", "closes", "status", "touched", "unread")

    def begin(self, bodiless: bool) -> None:
        """`bodiless`: the answer to a HEAD."""
        self._bodiless = bodiless
        self._body: Callable[[bytearray, int, int], bool] = _none
        self._held = b""
        #: What the next line between the data of chunks is: a size, the end of data, a trailer.
        self._next = "size"
        self.status = 0
        self.touched = False
        self.closes = False
        self.unread = 0

    def feed(self, data: bytearray, size: int) -> bool:
        """Take the first `size` bytes of `data`; whether the answer is whole now. Raises Junk."""
        self.touched = True
        begin = 0
        if not self.status:
            begin = self._head(data, size)
            if not self.status:
                return False
        return self._body(data, begin, size)

    def end(self) -> bool:
        """The server has closed the connection: whether that makes the answer whole."""
        return self.status != 0 and self.unread == _ENDLESS

    def _head(self, data: bytearray, size: int) -> int:
        """Read heads up to the final one's end, and return where the body begins in `data`."""
        held = len(self._held)
        if held:
            data = bytearray(self._held) + data[:size]
            size = len(data)
        begin = 0
        while True:
            end = data.find(b"\r\n\r\n", begin, size)
            if end < 0:
                self._hold(bytes(data[begin:size]))
                return 0
            self._understand(bytes(data[begin : end + 2]).lower())
            begin = end + 4
            if self.status:
                self._held = b""
                return begin - held

    def _hold(self, part: bytes) -> None:
        start = part[: len(_START)].lower()
        if len(part) > _LARGEST_HEAD or not _START.startswith(start):
            raise Junk
        self._held = part

    def _understand(self, head: bytes) -> None:
        """Take the status and how the body ends from a head in lower case; leave the status 0 for one before the final."""
        code = head[9:12]
        if not head.startswith(_START) or head[8:9] != b" " or not code.isdigit() or head[12:13] not in (b" ", b"\r"):
            raise Junk
        status = int(code)
        if 100 <= status < 200 and status != 101:
            return
        self.status = status
        connection = _value(head, b"\r\nconnection:")
        if connection is not None:
            self.closes = b"close" in connection
        if head[7:8] == b"0":
            self.closes = connection is None or b"keep-alive" not in connection
        if self._bodiless or status in (204, 304):
            self._body = self._nothing
        elif (coding := _value(head, b"\r\ntransfer-encoding:")) is not None and coding.endswith(b"chunked"):
            self._body = self._chunked
        else:
            self._body = self._counted
            self.unread = _length(_value(head, b"\r\ncontent-length:"))

    def _nothing(self, _: bytearray, begin: int, size: int) -> bool:
        self.closes = self.closes or size > begin
        return True

    def _counted(self, _: bytearray, begin: int, size: int) -> bool:
        if self.unread == _ENDLESS:
            self.closes = True
            return False
        left = self.unread - (size - begin)
        if left > 0:
            self.unread = left
            return False
        self.unread = 0
        # Bytes that nobody asked for: whatever comes next could not be told from them.
        self.closes = self.closes or left < 0
        return True

    def _chunked(self, data: bytearray, begin: int, size: int) -> bool:
        """Chunks, each a line with its size, the data and a line's end; then trailers and an empty line (RFC 9112, 7.1)."""
        while begin < size:
            if self.unread:
                step = min(self.unread, size - begin)
                self.unread -= step
                begin += step
                continue
            line, begin = self._line(data, begin, size)
            if line is None:
                break
            if self._line_is_last(line):
                self.closes = self.closes or begin < size
                return True
        return False

    def _line(self, data: bytearray, begin: int, size: int) -> tuple[bytes | None, int]:
        """The next line without its end, and where the one after it begins; None until all of it is here."""
        end = data.find(b"\n", begin, size)
        if end < 0:
            self._held += data[begin:size]
            if len(self._held) > _LONGEST_LINE:
                raise Junk
            return None, size
        line = self._held + data[begin:end]
        self._held = b""
        return line.rstrip(b"\r"), end + 1

    def _line_is_last(self, line: bytes) -> bool:
        """Take a line that is not data; whether it ends the body."""
        if self._next == "trailer":
            return not line
        if self._next == "end":
            if line:
                raise Junk
            self._next = "size"
            return False
        size = line.split(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            raise Junk
        self.unread = int(size, 16)
        self._next = "end" if self.unread else "trailer"
        return False


def _none(data: bytearray, begin: int, size: int) -> bool:
    return False


def _value(head: bytes, name: bytes) -> bytes | None:
    """The value of the header field whose line begins so; None without it."""
    found = head.find(name)
    if found < 0:
        return None
    begin = found + len(name)
    return head[begin : head.find(b"\r\n", begin)].strip()


def _length(value: bytes | None) -> int:
    if value is None:
        return _ENDLESS
    if not value.isdigit():
        raise Junk
    return int(value)
