"""The servers of a configuration that belong to one site."""

from __future__ import annotations

from portico.hops.nginx.listens import PASSES, listens, servers
from portico.model.directive import Directive


def of_the_site(root: Directive, server: Directive) -> tuple[Directive, ...]:
    """The site's server, and those that have to do with it: of the same names (on another port), that send clients to one of
    its names, and a default server of its ports that only refuses strangers. In the order of the configuration."""
    names = _names(server)
    ports = {(entry.host, entry.port) for entry in listens(root) if entry.server is server}
    found = []
    for other in servers(root):
        if other is server or (names & _names(other)) or _sends_to(other, names) or _refuses(root, other, ports):
            found.append(other)
    return tuple(found)


def _names(server: Directive) -> set[str]:
    given = (name for entry in server.all("server_name") for name in entry.args)
    return {name.lower() for name in given if name not in ("", "_")}


def _sends_to(server: Directive, names: set[str]) -> bool:
    targets = [arg for entry in server.deep("return", "rewrite") for arg in entry.args if "://" in arg]
    hosts = {
        target.partition("://")[2].partition("/")[0].partition("$request_uri")[0].partition(":")[0] for target in targets
    }
    return not _passes(server) and bool(hosts & names)


def _refuses(root: Directive, server: Directive, ports: set[tuple[str, int]]) -> bool:
    mine = [entry for entry in listens(root) if entry.server is server and entry.default]
    return not _passes(server) and any((entry.host, entry.port) in ports for entry in mine)


def _passes(server: Directive) -> bool:
    return next(server.deep(*PASSES), None) is not None
