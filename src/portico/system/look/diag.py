"""Listening sockets as the kernel lists them: over netlink (sock_diag(7)), where that is shut in /proc/net (proc(5))."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SOCK_DIAG = 4
_BY_FAMILY = 20
_DUMP = 0x301
_LISTEN = 10
_DONE, _ERROR = 3, 2
_V6ONLY = 11
_NAME, _RQLEN, _UID = 0, 4, 7
_SHOW = 0x01 | 0x10 | 0x40
_ACCEPTS = 0x10000


@dataclass(frozen=True)
class Socket:
    """One listening socket. `host` is an address in its shortest form; a `path` that begins with `@` is abstract. `dual`: an
    IPv6 socket that takes IPv4 connections too. `uid` is None when it is not told; so are `queue` and `backlog`."""

    inode: int
    host: str = ""
    port: int = 0
    path: str = ""
    dual: bool = False
    uid: int | None = None
    queue: int | None = None
    backlog: int | None = None


def listening() -> tuple[Socket, ...]:
    """Every listening TCP and unix stream socket of our network namespace."""
    try:
        unix = list(_unix())
    except OSError:
        unix = list(_unix_rows())
    return (*listening_tcp(), *unix)


def listening_tcp() -> tuple[Socket, ...]:
    """Those of TCP. The kernel picks them out: a busy machine has thousands of rows besides."""
    try:
        return (*_tcp(socket.AF_INET), *_tcp(socket.AF_INET6))
    except OSError:
        return tuple(_tcp_rows())


def _tcp(family: int) -> Iterator[Socket]:
    request = struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, 0, 1 << _LISTEN)
    for message in _dump(request):
        port = struct.unpack_from("!H", message, 4)[0]
        size = 4 if family == socket.AF_INET else 16
        host = socket.inet_ntop(family, message[8 : 8 + size])
        queue, backlog, uid, inode = struct.unpack_from("=IIII", message, 56)
        host = host.removeprefix("::ffff:") if "." in host else host
        only = _attributes(message[72:]).get(_V6ONLY, b"\1")
        dual = family == socket.AF_INET6 and host == "::" and only[:1] == b"\0"
        yield Socket(inode, host, port, dual=dual, uid=uid, queue=queue, backlog=backlog)


def _unix() -> Iterator[Socket]:
    request = struct.pack("=BBxxIIIII", socket.AF_UNIX, 0, 1 << _LISTEN, 0, _SHOW, 0, 0)
    for message in _dump(request):
        inode = struct.unpack_from("=I", message, 4)[0]
        found = _attributes(message[16:])
        name = found.get(_NAME, b"")
        if message[1] != socket.SOCK_STREAM or not name:
            continue
        path = "@" + os.fsdecode(name[1:]) if name[:1] == b"\0" else os.fsdecode(name.split(b"\0")[0])
        queue, backlog = struct.unpack("=II", found[_RQLEN]) if _RQLEN in found else (None, None)
        uid = struct.unpack("=I", found[_UID])[0] if _UID in found else None
        yield Socket(inode, path=path, uid=uid, queue=queue, backlog=backlog)


def _dump(request: bytes) -> Iterator[bytes]:
    """The messages that answer one request. Raises OSError where the kernel has no such list or shows it to nobody."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as link:
        link.settimeout(1)
        link.send(struct.pack("=IHHII", 16 + len(request), _BY_FAMILY, _DUMP, 1, 0) + request)
        while True:
            data = link.recv(1 << 18)
            while len(data) >= 16:
                length, kind = struct.unpack_from("=IH", data)
                if kind == _ERROR:
                    number = -struct.unpack_from("=i", data, 16)[0]
                    raise OSError(number, os.strerror(number))
                if kind == _DONE or length < 16:
                    return
                yield data[16:length]
                data = data[length + 3 & ~3 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[kind] = data[4:length]
        data = data[length + 3 & ~3 :]
    return found


def _tcp_rows() -> list[Socket]:
    four = list(_table("/proc/net/tcp", socket.AF_INET))
    taken = {entry.port for entry in four if entry.host == "0.0.0.0"}  # noqa: S104 -- compared, not bound
    six = _table("/proc/net/tcp6", socket.AF_INET6)
    # The table does not tell; beside a wildcard of IPv4 there can be no socket for both.
    return four + [
        Socket(one.inode, one.host, one.port, dual=one.host == "::" and one.port not in taken, uid=one.uid, queue=one.queue)
        for one in six
    ]


def _table(path: str, family: int) -> Iterator[Socket]:
    for fields in (row.split() for row in _rows(path)):
        if len(fields) > 9 and fields[3] == "0A":
            address, _, port = fields[1].partition(":")
            words = struct.unpack(f"!{len(address) // 8}I", bytes.fromhex(address))
            host = socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
            queue = int(fields[4].partition(":")[2], 16)
            yield Socket(int(fields[9]), host, int(port, 16), uid=int(fields[7]), queue=queue)


def _unix_rows() -> Iterator[Socket]:
    for fields in (row.split(maxsplit=7) for row in _rows("/proc/net/unix")):
        if len(fields) == 8 and fields[4] == "0001" and int(fields[3], 16) & _ACCEPTS:
            yield Socket(int(fields[6]), path=fields[7])


def _rows(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="surrogateescape").splitlines()[1:]
    except OSError:
        return []
