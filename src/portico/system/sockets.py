"""Sockets: is a port free, who holds it, and one exchange over a unix or TCP socket."""

from __future__ import annotations

import errno
import os
import random
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from portico.system.accounts import account_name
from portico.system.look import diag

#: What `free_port` gave away: descriptors of bound sockets, the oldest first.
_HELD: list[int] = []
_MOST_HELD = 100
#: Ports below are those that services are known by.
_LOWEST_PORT = 10_240


@dataclass(frozen=True)
class Holder:
    """Who listens on a port. `pid` 0 and an empty `command` mean the kernel shows only the account."""

    pid: int
    user: str
    command: str
    address: str


def bind_error(host: str, port: int) -> int:
    """The errno that binding `host:port` gives now, or 0 when it is free. `*` means every IPv4 address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        probe = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        return error.errno or errno.EAFNOSUPPORT
    with probe:
        # nginx sets SO_REUSEADDR too: connections in TIME_WAIT do not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind(("" if host == "*" else host, port))
            # A bind alone succeeds beside a listener that set SO_REUSEADDR; listening does not.
            probe.listen(1)
        except socket.gaierror:
            return errno.EADDRNOTAVAIL
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0


def free_port() -> int:
    """A port of 127.0.0.1 that is free and stays so until this process ends: nobody else is given it, and only who names it
    can listen there (SO_REUSEADDR, socket(7), which nginx and uWSGI set). No connection begins from it
    (ip_local_port_range, ip(7)), so what listens there finds it free again after a restart."""
    quiet = _quiet_ports()
    for port in (*random.sample(quiet, min(len(quiet), 200)), 0):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            # Only now: two who both had set it before could both be given the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return _held(probe)
    raise OSError(errno.EADDRINUSE, "no port of 127.0.0.1 is free")


def _quiet_ports() -> range:
    """Where no connection begins; empty where the kernel leaves nothing."""
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return range(0)
    return range(_LOWEST_PORT, first)


def _held(probe: socket.socket) -> int:
    port = int(probe.getsockname()[1])
    _HELD.append(probe.detach())
    if len(_HELD) > _MOST_HELD:
        os.close(_HELD.pop(0))
    return port


def listeners(port: int) -> tuple[Holder, ...]:
    """The processes that listen on that TCP port, as far as the kernel shows them to this account: one for each socket."""
    from portico.system.look.sockets import pids_with

    there = [entry for entry in diag.listening_tcp() if entry.port == port]
    holders = pids_with({entry.inode for entry in there}) if there else {}
    found = {(holder.pid, holder.address): holder for holder in (_holder(one, holders.get(one.inode)) for one in there)}
    return tuple(found.values())


def _holder(entry: diag.Socket, pids: set[int] | None) -> Holder:
    address = f"{entry.host}:{entry.port}"
    if pids:
        try:
            process = psutil.Process(min(pids))
            # Workers inherit their master's socket; stopping one would only make the master start another.
            while (parent := process.parent()) and parent.pid in pids:
                process = parent
            command = " ".join(process.cmdline()).strip() or process.name()
            return Holder(process.pid, process.username(), command, address)
        except psutil.Error:
            pass
    # The kernel tells the account even where the process is hidden (sock_diag(7), proc(5)).
    return Holder(0, "?" if entry.uid is None or not entry.inode else account_name(entry.uid), "", address)


def connect(address: str, timeout_s: float) -> socket.socket:
    """A stream to `unix:/path` or `host:port`. Raises OSError."""
    if not address.startswith("unix:"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout_s)
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.settimeout(timeout_s)
        stream.connect(address.removeprefix("unix:"))
    except BaseException:
        stream.close()
        raise
    return stream


def exchange(address: str, payload: bytes, timeout_s: float, limit: int = 1 << 20) -> bytes:
    """Send `payload` to `unix:/path` or `HOST:PORT` and read the answer until the peer closes.

    Raises OSError (refused, absent, reset) or TimeoutError. At most `limit` bytes are read.
    """
    with connect(address, timeout_s) as stream:
        if payload:
            stream.sendall(payload)
        chunks: list[bytes] = []
        size = 0
        while size < limit and (chunk := stream.recv(65536)):
            chunks.append(chunk)
            size += len(chunk)
    return b"".join(chunks)


def is_bound(path: str) -> bool:
    """Whether somebody listens on that unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def is_accepting(host: str, port: int) -> bool:
    """Whether somebody accepts connections on that TCP address."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def somaxconn() -> int:
    """The kernel's limit for a listen queue; 128 where it cannot be read (listen(2))."""
    try:
        return int(Path("/proc/sys/net/core/somaxconn").read_text())
    except (OSError, ValueError):
        return 128


def queue_lengths() -> dict[str, int]:
    """Connections waiting in the accept queue of each listening unix socket, by path.

    uWSGI's own figure is always 0 for unix sockets; the kernel counts peers of a listening socket that are
    connected but not accepted as rows in state 02 (connecting) with the same path (proc(5), unix(7)).
    """
    waiting: dict[str, int] = {}
    try:
        rows = Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:]
    except OSError:
        return waiting
    for row in rows:
        fields = row.split(maxsplit=7)
        if len(fields) == 8:
            waiting.setdefault(fields[7], 0)
            if fields[5] == "02":
                waiting[fields[7]] += 1
    return waiting
