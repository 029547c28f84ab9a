"""URLs that lead nowhere or to strange peers, and processes that die while the doctor looks at them."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from catalogue.answers import apart, sound
from catalogue.kit import Kit, uwsgi_params
from portico.actions.doctor import gather, visits
from support.stack import until

Talk = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For those whose answer never ends: it need not be waited for long."""
    monkeypatch.setattr(visits, "PATIENCE_S", 1.5)


@contextmanager
def peer(talk: Talk) -> Iterator[int]:
    """Something that does `talk` with whoever connects to this port of 127.0.0.1."""
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one(stream: socket.socket) -> None:
            with stream:
                stream.settimeout(60)
                with suppress(OSError):
                    talk(stream)

        def serve() -> None:
            while True:
                try:
                    stream, _ = listener.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=one, args=(stream,)))
                threads[-1].start()

        server = threading.Thread(target=serve)
        server.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join(60)
            for thread in threads:
                thread.join(60)


def silent(stream: socket.socket) -> None:
    while stream.recv(65536):
        pass


def slow(stream: socket.socket) -> None:
    stream.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000:
        stream.sendall(bytes([byte]))
        stream.settimeout(0.05)
        try:
            if not stream.recv(1):
                return
        except TimeoutError:
            pass


def endless(stream: socket.socket) -> None:
    stream.recv(65536)
    stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        stream.sendall(b"x" * 65536)


def endless_head(stream: socket.socket) -> None:
    stream.recv(65536)
    stream.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        stream.sendall(b"x: " + b"x" * 65000 + b"\r\n")


def junk(stream: socket.socket) -> None:
    stream.recv(65536)
    stream.sendall(bytes(range(256)) * 200)


def redirects(stream: socket.socket) -> None:
    stream.recv(65536)
    stream.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://[::zz]/\r\nContent-Length: 0\r\n\r\n")


def resets(stream: socket.socket) -> None:
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize("talk", [silent, slow, endless, endless_head, junk, redirects, resets])
def test_a_peer_that_is(kit: Kit, talk: Talk, request: pytest.FixtureRequest) -> None:
    if talk in (silent, slow):
        request.getfixturevalue("impatient")
    with peer(talk) as port:
        envelope = sound(kit.portico("doctor", f"http://127.0.0.1:{port}/page"))
    (visit,) = envelope["result"]["visits"]
    assert len(visit["line"]) < 500
    assert envelope["result"]["healthy"] is (talk in (endless, redirects))


