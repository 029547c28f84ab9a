"""Which server answers: by address first, then by name.

https://nginx.org/en/docs/http/request_processing.html, https://nginx.org/en/docs/http/server_names.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from portico.hops.nginx.listens import ServerListen, canonical, listens
from portico.hops.nginx.patterns import pattern
from portico.model.directive import Directive


@dataclass(frozen=True)
class Choice:
    """`listen` is the address that took the connection, `default` its default server. `name` is the server_name that
    matched, empty when none did and the default server answers. `sure` is False when a name that is beyond us could have
    matched before."""

    server: Directive
    listen: ServerListen
    default: Directive
    name: str = ""
    by_default: bool = False
    sure: bool = True


def choose(tree: Directive, address: str, port: int, host: str) -> Choice | None:
    """The server for a connection to `address` (a literal, a name, or `unix:/path`) with that Host header; None when nothing
    listens there. A server without `listen` counts for both of nginx's defaults, 80 and 8000."""
    group = _listening(listens(tree, root=port != 8000), address.strip("[]"), port)
    if not group:
        return None
    default = next((entry for entry in group if entry.default), group[0])
    entry, name, sure = _by_name(group, bare_host(host)) or (default, "", True)
    return Choice(entry.server, entry, default.server, name, not name, sure)


def bare_host(host: str) -> str:
    """`$host` of a Host header: small letters, without the port and a last dot."""
    name = host.lower()
    name = name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.partition(":")[0]
    return name.removesuffix(".")


def _listening(found: Sequence[ServerListen], address: str, port: int) -> tuple[ServerListen, ...]:
    """The servers of the one socket that takes the connection: of the exact address, else of the wildcard."""
    if address.startswith("unix:"):
        return tuple(entry for entry in found if entry.host == address)
    there = [entry for entry in found if entry.port == port and not entry.host.startswith("unix:")]
    for name in ("127.0.0.1", "::1") if address == "localhost" else (canonical(address),):
        for group in _groups(there, name):
            if group:
                return group
    return ()


def _groups(found: Sequence[ServerListen], name: str) -> Iterator[tuple[ServerListen, ...]]:
    yield tuple(entry for entry in found if entry.host == name)
    version = _version(name)
    every = tuple(entry for entry in found if entry.host == "*")
    every6 = tuple(entry for entry in found if entry.host == "::")
    if version != 6:
        yield every
    if version != 4 or any(entry.both for entry in every6):
        yield every6
    if version is None:
        # A name of this machine, whose address is not known here: whatever listens on the port.
        yield tuple(entry for entry in found if entry.host == found[0].host)


def _version(name: str) -> int | None:
    try:
        return ip_address(name).version
    except ValueError:
        return None


def _names(group: Sequence[ServerListen]) -> Iterator[tuple[ServerListen, str]]:
    """Every server_name in order, those left out that nginx ignores because an earlier one conflicts."""
    taken: set[str] = set()
    for entry in group:
        # Without a server_name a server has the empty one, which no Host header equals.
        for name in (arg for directive in entry.server.all("server_name") for arg in directive.args):
            name = name if name.startswith("~") else name.lower().removesuffix(".")
            claims = {name, name[1:], f"*{name}"} if name.startswith(".") else {name}
            if not name.startswith("~") and claims & taken:
                continue
            taken |= claims
            yield entry, name


def _by_name(group: Sequence[ServerListen], host: str) -> tuple[ServerListen, str, bool] | None:
    """Exact, then the longest leading wildcard, then the longest trailing one, then regular expressions in order."""
    names = list(_names(group))
    exact = [found for found in names if found[1] == host]
    leading = [found for found in names if found[1][:2] == "*." and host.endswith(found[1][1:]) and host != found[1][1:]]
    leading += [found for found in names if found[1][:1] == "." and (host == found[1][1:] or host.endswith(found[1]))]
    trailing = [
        found for found in names if found[1][-2:] == ".*" and host.startswith(found[1][:-1]) and host != found[1][:-1]
    ]
    for candidates in (exact, leading, trailing):
        if candidates and host:
            return (*max(candidates, key=lambda found: len(found[1].lstrip("*"))), True)
    return _by_regex([found for found in names if found[1].startswith("~")], host)


def _by_regex(names: Sequence[tuple[ServerListen, str]], host: str) -> tuple[ServerListen, str, bool] | None:
    for entry, name in names:
        compiled = pattern(name[1:], caseless=True)
        if compiled is None or compiled.search(host):
            return entry, name, compiled is not None
    return None
