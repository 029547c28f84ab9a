"""The servers of a configuration that belong to one site, and what they need: ports and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from portico.hops.nginx.listens import PASSES, ServerListen, http_block, listens, servers
from portico.model.adoption import PathMap
from portico.model.directive import Directive


def of_the_site(root: Directive, server: Directive) -> tuple[Directive, ...]:
    """The site's server, and those that have to do with it: of the same names (on another port), that send clients to one of
    its names, and a default server of its ports that only refuses strangers. In the order of the configuration."""
    names = _names(server)
    friends = [one for one in servers(root) if one is server or names & _names(one) or _sends_to(one, names)]
    ports = {(entry.host, entry.port) for entry in listens(root) if entry.server in friends}
    return tuple(one for one in servers(root) if one in friends or _refuses(root, one, ports))


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


def wanted(root: Directive, server: Directive, as_root: bool) -> dict[str, ServerListen]:
    """The addresses that the site's servers listen on: one for each port, whatever the hosts before it, by the port's
    number as text; a unix socket by its path. The site's own come first."""
    found: dict[str, ServerListen] = {}
    servers = of_the_site(root, server)
    every = [entry for entry in listens(root, as_root) if entry.server in servers]
    for entry in sorted(every, key=lambda entry: entry.server is not server):
        found.setdefault(key_of(entry), entry)
    return found


def key_of(entry: ServerListen) -> str:
    return str(entry.port) if entry.port else entry.host


def named_files(root: Directive, server: Directive, paths: PathMap) -> frozenset[str]:
    """The files that have to be there for nginx to start: certificates and modules, as paths of this machine."""
    blocks = [*of_the_site(root, server), *(entry for entry in (http_block(root),) if entry)]
    names = ("ssl_certificate", "ssl_certificate_key", "ssl_trusted_certificate", "ssl_client_certificate", "ssl_dhparam")
    found = {place_of(entry, paths, root.file) for block in blocks for entry in block.all(*names) if entry.args}
    return frozenset(found | {place_of(entry, paths, root.file) for entry in root.all("load_module") if entry.args})


def place_of(entry: Directive, paths: PathMap, conf: str) -> str:
    """The file it names; relative ones start in the folder of nginx.conf."""
    path = entry.args[0]
    if "$" in path or ":" in path.partition("/")[0]:
        return path
    return paths.here(path) if path.startswith("/") else str(PurePosixPath(conf).parent / path)


def listens_of(root: Directive, server: Directive) -> Iterator[ServerListen]:
    """The addresses of that server; without any the port 80."""
    return (entry for entry in listens(root) if entry.server is server)
