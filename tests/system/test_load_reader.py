"""Answers that come in pieces, cut anywhere, are read as if they had come in one."""

from __future__ import annotations

from itertools import pairwise

import pytest

from portico.system.load.reader import Junk, Reader
from portico.system.load.tally import Tally

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "before it": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "chunked": b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\nContent-Length: 1\r\n\r\n"
    b'5\r\nhello\r\n00B ; x="y"\r\n world\r\n\r\nx\r\n0\r\nX-A: b\r\n\r\n',
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "nothing": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
}


def fed(*pieces: bytes, bodiless: bool = False) -> tuple[list[bool], Reader]:
    """What the reader said of each piece; in a buffer that has other bytes behind them, as when it is used again."""
    reader = Reader()
    reader.begin(bodiless)
    return [reader.feed(bytearray(piece + b"0\r\n\r\n0\r\n\r\n"), len(piece)) for piece in pieces], reader


@pytest.mark.parametrize("name", ANSWERS)
def test_cut_in_two_anywhere(name: str) -> None:
    answer = ANSWERS[name]
    for cut in range(1, len(answer)):
        said, reader = fed(answer[:cut], answer[cut:])
        assert (cut, said, reader.closes) == (cut, [False, True], False)


@pytest.mark.parametrize("name", ANSWERS)
def test_byte_by_byte(name: str) -> None:
    answer = ANSWERS[name]
    said, reader = fed(*(answer[at : at + 1] for at in range(len(answer))))
    assert said == [False] * (len(answer) - 1) + [True]
    assert reader.status in (200, 204)
    assert not reader.closes


@pytest.mark.parametrize("name", ANSWERS)
def test_bytes_behind_the_answer_end_the_connection_s_use(name: str) -> None:
    said, reader = fed(ANSWERS[name] + b"X")
    assert (said, reader.closes) == ([True], True)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_connection_that_ends_inside_the_answer_does_not_complete_it(name: str) -> None:
    answer = ANSWERS[name]
    assert not any(fed(answer[:cut])[1].end() for cut in range(1, len(answer)))


def test_one_reader_reads_one_answer_after_the_other() -> None:
    reader = Reader()
    for before, after in pairwise((*ANSWERS.values(), ANSWERS["length"])):
        for answer in (before, after):
            reader.begin(False)
            assert not reader.touched
            assert reader.feed(bytearray(answer), len(answer))


@pytest.mark.parametrize(
    "junk",
    [b"\x00\x01", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, b"<html>"],
)
def test_what_is_no_answer(junk: bytes) -> None:
    with pytest.raises(Junk):
        fed(junk)


def test_the_longest_gap_is_one_without_a_good_answer() -> None:
    tally = Tally(100.0)
    for status, moment in ((200, 101.0), (500, 103.0), (200, 104.5), (302, 105.0)):
        tally.answered(status, moment - 0.25, moment)
    assert tally.measured(100.0).longest_gap_s == 3.5
    assert tally.measured(110.0).longest_gap_s == 5.0
    assert (tally.measured(100.0).seconds, tally.measured(110.0).seconds) == (5.0, 10.0)
    assert (tally.measured(0).latencies_us, tally.measured(0).good) == ((250_000,) * 4, 3)
