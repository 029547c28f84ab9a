"""A port that is given away is nobody else's, and whoever was told of it can listen there."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portico.system.sockets import bind_error, free_port


def test_a_free_port_is_given_to_one_alone() -> None:
    ports = [free_port() for _ in range(60)]
    ask = "from portico.system.sockets import free_port\nfor _ in range(60): print(free_port())"
    other = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    assert len({*ports, *map(int, other.stdout.split())}) == 120
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", ports[0]))


def test_who_names_a_free_port_can_listen_there_and_connections_come_to_it() -> None:
    port = free_port()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert bind_error("127.0.0.1", port) == bind_error("*", port) == 0
    # What listens there may also be started anew.
    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port), 5):
            server.accept()[0].close()


def test_no_connection_begins_from_a_free_port() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    if first <= 10_240:
        pytest.skip("this kernel lets connections begin everywhere")
    assert all(10_240 <= free_port() < first for _ in range(20))


def test_any_number_of_free_ports_may_be_asked_for() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(300):
        free_port()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 100
