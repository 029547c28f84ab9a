"""The Server-Timing header: the examples of the standard, junk, and what holds for every entry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.hops.wsgi.server_timing import server_timing


def entry(name: str, duration_ms: float | None = None, description: str = "") -> dict[str, Any]:
    return {"name": name, "duration_ms": duration_ms, "description": description}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("miss, db;dur=53, app;dur=47.2", [entry("miss"), entry("db", 53.0), entry("app", 47.2)]),
        ("customView, dc;desc=atl", [entry("customView"), entry("dc", None, "atl")]),
        ('cache;desc="Cache Read";dur=23.2', [entry("cache", 23.2, "Cache Read")]),
        ('a;desc="x, y; z=\\"1\\"\\\\";dur=1,b', [entry("a", 1.0, 'x, y; z="1"\\'), entry("b")]),
        ("a ; DUR = 5 ; Desc = x", [entry("a", 5.0, "x")]),
        ('a;dur="7.5"', [entry("a", 7.5)]),
        ("a;dur=1;dur=2;desc=x;desc=y", [entry("a", 1.0, "x")]),
        ("a;dur=12ms", [entry("a", 12.0)]),
        ("a;dur=.5e1", [entry("a", 5.0)]),
        ("a;dur=fast", [entry("a")]),
        ("a;dur=-3, b;dur=1e999, c;dur=nan", [entry("a"), entry("b"), entry("c")]),
        ('a;desc="never closed, b;dur=3', [entry("a", None, "never closed, b;dur=3")]),
        ('a;desc="ends in a backslash\\', [entry("a", None, "ends in a backslash")]),
        (",, ;dur=1, a b, (c), d;=3;;dur=4", [entry("d", 4.0)]),
        ("", []),
    ],
)
def test_a_header_is_read(value: str, expected: list[dict[str, Any]]) -> None:
    assert server_timing([["Server-Timing", value]]) == expected


def test_several_headers_follow_each_other_and_others_are_passed_over() -> None:
    headers = [["server-timing", "a;dur=1"], ["X-Server-Timing", "no"], ["SERVER-TIMING", "b"]]
    assert server_timing(headers) == [entry("a", 1.0), entry("b")]


_NAMES = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True)
_TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
_ENTRIES = st.lists(st.tuples(_NAMES, st.none() | st.floats(0, 1e15, allow_nan=False), _TEXTS), max_size=5)


@given(_ENTRIES)
def test_what_is_written_is_read_back(entries: list[tuple[str, float | None, str]]) -> None:
    def written(name: str, duration_ms: float | None, description: str) -> str:
        quoted = description.replace("\\", "\\\\").replace('"', '\\"')
        return name + (f";dur={duration_ms!r}" if duration_ms is not None else "") + f';desc="{quoted}"'

    value = ", ".join(written(*one) for one in entries)
    assert server_timing([["Server-Timing", value]]) == [entry(*one) for one in entries]


@given(st.text() | st.text(alphabet='ab=;," \\1.dure', max_size=40))
def test_any_header_is_read(value: str) -> None:
    for found in server_timing([["Server-Timing", value]]):
        assert found["name"] in value
        assert found["duration_ms"] is None or found["duration_ms"] >= 0


def test_a_long_header_is_read_in_linear_time() -> None:
    for value in ('"' * 60_000, '"\\' * 30_000, ";" * 60_000, "a," * 30_000):
        assert len(server_timing([["Server-Timing", value]])) <= 30_000
