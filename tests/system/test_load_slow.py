"""Slow clients, and what processes have used."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

from portico.system.load import slow_clients
from portico.system.usage import cpu_us, pss_bytes, tree
from support.raw_server import raw_server


def test_half_send_headers_byte_by_byte_the_others_a_body() -> None:
    seen: dict[int, bytes] = {}
    enough = threading.Event()

    def handler(connection: socket.socket, number: int) -> None:
        seen[number] = b""
        while data := connection.recv(65536):
            seen[number] += data
            # The others' threads add theirs meanwhile.
            came = list(seen.values())
            bodies = [one.partition(b"\r\n\r\n")[2] for one in came]
            if len(came) == 4 and all(came) and sum(len(body) > 2 for body in bodies) == 2:
                enough.set()

    with raw_server(handler) as port, slow_clients("127.0.0.1", port, 4, "/up/", byte_s=0.02) as end:
        assert enough.wait(30)
        held = end()
    assert (held.held, held.opened) == (4, 4)
    posts = [one for one in seen.values() if one.startswith(b"POST /up/ HTTP/1.1\r\nHost: localhost\r\n")]
    assert len(posts) == 2
    assert all(b"\r\nContent-Length: 100000\r\n" in one for one in posts)
    heads = [one for one in seen.values() if one not in posts]
    assert all(b"GET /up/ HTTP/1.1\r\n".startswith(one[:19]) and b"\r\n\r\n" not in one for one in heads)


def test_what_the_server_closes_is_opened_again() -> None:
    again = threading.Event()

    def handler(connection: socket.socket, number: int) -> None:
        if number < 4:
            connection.recv(1)
            return
        again.set()
        while connection.recv(65536):
            pass

    with raw_server(handler) as port, slow_clients("127.0.0.1", port, 2, "/", byte_s=0.02) as end:
        assert again.wait(30)
        held = end()
    assert held.opened >= 5
    assert 1 <= held.held <= 2


def test_a_tree_of_processes_and_what_it_used() -> None:
    busy = "import sys; sum(range(10**6)); print(1, flush=True); sys.stdin.read()"
    code = (
        f"import subprocess, sys\nwith subprocess.Popen([sys.executable, '-c', {busy!r}], stdout=subprocess.PIPE) as child:"
        " print(child.pid, child.stdout.readline(), flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin
        assert parent.stdout
        child = int(parent.stdout.readline().split()[0])
        pids = tree(parent.pid)
        assert pids == {parent.pid, child}
        assert tree(os.getpid()) >= pids
        assert cpu_us(pids) > cpu_us([child]) > 1000
        assert pss_bytes(pids) > pss_bytes([child]) > 1_000_000
        parent.stdin.close()
    assert cpu_us(pids) == pss_bytes(pids) == 0