def test_a_peer_that_takes_no_connection(kit: Kit, impatient: None) -> None:
    """Its queue is full, and the kernel drops what comes: as behind a firewall."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        envelope = sound(kit.portico("doctor", f"http://127.0.0.1:{listener.getsockname()[1]}/"), code=1)
        for other in others:
            other.close()
    assert "no answer within" in envelope["result"]["visits"][0]["line"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{spare}/",
        "https://127.0.0.1:{spare}/",
        "http://[::1]:{spare}/",
        "http://[fe80::1%25lo]:{spare}/",
        "http://no-such-host.invalid/",
        "http://bücher.invalid/",
        "http://a..b:{spare}/",
        "http://" + "a" * 70 + ".invalid/",
        "http://127.0.0.1:{spare}/" + "a" * 200_000,
        "http://127.0.0.1:{spare}/é/日本?q=ü#part",
        "http://127.0.0.1:{spare}/\udcff",
        "http://0:{spare}/",
    ],
    ids=lambda url: url[:40].encode("ascii", "replace").decode(),
)
def test_a_url_that_leads_nowhere(kit: Kit, url: str) -> None:
    envelope = sound(kit.portico("doctor", url.format(spare=kit.spare)), code=1)
    assert len(envelope["result"]["visits"][0]["line"]) < 700
    assert len(envelope["result"]["url"]) < 500


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "http:///path",
        "http://[::zz]/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://127.0.0.1:{spare}/a\r\nX: y\r\n\r\nGET /second HTTP/1.1",
        "http://127.0.0.1:{spare}\r\nX: y/",
        "/a\nb",
        "/nul\0",
        "http://127.0.0.1\\@127.0.0.2/",
        "127.0.0.1:8000",
    ],
)
def test_a_url_that_is_none(kit: Kit, url: str) -> None:
    envelope = kit.portico("doctor", url.format(spare=kit.spare))
    assert (envelope["code"], kit.first(envelope)) == (2, "config.E021")
    assert not any(ord(letter) < 0x20 for row in envelope["findings"][0]["evidence"] for letter in row)


def test_what_is_sent_is_one_request(kit: Kit) -> None:
    got: list[bytes] = []

    def note(stream: socket.socket) -> None:
        got.append(stream.recv(1 << 20))
        stream.sendall(OK)

    with peer(note) as port:
        sound(kit.portico("doctor", f"http://joe:pass@127.0.0.1:{port}/a b%0d%0aX: y/é?q=1#part"), code=0)
    assert [request.count(b" HTTP/1.1\r\n") for request in got] == [1] * len(got)
    assert got[0].startswith(b"GET /a%20b%0d%0aX:%20y/%C3%A9?q=1 HTTP/1.1\r\n")
    assert b"joe" not in got[0]
    assert b"pass" not in got[0]


def test_a_certificate_that_nobody_signed(kit: Kit) -> None:
    key, certificate = kit.folder / "key.pem", kit.folder / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=elsewhere.invalid"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    asked: list[bytes] = []
    over = threading.Event()

    def secured(stream: socket.socket) -> None:
        if asked:
            # Another worker, which has to begin first: it is waited for like the one before.
            over.wait(2.5)
        with context.wrap_socket(stream, server_side=True) as tls:
            asked.append(tls.recv(65536))
            tls.sendall(OK)

    with peer(secured) as port:
        envelope = sound(kit.portico("doctor", f"https://127.0.0.1:{port}/"))
    assert envelope["result"]["visits"][0]["status"] == 200
    assert "nginx.W152" in [finding["id"] for finding in envelope["findings"]]


def test_a_backend_with_a_queue_is_asked_once_and_in_its_own_protocol(kit: Kit, impatient: None) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(kit.socket)
        Path(kit.socket).chmod(0o666)
        listener.listen(16)
        # Somebody waits there, however long nginx takes until it knocks too.
        waiting.connect(kit.socket)
        waiting.sendall(b"\0mine")
        static = f"location /static/ {{ {kit.app} }}"
        kit.nginx(f"{static} location / {{ include {uwsgi_params()}; uwsgi_pass unix:{kit.socket}; }}")
        envelope = sound(kit.doctor(""), code=1)
        listener.settimeout(1)
        got: list[bytes] = []
        while True:
            try:
                stream, _ = listener.accept()
            except TimeoutError:
                break
            with stream:
                stream.settimeout(1)
                got.append(stream.recv(65536))
    assert [visit["for"] for visit in envelope["result"]["visits"]] == ["asked"]
    # Beside that one nginx's own, and one of ours: both in the uwsgi protocol, whose packets begin with a zero.
    assert [packet[:1] for packet in got] == [b"\0", b"\0", b"\0"]


def test_a_death_is_told_of_by_a_master_that_is_late(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "_LOG_DELAY_S", 0.1)
    kit.write("project/dies.py", "import os\n\ndef application(environ, start_response):\n    os.kill(os.getpid(), 9)\n")
    flags = ("--master", "-p2", "--module=dies", "--chmod-socket=666", "--socket", kit.socket)
    master = kit.uwsgi(*flags, ready="spawned uWSGI worker 2.*\n")
    kit.nginx(f"location / {{ {kit.app} }}")
    workers = [int(pid) for pid in re.findall(r"spawned uWSGI worker \d \(pid: (\d+)", kit.log.read_text())]
    over = threading.Event()

    def late() -> None:
        until(lambda: any(") Z " in Path(f"/proc/{pid}/stat").read_text() for pid in workers), 60)
        over.wait(2)
        os.kill(master.pid, signal.SIGCONT)

    waker = threading.Thread(target=late)
    os.kill(master.pid, signal.SIGSTOP)
    waker.start()
    envelope = sound(kit.doctor(), code=1)
    over.set()
    waker.join(60)
    assert kit.first(envelope) == "uwsgi.E152"


def test_everything_dies_and_comes_back_meanwhile(kit: Kit) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    over = threading.Event()
    running = kit.processes[:]
    commands = [list(process.args) for process in running]  # type: ignore[call-overload]

    def churn() -> None:
        while not over.wait(0.07):
            for number, command in enumerate(commands):
                os.killpg(running[number].pid, signal.SIGKILL)
                running[number].wait(60)
                running[number] = subprocess.Popen(
                    command,
                    cwd=kit.project,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                kit.processes.append(running[number])

    killer = threading.Thread(target=churn)
    killer.start()
    try:
        for _ in range(3):
            # Apart from us: it changes its account for a moment, and threads share theirs.
            sound(apart(kit, "doctor", kit.url, "--nginx", f"{kit.folder}/nginx.conf", "--json").json)
    finally:
        over.set()
        killer.join(120)
