"""Rows of a terminal: what is cut, drawn and dumped keeps its width and its content."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.cli.trace_rows import bar, clip, harmless, hex_dump, width_of
from portico.cli.trace_waterfall import shape


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_clipped_line_fits_and_keeps_its_beginning(text: str, width: int) -> None:
    text = harmless(text)
    cut = clip(click.style(text, fg="red"), width)
    bare = click.unstyle(cut)
    assert width_of(bare) <= width
    assert bare == text or (bare.endswith("…") and text.startswith(bare[:-1]))
    assert bare == text or cut.endswith("\x1b[0m")


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(1, 120))
def test_a_bar_has_its_width_and_can_always_be_seen(started: int, duration: int, whole: int, width: int) -> None:
    drawn = bar(started, duration, whole, width)
    assert len(drawn) == width
    assert drawn.strip()
    if started + duration <= whole and whole:
        assert abs(len(drawn.strip()) - duration * width / whole) <= 1.01


@given(st.binary(max_size=300), st.integers(1, 20))
def test_the_dump_has_every_byte_of_its_rows(packet: bytes, rows: int) -> None:
    dumped = list(hex_dump(packet.hex(), rows))
    assert len(dumped) == min(rows, -(-len(packet) // 16))
    assert bytes.fromhex("".join(line[6:54] for line in dumped)) == packet[: rows * 16]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a WHERE b = 1", "SELECT a WHERE b = 42"),
        ("SELECT a WHERE b = 'x''y'", "SELECT a WHERE b = '1'"),
        ("SELECT a WHERE b IN (1, 2)", "SELECT a WHERE b IN (1, 2, 3)"),
        ("SELECT a WHERE b = %s", "SELECT a WHERE b = %s"),
    ],
)
def test_statements_that_differ_in_values_only_are_one(one: str, other: str) -> None:
    assert shape(one) == shape(other)


def test_statements_that_differ_in_more_are_two() -> None:
    assert shape("SELECT a1 FROM t") != shape("SELECT a2 FROM t")
