"""Who listens where, how many connections wait there, and which of it an address leads to."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from portico.model.seen import ListenerSeen
from portico.system.accounts import account_name
from portico.system.look import diag
from portico.system.look.hosts import hosts

#: Descriptors are given out from below, and sockets to listen on are opened early.
_MOST_FILES = 1024
_WILDCARDS = {4: "0.0.0.0", 6: "::"}  # noqa: S104 -- compared, not bound


def listeners() -> tuple[ListenerSeen, ...]:
    """Every listening TCP and unix stream socket, with the processes that hold it as far as this account may see them.

    One entry per socket; an IPv6 wildcard that takes IPv4 too has a second one as `0.0.0.0:PORT`. The path of a unix socket
    is as it was bound, or made absolute where it was relative and its process can be seen.
    """
    found = diag.listening()
    holders = pids_with({entry.inode for entry in found})
    return tuple(seen for entry in found for seen in _seen(entry, tuple(sorted(holders.get(entry.inode, ())))))


def _seen(entry: diag.Socket, pids: tuple[int, ...]) -> Iterator[ListenerSeen]:
    host = f"[{entry.host}]" if ":" in entry.host else entry.host
    address = f"unix:{_absolute(entry.path, pids)}" if entry.path else f"{host}:{entry.port}"
    seen = ListenerSeen(address, pids, "" if entry.uid is None else account_name(entry.uid), entry.queue, entry.backlog)
    yield seen
    if entry.dual:
        yield replace(seen, address=f"0.0.0.0:{entry.port}")


def _absolute(path: str, pids: tuple[int, ...]) -> str:
    if path.startswith(("/", "@")) or not pids:
        return path
    try:
        return os.path.normpath(os.path.join(os.readlink(f"/proc/{pids[0]}/cwd"), path))  # noqa: PTH115, PTH118
    except OSError:
        return path


def pids_with(inodes: set[int]) -> dict[int, set[int]]:
    """Who has each of those sockets open, as far as this account may see it."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, set[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if entry.isdigit():
            for link in _links(f"/proc/{entry}/fd"):
                if link in wanted:
                    found.setdefault(wanted[link], set()).add(int(entry))
    return found


def _links(folder: str) -> Iterator[str]:
    try:
        names = os.listdir(folder)[:_MOST_FILES]  # noqa: PTH208
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink(f"{folder}/{name}")  # noqa: PTH115
        except OSError:
            continue


def at(listeners: Sequence[ListenerSeen], address: str) -> tuple[ListenerSeen, ...]:
    """Those that a connection to `127.0.0.1:8000`, `[::1]:80`, `localhost:80` or `unix:/path` may reach.

    A wildcard listener is meant only by an address of this machine; names are those of /etc/hosts. Two paths are the same
    socket when they lead to the same place, symbolic links resolved.
    """
    if address.startswith("unix:"):
        wanted = _real(address)
        return tuple(seen for seen in listeners if seen.address.startswith("unix:") and _real(seen.address) == wanted)
    host, _, port = address.rpartition(":")
    wanted_all = {text for name in _literals(host.strip("[]")) for text in _covering(name, port)}
    return tuple(seen for seen in listeners if seen.address in wanted_all)


def _real(address: str) -> str:
    """nginx writes a unix address with a colon behind the path where a URI may follow."""
    path = address.removeprefix("unix:").removesuffix(":")
    return path if path.startswith("@") or "\0" in path else os.path.realpath(path)


def _literals(host: str) -> Iterable[str]:
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        known = hosts().get(host.lower(), ())
        return known or (("127.0.0.1", "::1") if host.lower() == "localhost" else ())


def _covering(literal: str, port: str) -> Iterator[str]:
    try:
        version = ipaddress.ip_address(literal).version
    except ValueError:
        return
    yield f"[{literal}]:{port}" if version == 6 else f"{literal}:{port}"
    if _is_ours(literal, version):
        wildcard = _WILDCARDS[version]
        yield f"[{wildcard}]:{port}" if version == 6 else f"{wildcard}:{port}"


def _is_ours(literal: str, version: int) -> bool:
    """Whether the address is one of this machine's: only then can a socket be bound to it."""
    try:
        with socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((literal, 0))
    except OSError:
        return False
    return True
