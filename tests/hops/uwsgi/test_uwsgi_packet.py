"""The uwsgi protocol: packets, heads, and the request that asks an instance whether it serves."""

from __future__ import annotations

from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.hops.uwsgi.packet import ResponseHead, decode, encode, parse_head
from portico.hops.uwsgi.probe import request_variables


def test_a_packet_is_what_the_protocol_says() -> None:
    assert encode({"QUERY_STRING": "", "A": "é"}) == b"\x00\x17\x00\x00\x0c\x00QUERY_STRING\x00\x00\x01\x00A\x02\x00\xc3\xa9"


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=20))
def test_a_packet_is_read_back_as_it_was(variables: dict[str, str]) -> None:
    assert decode(encode(variables) + b"the body") == variables


@given(st.binary(max_size=60))
def test_garbage_is_a_value_error_or_a_packet(data: bytes) -> None:
    for packet in (data, b"\0" + len(data).to_bytes(2, "little") + b"\0" + data):
        try:
            decode(packet)
        except ValueError:
            continue


def test_what_does_not_fit_is_refused() -> None:
    assert len(encode({"A": "x" * 65530})) == 4 + 65535
    with pytest.raises(ValueError, match="do not fit a uwsgi packet"):
        encode({"A": "x" * 65531})
    with pytest.raises(ValueError, match="does not fit a uwsgi packet"):
        encode({"A": "x" * 65536})


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"\0\0", "starts with four bytes"),
        (b"GET / HTTP/1.1\r\n", "modifier 71"),
        (b"\0\5\0\0abc", "says 5 bytes and has 3"),
        (b"\0\1\0\0\1", "size in the packet is cut short"),
        (b"\0\3\0\0\5\0a", "text in the packet is cut short"),
        (b"\0\3\0\0\1\0a", "'a' has no value"),
    ],
)
def test_a_broken_packet_says_what_is_wrong(packet: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode(packet)


def test_the_head_of_an_answer() -> None:
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\nset-cookie: b:2\r\n\r\n<html>"
    head = parse_head(answer)
    assert head == ResponseHead(404, (("content-type", "text/html"), ("set-cookie", "a=1"), ("set-cookie", "b:2")))
    assert head.header("Content-Type") == "text/html" and head.header("SET-COOKIE") == "a=1"
    assert head.header("location") is None
    assert parse_head(b"HTTP/1.0 200 \r\n\r\n").status == 200


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\n", "not an HTTP answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "not a header"),
    ],
)
def test_what_is_no_answer_says_so(answer: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_head(answer)


def test_the_variables_are_a_whole_wsgi_environment() -> None:
    environ: dict[str, object] = {}
    setup_testing_defaults(environ)
    variables = request_variables("shop.example:8443", "/caf%C3%A9/?q=a%20b&r", "00ff", scheme="https", port=8443)
    environ = {k: v for k, v in environ.items() if k.startswith("wsgi.")} | variables | {"SCRIPT_NAME": ""}
    environ.pop("CONTENT_LENGTH")
    environ.pop("CONTENT_TYPE")
    environ["PATH_INFO"] = variables["PATH_INFO"].encode().decode("latin-1")

    def application(environ: dict[str, object], start_response: object) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])  # type: ignore[operator]
        return [b"ok"]

    answer = validator(application)(environ, lambda status, headers, exc_info=None: lambda data: None)
    assert list(answer) == [b"ok"]
    answer.close()  # type: ignore[attr-defined]
    assert variables["PATH_INFO"] == "/café/"
    assert variables["QUERY_STRING"] == "q=a%20b&r"
    assert variables["REQUEST_URI"] == "/caf%C3%A9/?q=a%20b&r"
    assert (variables["SERVER_NAME"], variables["SERVER_PORT"]) == ("shop.example", "8443")
    assert variables["HTTPS"] == "on" and variables["HTTP_X_FORWARDED_PROTO"] == "https"
    assert variables["HTTP_X_REQUEST_ID"] == variables["REQUEST_ID"] == "00ff"


@pytest.mark.parametrize(
    ("host", "name"), [("localhost", "localhost"), ("a:80", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]")]
)
def test_the_server_name_is_the_host_without_its_port(host: str, name: str) -> None:
    assert request_variables(host, "/", "0")["SERVER_NAME"] == name


def test_plain_http_says_nothing_of_tls() -> None:
    assert "HTTPS" not in request_variables("localhost", "/", "0")
