"""A request's body, as an application finds it, and that nothing of it is left on the way."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from portico.inside import request_body

SIZES = (1, 65_536, 65_537, 1_000_000)


class Coming(io.BytesIO):
    """What the server reads from: uWSGI's file, which may break off."""

    breaks = False

    def read(self, size: int = -1, /) -> bytes:
        if self.breaks:
            raise OSError("the client has gone")
        # As uWSGI's does.
        return super().read(size or -1)


def called(application: Callable[..., Any], body: bytes, write: Callable[[bytes], object] = len) -> tuple[Any, Coming]:
    source = Coming(body)
    environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": source}
    return request_body.call(application, environ, lambda *_: write), source


@pytest.mark.parametrize("size", SIZES)
def test_it_is_read_as_it_came(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (answer,), source = called(lambda environ, _: [environ["wsgi.input"].read()], body)
    assert answer == body
    assert source.read() == b""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("taken", [0, 1, 65_536])
def test_what_is_left_is_off_the_way_when_the_application_has_returned(size: int, taken: int) -> None:
    _, source = called(lambda environ, _: [environ["wsgi.input"].read(taken)], b"x" * size)
    assert source.tell() == size


@pytest.mark.parametrize("size", SIZES)
def test_an_application_that_reads_while_it_answers_gets_all(size: int) -> None:
    def echo(environ: Any, _: Any) -> Any:
        while piece := environ["wsgi.input"].read(1000):
            yield piece

    body = b"0123456789" * (size // 10)
    answer, source = called(echo, body)
    assert source.tell() == len(body)
    assert b"".join(answer) == body


def test_a_reader_made_before_the_application_returned_goes_on() -> None:
    def lazily(environ: Any, _: Any) -> Any:
        read = environ["wsgi.input"].read
        first = read(70_000)
        return (part for part in (first, read(10), read()))

    body = bytes(range(250)) * 1000
    answer, _ = called(lazily, body)
    assert b"".join(answer) == body


@pytest.mark.parametrize("size", SIZES)
def test_no_bytes_are_no_bytes_and_none_means_all(size: int) -> None:
    (nothing, everything), _ = called(
        lambda environ, _: [environ["wsgi.input"].read(many) for many in (0, None)], b"x" * size
    )
    assert (nothing, len(everything)) == (b"", size)


def test_lines() -> None:
    body = b"one\n" * 30_000 + b"last"

    def lines(environ: Any, _: Any) -> Any:
        coming = environ["wsgi.input"]
        return [coming.readline(), *coming.readlines(4), *coming]

    answer, _ = called(lines, body)
    assert b"".join(answer) == body
    assert len(answer) == 30_001


def test_the_old_write_sends_when_the_body_is_off_the_way() -> None:
    seen = []

    def old(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])(b"head")
        return [environ["wsgi.input"].read()]

    source = Coming(b"x" * 100_000)
    environ = {"CONTENT_LENGTH": "100000", "wsgi.input": source}
    (rest,) = request_body.call(old, environ, lambda *_: lambda data: seen.append((data, source.tell())))
    assert seen == [(b"head", 100_000)]
    assert len(rest) == 100_000


def test_a_failing_application_fails_as_before_and_leaves_nothing() -> None:
    source = Coming(b"x" * 100_000)

    def failing(environ: Any, _: Any) -> Any:
        raise ValueError("of the application")

    with pytest.raises(ValueError, match="of the application"):
        request_body.call(failing, {"CONTENT_LENGTH": "100000", "wsgi.input": source}, lambda *_: None)
    assert source.tell() == 100_000


def test_a_client_that_goes_away_does_not_take_the_answer() -> None:
    source = Coming(b"x" * 100_000)

    def refusing(environ: Any, _: Any) -> Any:
        source.breaks = True
        return iter([b"no"])

    assert list(request_body.call(refusing, {"CONTENT_LENGTH": "100000", "wsgi.input": source}, lambda *_: None)) == [b"no"]


@pytest.mark.parametrize("length", ["", None, "many"])
def test_without_a_length_the_body_is_the_servers(length: str | None) -> None:
    source = Coming(b"whatever")
    environ = {"CONTENT_LENGTH": length, "wsgi.input": source}
    assert request_body.call(lambda environ, _: environ["wsgi.input"], environ, lambda *_: None) is source
