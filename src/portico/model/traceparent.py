"""The `traceparent` header of W3C Trace Context: which trace a request belongs to and who sent it
(https://www.w3.org/TR/trace-context/)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_SAMPLED = 0x01


@dataclass(frozen=True)
class TraceParent:
    """`trace_id` is 32 and `parent_id`, the span of whoever sends the header, 16 lower-case hexadecimal digits; neither is
    all zeros. `sampled`: whether the sender may have recorded the trace."""

    trace_id: str
    parent_id: str
    sampled: bool = True

    @property
    def header(self) -> str:
        """The value of the header, in version 00, which is the highest there is. Of the flags only the one that version
        defines is sent, as the standard wants."""
        return f"00-{self.trace_id}-{self.parent_id}-{_SAMPLED if self.sampled else 0:02x}"


def parse(header: str) -> TraceParent | None:
    """What a header says; None where the standard wants it ignored: another form, capital letters, ids that are all zeros,
    version ff, or something after the flags in version 00. A later version may say more after another hyphen, and is read as
    far as 00 goes (section 4.3, versioning)."""
    found = _FORM.fullmatch(header.strip(" \t"))
    if not found:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more is not None) or not int(trace_id, 16) or not int(parent_id, 16):
        return None
    return TraceParent(trace_id, parent_id, bool(int(flags, 16) & _SAMPLED))


def new(random_bytes: bytes) -> TraceParent:
    """The first header of a trace, sampled, made of the first 24 of `random_bytes`. ValueError where they are too few, or
    all zeros where an id needs one that is not."""
    return TraceParent(_id(random_bytes, 16), _id(random_bytes[16:], 8))


def _id(random_bytes: bytes, size: int) -> str:
    chosen = random_bytes[:size]
    if len(chosen) < size or not any(chosen):
        raise ValueError(f"an id needs {size} bytes that are not all zero")
    return chosen.hex()
