"""Raw lines of portico.toml, one directive in each, as they are for a stack that runs aside. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_LISTEN = re.compile(r"^(\s*listen\s+)(\S+?)((?:\s[^;]*)?;.*)$")
_SERVER = re.compile(r"^\s*server\s*\{")
#: Words of `listen` that mean nothing on 127.0.0.1, or that nobody here speaks.
_GONE = re.compile(r"\s(?:proxy_protocol|http2|ipv6only=\w+|reuseport|backlog=\d+)\b")
#: Limits on how often one client may ask, what would connect to somebody, and what needs another client than ours.
_LEFT = re.compile(r"^\s*(limit_req|limit_conn|http2|http3|ssl_stapling|ssl_stapling_verify)\s")
_TLS = re.compile(r"^\s*ssl(_\w+)?\s")
_LOG = re.compile(r"^(\s*)(access_log|error_log)\s+(?!off\b)(\S+?)((?:\s+[\w$]+)?)(?:\s[^;]*)?;")
_CACHE = re.compile(r"^(\s*(?:proxy|uwsgi|fastcgi|scgi)_cache_path\s+)(\S+)(.*?)(\suse_temp_path=\w+)?;\s*$")


@dataclass(frozen=True)
class Ground:
    """Where it runs: `folder` is for what it writes, `ports` are by the port's number in the lines. `plain`: no TLS, for
    want of a certificate."""

    folder: str
    ports: Mapping[str, int] = field(default_factory=dict)
    plain: bool = False


def moved(lines: Iterable[str] | None, ground: Ground) -> tuple[str, ...] | None:
    """The lines with ports, logs and caches of their own; each port is listened on once in a server."""
    if lines is None:
        return None
    kept: list[str] = []
    seen: set[int] = set()
    for number, line in enumerate(lines):
        if _LEFT.match(line) or (ground.plain and _TLS.match(line)):
            continue
        if _SERVER.match(line):
            seen = set()
        found = _LISTEN.match(line)
        if not found:
            kept.append(_placed(line, ground.folder, number))
            continue
        port = ground.ports.get(_port(found[2]))
        if port is not None and port not in seen:
            seen.add(port)
            rest = re.sub(r"\sssl\b", "", found[3]) if ground.plain else found[3]
            kept.append(f"{found[1]}127.0.0.1:{port}{_GONE.sub('', rest)}")
    return tuple(kept)


def left_out(lines: Iterable[str]) -> tuple[str, ...]:
    """The directives that `moved` leaves out, by name."""
    found = (_LEFT.match(line) for line in lines)
    return tuple(dict.fromkeys(match[1] for match in found if match))


def listens(lines: Iterable[str]) -> dict[str, bool]:
    """The ports of the `listen` lines, and whether each speaks TLS."""
    found: dict[str, bool] = {}
    for line in lines:
        match = _LISTEN.match(line)
        if match and _port(match[2]).isdigit():
            port = _port(match[2])
            found[port] = found.get(port, False) or "ssl" in match[3].split(";")[0].split()
    return found


def _port(address: str) -> str:
    """Of `443`, `*:443`, `[::]:443`."""
    return address.rpartition(":")[2]


def _placed(line: str, folder: str, number: int) -> str:
    line = _LOG.sub(lambda found: f"{found[1]}{found[2]} {folder}/raw.log{found[4]};", line)
    return _CACHE.sub(lambda found: f"{found[1]}{folder}/cache-{number}{found[3]};", line)
