"""Names of hosts as addresses, within a time: the C library may wait half a minute for name servers that are silent."""

from __future__ import annotations

import ipaddress
import socket
import time

from portico.system.later import Later

#: An answer, good or bad, is not asked for again for so long.
_FRESH_S = 20.0
_known: dict[tuple[str, int], tuple[float, Later[tuple[tuple[int, str], ...]]]] = {}


def addresses(host: str, port: int, patience_s: float = 5.0) -> tuple[tuple[int, str], ...]:
    """The address families and addresses of a name, in the order in which the system would try them; of a literal
    (`::1`, also `fe80::1%eth0`), itself. Raises socket.gaierror where there is none, or nobody answered in time."""
    if literal := _literal(host):
        return (literal,)
    began, asked = _known.get((host, port), (0.0, None))
    if asked is None or time.monotonic() - began > _FRESH_S:
        began, asked = time.monotonic(), Later(lambda: _asked(host, port))
        _known[(host, port)] = (began, asked)
    try:
        return asked.result(max(0.0, patience_s))
    except TimeoutError:
        raise socket.gaierror(socket.EAI_AGAIN, f"no name server answered within {patience_s:.0f} s") from None


def _literal(host: str) -> tuple[int, str] | None:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    return (socket.AF_INET6 if version == 6 else socket.AF_INET), host


def _asked(host: str, port: int) -> tuple[tuple[int, str], ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (UnicodeError, ValueError, OverflowError):
        raise socket.gaierror(socket.EAI_NONAME, "it is no name of a host") from None
    return tuple(dict.fromkeys((int(entry[0]), str(entry[4][0])) for entry in found))
