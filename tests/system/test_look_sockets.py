"""Who listens where, as the kernel lists it, and which socket an address leads to."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from portico.model.seen import ListenerSeen
from portico.system import accounts
from portico.system.look import diag
from portico.system.look.sockets import at, listeners
from portico.system.sockets import free_port
from support.stack import until


def listening(host: str, backlog: int = 5, only: bool = True, port: int = 0) -> socket.socket:
    """A listening socket, on a port of its own if none is named; a unix socket where `host` is a path."""
    family = socket.AF_UNIX if "/" in host or host.startswith("\0") else socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    made.bind(host if family == socket.AF_UNIX else (host, port))
    made.listen(backlog)
    return made


def addresses(wanted: str) -> list[str]:
    return [seen.address for seen in at(listeners(), wanted)]


@pytest.fixture(params=["netlink", "proc"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to ask the kernel have to tell the same."""
    if request.param == "proc":

        def refuse(_request: bytes) -> Iterator[bytes]:
            raise PermissionError
            yield b""

        monkeypatch.setattr(diag, "_dump", refuse)
    return str(request.param)


def test_a_tcp_listener_with_its_process_account_and_queue(source: str) -> None:
    with closing(listening("127.0.0.1", backlog=5)) as made, ExitStack() as waiting:
        port = made.getsockname()[1]
        for _ in range(3):
            waiting.enter_context(socket.create_connection(("127.0.0.1", port)))
        # The kernel may still be at the last step of the last of them.
        (seen,) = until(lambda: (found := at(listeners(), f"127.0.0.1:{port}")) and found[0].queue == 3 and found)
        assert seen.address == f"127.0.0.1:{port}"
        assert seen.pids == (os.getpid(),)
        assert seen.user == accounts.ourselves().name
        assert seen.backlog == (5 if source == "netlink" else None)
    assert addresses(f"127.0.0.1:{port}") == []


def test_a_unix_listener(source: str, tmp_path: Path) -> None:
    path = str(tmp_path / "app.sock")
    with closing(listening(path, backlog=7)) as made, socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(path)
        (seen,) = at(listeners(), f"unix:{path}")
        assert (seen.address, seen.pids) == (f"unix:{path}", (os.getpid(),))
        if source == "netlink":
            assert (seen.queue, seen.backlog) == (1, 7)
        made.accept()[0].close()
        assert at(listeners(), f"unix:{path}")[0].queue in (0, None)


def test_a_bound_socket_that_does_not_listen_is_none(source: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix, socket.socket() as tcp:
        unix.bind(str(tmp_path / "s"))
        tcp.bind(("127.0.0.1", 0))
        assert addresses(f"unix:{tmp_path}/s") == []
        assert addresses(f"127.0.0.1:{tcp.getsockname()[1]}") == []


def test_two_sockets_on_one_path_are_two(source: str, tmp_path: Path) -> None:
    path = str(tmp_path / "app.sock")
    with closing(listening(path)):
        Path(path).unlink()
        with closing(listening(path)):
            assert addresses(f"unix:{path}") == [f"unix:{path}"] * 2


def test_a_path_leads_through_links(source: str, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "real/app.sock").symlink_to("app-7.sock")
    bound = str(tmp_path / "real/app-7.sock")
    with closing(listening(bound)):
        for path in (bound, f"{tmp_path}/folder/app-7.sock", f"{tmp_path}/folder/app.sock", f"{bound}:"):
            assert addresses(f"unix:{path}") == [f"unix:{bound}"], path
        assert addresses(f"unix:{tmp_path}/real/app-8.sock") == []


def test_a_path_bound_relative_to_the_folder_of_its_process(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(listening("./app.sock")):
        assert addresses(f"unix:{tmp_path}/app.sock") == [f"unix:{tmp_path}/app.sock"]


def test_an_abstract_name(source: str) -> None:
    name = f"look-{os.getpid()}"
    with closing(listening(f"\0{name}")):
        assert addresses(f"unix:@{name}") == [f"unix:@{name}"]


def test_a_wildcard_takes_every_address_of_this_machine_and_of_its_family(source: str) -> None:
    with closing(listening("0.0.0.0")) as made:
        port = made.getsockname()[1]
        expected = [f"0.0.0.0:{port}"]
        for host in ("127.0.0.1", "127.0.0.9", "localhost", "0.0.0.0"):
            assert addresses(f"{host}:{port}") == expected, host
        for host in ("[::1]", "192.0.2.7", "backend.invalid"):
            assert addresses(f"{host}:{port}") == [], host


def test_an_address_of_one_family_is_not_the_others(source: str) -> None:
    # Nobody else listens there for the other family.
    port = free_port()
    with closing(listening("::1", port=port)):
        assert addresses(f"[::1]:{port}") == [f"[::1]:{port}"]
        assert addresses(f"127.0.0.1:{port}") == []


def test_a_wildcard_of_ipv6_takes_ipv4_only_where_it_says_so() -> None:
    port = free_port()
    with closing(listening("::", only=True, port=port)), closing(listening("::", only=False)) as both:
        other = both.getsockname()[1]
        assert addresses(f"[::1]:{port}") == [f"[::]:{port}"]
        assert addresses(f"127.0.0.1:{port}") == []
        assert addresses(f"[::1]:{other}") == [f"[::]:{other}"]
        assert addresses(f"127.0.0.1:{other}") == [f"0.0.0.0:{other}"]


@pytest.mark.parametrize("address", ["", "nonsense", ":80", "unix:", "unix:a\0b", "[::1", "127.0.0.1:http"])
def test_an_address_that_is_none_leads_nowhere(address: str) -> None:
    assert at([ListenerSeen("127.0.0.1:80"), ListenerSeen("unix:/run/app.sock")], address) == ()
