"""The traceparent header: the examples of the standard, and what holds for every header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.model.traceparent import TraceParent, new, parse

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f" 00-{TRACE}-{SPAN}-03\t", True),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", True),
    ],
)
def test_a_header_is_read(header: str, sampled: bool) -> None:
    assert parse(header) == TraceParent(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE[:-1]}\N{ARABIC-INDIC DIGIT ONE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_a_header_to_be_ignored_is_none(header: str) -> None:
    assert parse(header) is None


@given(st.binary(min_size=24, max_size=40).filter(lambda data: any(data[:16]) and any(data[16:24])), st.booleans())
def test_what_is_made_is_read_back(chance: bytes, sampled: bool) -> None:
    made = new(chance)
    assert parse(made.header) == made
    assert made.sampled
    passed_on = TraceParent(made.trace_id, made.parent_id, sampled)
    assert parse(passed_on.header) == passed_on


@given(st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[a-z]*)?", fullmatch=True))
def test_any_header_is_read_or_ignored(header: str) -> None:
    found = parse(header)
    if found:
        assert header.strip(" \t")[3:52] == found.header[3:52]
        assert parse(found.header) == found
        assert not header.startswith("ff")


@pytest.mark.parametrize("chance", [b"", b"\x01" * 23, bytes(24), b"\x01" * 16 + bytes(8)])
def test_too_little_chance_is_refused(chance: bytes) -> None:
    with pytest.raises(ValueError, match="not all zero"):
        new(chance)
