"""One request, and whatever comes back."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portico.model.seen import Exchange
from portico.system.look import ask
from portico.system.sockets import free_port


@contextmanager
def peer(talk: Callable[[socket.socket], None], path: str = "") -> Iterator[tuple[str, int]]:
    """Something that accepts one connection and does `talk` with it."""
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as listener:
        listener.bind(path or ("127.0.0.1", 0))
        listener.listen(1)

        def serve() -> None:
            try:
                with listener.accept()[0] as stream:
                    talk(stream)
            except OSError:
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield (f"unix:{path}", 0) if path else listener.getsockname()
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


def answered(data: bytes, timeout_s: float = 20.0, method: str = "GET", stay: bool = False) -> Exchange:
    """The exchange with a peer that reads the request, says `data`, and closes (`stay`: only when we do)."""

    def talk(stream: socket.socket) -> None:
        stream.recv(65536)
        stream.sendall(data)
        if stay:
            while stream.recv(65536):
                pass

    with peer(talk) as (host, port):
        return ask.http("http", host, port, "/a?b=1", method=method, timeout_s=timeout_s)


def test_a_good_answer() -> None:
    seen = answered(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n<p>hello")
    assert (seen.status, seen.stage, seen.error, seen.errno) == (200, "done", "", 0)
    assert seen.headers == (("content-type", "text/html"), ("set-cookie", "a"), ("set-cookie", "b"))
    assert (seen.body, seen.size, seen.method, seen.path) == (b"<p>hello", 8, "GET", "/a?b=1")
    assert seen.address.startswith("127.0.0.1:")
    assert seen.host == seen.address


@pytest.mark.parametrize(
    ("data", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, b""),
        (b"HTTP/1.0 500\nContent-Length: 1\n\nx", 500, b"x"),
    ],
)
def test_an_answer_ends_where_it_says_even_if_the_peer_does_not_close(data: bytes, status: int, body: bytes) -> None:
    seen = answered(data, stay=True)
    assert (seen.status, seen.body, seen.stage, seen.error) == (status, body, "done", "")


def test_head_has_no_body() -> None:
    seen = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", method="HEAD", stay=True)
    assert (seen.status, seen.size, seen.stage) == (200, 0, "done")


def test_a_redirect_is_an_answer() -> None:
    seen = answered(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    assert (seen.status, seen.header("Location")) == (302, "/elsewhere")


@pytest.mark.parametrize(
    "data", [b"\x00\xff\x15junk", b"hello\n", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"Status: 200\r\n\r\n"]
)
def test_what_is_no_http_is_shown(data: bytes) -> None:
    seen = answered(data)
    assert (seen.status, seen.stage, seen.errno) == (0, "read", 0)
    assert seen.error == f"not an HTTP answer: {data!r}"
    assert (seen.body, seen.size) == (data, len(data))


def test_a_close_without_a_byte() -> None:
    seen = answered(b"")
    assert (seen.status, seen.stage, seen.error) == (0, "read", "the connection was closed without an answer")


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Ty", 0, "within the head"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 200, "after 3 of 10 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 200, "after 2 bytes"),
    ],
)
def test_an_answer_cut_off(data: bytes, status: int, says: str) -> None:
    seen = answered(data)
    assert (seen.status, seen.stage) == (status, "read")
    assert says in seen.error


def test_a_reset() -> None:
    def talk(stream: socket.socket) -> None:
        stream.recv(65536)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with peer(talk) as (host, port):
        seen = ask.http("http", host, port, "/")
    assert (seen.status, seen.stage, seen.errno) == (0, "read", errno.ECONNRESET)


def test_silence_ends_after_the_time_given() -> None:
    seen = answered(b"", timeout_s=1.5, stay=True)
    assert (seen.status, seen.stage, seen.errno, seen.error) == (0, "read", errno.ETIMEDOUT, "no answer within 1.5 s")
    assert seen.duration_s >= 1.5


def test_an_answer_that_stalls_keeps_its_status() -> None:
    seen = answered(b"HTTP/1.1 200 OK\r\n\r\nhalf", timeout_s=4, stay=True)
    assert (seen.status, seen.stage, seen.errno, seen.body) == (200, "read", errno.ETIMEDOUT, b"half")


@pytest.mark.parametrize("head", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\nffffff\r\n"])
def test_an_endless_body_is_read_up_to_a_limit(head: bytes) -> None:
    def talk(stream: socket.socket) -> None:
        stream.recv(65536)
        stream.sendall(b"HTTP/1.1 200 OK\r\n" + head)
        while True:
            stream.sendall(b"x" * 65536)

    with peer(talk) as (host, port):
        seen = ask.http("http", host, port, "/")
    assert (seen.status, seen.error, len(seen.body)) == (200, "", ask.KEPT)
    assert ask.READ_LIMIT - 1024 <= seen.size <= ask.READ_LIMIT + 65536


def test_an_endless_head_is_no_answer() -> None:
    seen = answered(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000)
    assert seen.status == 0
    assert seen.error.startswith("not an HTTP answer")


def test_what_is_sent(tmp_path: Path) -> None:
    got: list[bytes] = []

    def talk(stream: socket.socket) -> None:
        while not got or not got[-1].endswith(b"body"):
            got.append(stream.recv(65536))
        stream.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    path = str(tmp_path / "s")
    headers = {"Host": "a.example", "X-Request-ID": "id-1", "X-Bad": "a\r\nInjected: b"}
    with peer(talk, path) as (host, port):
        seen = ask.http("http", host, port, "/\u00e9 x?q=%20", method="POST", headers=headers, body=b"body")
    text = b"".join(got).decode()
    assert text.startswith("POST /%C3%A9%20x?q=%20 HTTP/1.1\r\n")
    assert "Connection: close\r\n" in text
    assert "Content-Length: 4\r\n" in text
    assert "\r\nInjected" not in text
    assert text.count("Host:") == 1
    assert (seen.status, seen.host, seen.request_id, seen.address) == (204, "a.example", "id-1", f"unix:{path}")


def test_an_answer_before_the_body_was_read_counts(tmp_path: Path) -> None:
    def talk(stream: socket.socket) -> None:
        stream.recv(1)
        stream.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        stream.shutdown(socket.SHUT_RD)

    with peer(talk, str(tmp_path / "s")) as (host, port):
        seen = ask.http("http", host, port, "/", method="POST", body=b"x" * (8 << 20))
    assert (seen.status, seen.stage, seen.error) == (413, "done", "")


def test_nobody_there(tmp_path: Path) -> None:
    refused = ask.http("http", "127.0.0.1", free_port(), "/")
    assert (refused.status, refused.stage, refused.errno) == (0, "connect", errno.ECONNREFUSED)
    absent = ask.http("http", f"unix:{tmp_path}/no", 0, "/")
    assert (absent.stage, absent.errno) == ("connect", errno.ENOENT)
    stale = str(tmp_path / "stale")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(stale)
    assert ask.uwsgi(f"unix:{stale}", b"", "GET", "/", "h", 1).errno == errno.ECONNREFUSED


def test_a_full_listen_queue_of_a_unix_socket_is_the_errno_that_nginx_sees(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(path)
        listener.listen(0)
        waiting.connect(path)
        seen = ask.uwsgi(f"unix:{path}", b"", "GET", "/", "h", 0.5)
    assert (seen.status, seen.stage, seen.errno) == (0, "connect", errno.EAGAIN)


@pytest.mark.parametrize(
    ("host", "port"),
    [("127.0.0.1", 70000), ("unix:/" + "x" * 200, 0), ("no such name.invalid", 80), ("unix:a\0b", 0), ("", 0)],
)
def test_an_address_that_is_none_raises_nothing(host: str, port: int) -> None:
    seen = ask.http("http", host, port, "/", timeout_s=5)
    assert (seen.status, seen.stage) == (0, "connect")
    assert seen.error


def test_uwsgi_sends_the_packet_and_reads_http(tmp_path: Path) -> None:
    got: list[bytes] = []

    def talk(stream: socket.socket) -> None:
        got.append(stream.recv(65536))
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with peer(talk, str(tmp_path / "s")) as (address, _):
        seen = ask.uwsgi(address, b"\0\1\0\0x", "GET", "/p", "h.example", 5, request_id="r")
    assert got == [b"\0\1\0\0x"]
    assert (seen.protocol, seen.status, seen.body, seen.path, seen.host, seen.request_id) == (
        "uwsgi",
        200,
        b"ok",
        "/p",
        "h.example",
        "r",
    )


def test_uwsgi_may_say_its_status_as_cgi_does() -> None:
    with peer(lambda stream: stream.sendall(b"Status: 404 Not Found\r\nX: y\r\n\r\nno")) as (host, port):
        seen = ask.uwsgi(f"{host}:{port}", b"x", "GET", "/", "h", 5)
    assert (seen.status, seen.header("x"), seen.body) == (404, "y", b"no")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    target = tmp_path / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=other.example"]
    subprocess.run(
        [*command, "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")], check=True, capture_output=True
    )
    target.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "cert").read_bytes())
    return target


def test_tls_with_any_certificate_and_the_name_of_the_host_header(certificate: Path) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def talk(stream: socket.socket) -> None:
        with context.wrap_socket(stream, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 200 OK\r\n\r\nsecret")

    with peer(talk) as (host, port):
        seen = ask.http("https", host, port, "/", headers={"Host": "site.example:8443"})
    assert (seen.status, seen.body, seen.error) == (200, b"secret", "")
    assert names == ["site.example"]


def test_tls_to_a_port_without_it() -> None:
    def talk(stream: socket.socket) -> None:
        stream.recv(65536)
        stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with peer(talk) as (host, port):
        seen = ask.http("https", host, port, "/")
    assert (seen.status, seen.stage, seen.errno) == (0, "connect", 0)
    assert seen.error.startswith("TLS failed")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    port = free_port()
    before = _open_files()
    answered(b"")
    ask.http("http", f"unix:{tmp_path}/no", 0, "/")
    ask.http("https", "127.0.0.1", port, "/")
    assert _open_files() - before == set()


def _open_files() -> set[tuple[str, str]]:
    """Our descriptors and what each leads to. What others have left open may be closed at any moment, as garbage."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        # Not the one that is open for this look.
        with contextlib.suppress(FileNotFoundError):
            found.add((path.name, str(path.readlink())))
    return found
