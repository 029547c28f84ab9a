"""The `traceparent` header: which trace a request belongs to (https://www.w3.org/TR/trace-context/#traceparent-header)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True)
class TraceParent:
    """`trace_id` is 32 and `parent_id`, the span that sends the header, 16 lower-case hexadecimal digits."""

    trace_id: str
    parent_id: str
    sampled: bool = True

    @property
    def header(self) -> str:
        """As it is sent, in version 00."""
        return f"00-{self.trace_id}-{self.parent_id}-{'01' if self.sampled else '00'}"


def parse(header: str) -> TraceParent | None:
    """None for what is no valid header: version ff, ids of zeros, and in version 00 anything behind the flags. Of a later
    version what is known is taken."""
    found = _FORM.fullmatch(header.strip())
    if not found:
        return None
    version, trace_id, parent_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest) or not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return TraceParent(trace_id, parent_id, bool(int(flags, 16) & 1))


def new(random_bytes: bytes) -> TraceParent:
    """The start of a trace, from at least 24 random bytes. ValueError for fewer."""
    if len(random_bytes) < 24:
        raise ValueError("a trace id and a span id are made of 24 bytes")
    digits = random_bytes.hex()
    return TraceParent(digits[:32], digits[32:48])
