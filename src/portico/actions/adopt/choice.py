"""Which server of nginx and which uWSGI belong together: the site that is taken over."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from portico.actions.adopt.gather import Gathered, Instance
from portico.actions.adopt.kinds import NO_SITE, SEVERAL
from portico.hops.nginx.listens import PASSES, servers
from portico.hops.nginx.passes import Backend, backends
from portico.hops.uwsgi.options import sockets
from portico.model.directive import Directive
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding

#: How well an address of nginx fits one of uWSGI: the same, the same port of another name (a container's), or not at all.
_SAME, _PORT, _NOT = 2, 1, 0


@dataclass(frozen=True)
class Choice:
    """The site. `server` is its server block, `upstream` the block its pass goes to, `instances` the uWSGIs that serve it.
    `matched`: nginx connects to where they listen. Either side may be missing when no file of it was given."""

    server: Directive | None
    upstream: Directive | None
    instances: tuple[Instance, ...]
    matched: bool


@dataclass(frozen=True)
class _Pair:
    server: Directive
    backend: Backend | None
    instances: tuple[Instance, ...]
    fit: int


def choose(gathered: Gathered) -> Choice:
    """Raises PorticoError when there is no site in the files, or more than one and none was named."""
    if gathered.root is None:
        return Choice(None, None, (_one(gathered.instances, gathered),), True)
    pairs = _named([_pair(gathered, server) for server in _serving(gathered.root)], gathered)
    if not pairs:
        raise PorticoError(_no_site(gathered), Exit.USAGE)
    best = max(pair.fit for pair in pairs)
    found = [pair for pair in pairs if pair.fit == best]
    sites = {tuple(one.name for one in pair.instances) or _names(pair.server) for pair in found}
    if len(sites) > 1:
        raise _several(found, gathered)
    pair = found[0]
    instances = pair.instances
    if not instances and gathered.instances:
        instances = (_one(gathered.instances, gathered),)
    return Choice(pair.server, _upstream(gathered.root, pair.backend), instances, pair.fit > _NOT or not instances)


def _serving(root: Directive) -> list[Directive]:
    """The servers that pass to an application, those that speak to uWSGI first; a static one is no site."""
    found = [server for server in servers(root) if next(server.deep(*PASSES), None)]
    uwsgi = [server for server in found if next(server.deep("uwsgi_pass"), None)]
    return uwsgi or found


def _named(pairs: list[_Pair], gathered: Gathered) -> list[_Pair]:
    wanted = gathered.asked.server
    named = [pair for pair in pairs if not wanted or wanted in _names(pair.server)]
    if wanted and pairs and not named:
        raise _several(pairs, gathered, f"no server that passes to an application is called {wanted!r}")
    return named


def _names(server: Directive) -> tuple[str, ...]:
    return tuple(name for entry in server.all("server_name") for name in entry.args if name not in ("", "_"))


def _pair(gathered: Gathered, server: Directive) -> _Pair:
    root = gathered.root
    passes = [(entry, entry.name.removesuffix("_pass")) for entry in server.deep(*PASSES)]
    behind = [found for entry, action in passes for found in backends(root, entry, action)] if root else []
    fits = [(_fit(backend, one), backend, one) for backend in behind for one in gathered.instances]
    best = max((fit for fit, _, _ in fits), default=_NOT)
    if best == _NOT:
        return _Pair(server, behind[0] if behind else None, (), _NOT)
    chosen = [(backend, one) for fit, backend, one in fits if fit == best]
    first = chosen[0][0]
    together = [
        one for backend, one in chosen if backend.upstream == first.upstream and (backend.upstream or backend == first)
    ]
    return _Pair(server, first, tuple({one.name: one for one in together}.values()), best)


def _fit(backend: Backend, instance: Instance) -> int:
    return max((_alike(backend.address, address) for _, address, _ in sockets(instance.seen.options)), default=_NOT)


def _alike(nginx: str, uwsgi: str) -> int:
    if nginx.startswith("unix:") or uwsgi.startswith("unix:"):
        relative = uwsgi.startswith("unix:") and not uwsgi.startswith(("unix:/", "unix:@"))
        beside = relative and nginx.endswith("/" + uwsgi.removeprefix("unix:").removeprefix("./"))
        return _SAME if nginx == uwsgi or beside else _NOT
    (host, _, port), (bound, _, other) = nginx.rpartition(":"), uwsgi.rpartition(":")
    if port != other:
        return _NOT
    loopback = {"127.0.0.1", "localhost", "[::1]"}
    same = host == bound or (host in loopback and bound in {*loopback, "0.0.0.0", "[::]"})  # noqa: S104
    return _SAME if same else _PORT


def _upstream(root: Directive, backend: Backend | None) -> Directive | None:
    name = backend.upstream if backend else ""
    return next((entry for entry in root.deep("upstream") if name and entry.args[:1] == (name,)), None)


def _one(instances: Sequence[Instance], gathered: Gathered) -> Instance:
    """The only one. Several without a server of nginx that says which are several sites."""
    if len(instances) == 1:
        return instances[0]
    if not instances:
        raise PorticoError(_no_site(gathered), Exit.USAGE)
    rows = [f"{one.name}: {one.seen.value('module', 'wsgi-file', 'mount') or 'no application'}" for one in instances]
    finding = SEVERAL.found(
        cause=f"{len(instances)} uWSGIs, and none listens where nginx passes requests to",
        evidence=rows,
        fix=[f"portico adopt {_nginx(gathered)}--uwsgi {shlex.quote(one.name)}" for one in instances[:5]],
    )
    raise PorticoError(finding, Exit.USAGE)


def _nginx(gathered: Gathered) -> str:
    return f"--nginx {shlex.quote(gathered.conf)} " if gathered.conf else ""


def _no_site(gathered: Gathered) -> Finding:
    if gathered.conf:
        cause = f"{gathered.conf} and what it includes has no server that passes requests to an application"
        fix = ["portico adopt --nginx FILE   # the one with uwsgi_pass in it"]
        return NO_SITE.found(cause=cause, evidence=[gathered.conf, *gathered.problems[:5]], fix=fix)
    emperors = [f"{one.name}: an emperor without vassals ({one.seen.value('emperor')})" for one in gathered.emperors]
    fix = ["portico adopt --uwsgi FILE   # a vassal's file"]
    return NO_SITE.found(cause="no file of uWSGI starts an application", evidence=emperors, fix=fix)


def _several(pairs: Sequence[_Pair], gathered: Gathered, cause: str = "") -> PorticoError:
    rows = [f"{pair.server.where}: {' '.join(_names(pair.server)) or 'no server_name'}" for pair in pairs]
    names = list(dict.fromkeys(name for pair in pairs for name in _names(pair.server)[:1]))
    uwsgi = "".join(f" --uwsgi {shlex.quote(name)}" for name in gathered.asked.uwsgi)
    fix = [f"portico adopt --server {shlex.quote(name)} {_nginx(gathered)}{uwsgi.strip()}".rstrip() for name in names[:5]]
    finding = SEVERAL.found(
        cause=cause or f"{len(pairs)} servers pass to applications of their own",
        evidence=rows,
        fix=fix or [f"portico adopt {_nginx(gathered)}{uwsgi.strip()}".rstrip() + "   # without --server"],
        title="No site has the name that --server gives" if cause else "",
    )
    return PorticoError(finding, Exit.USAGE)
