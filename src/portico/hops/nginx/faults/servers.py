"""Which server answers, and whether one of an upstream is left."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.nginx.faults import server_kinds as kinds
from portico.hops.nginx.listens import PASSES, ServerListen, listens
from portico.model.directive import Directive
from portico.model.evidence import BackendSeen, Evidence
from portico.model.finding import Basis, Finding
from portico.model.seen import Visit

_CONFLICT = re.compile(r'\[warn\] .*?conflicting server name "(.*?)" on (\S+), ignored')
_WELCOME = "Welcome to nginx"
_MEANT = re.compile(r"30\d\b|https?://")


def default_site(evidence: Evidence) -> Iterator[Finding]:
    """The default server answered, and it is not the one that passes requests on."""
    visit, tree = evidence.visit, evidence.nginx.tree
    route = visit.route if visit else None
    if visit is None or route is None or tree is None or not route.by_default or route.server is None:
        return
    if route.action in ("uwsgi", "proxy", "fastcgi", "scgi", "grpc", "unknown") or _redirects(visit):
        return
    there = [one for one in listens(tree) if one.server is route.server]
    apps = _apps_beside(listens(tree), there, route.server)
    unread = tuple(one.path for one in evidence.nginx.unread) if _WELCOME in visit.exchange.text else ()
    if apps or unread:
        yield _another(evidence, visit, route.server, apps, unread)


def _redirects(visit: Visit) -> bool:
    """A catch-all that sends visitors to the right name is meant so."""
    route = visit.route
    return route is not None and route.action == "return" and _MEANT.match(route.target) is not None


def _apps_beside(everything: tuple[ServerListen, ...], there: list[ServerListen], default: Directive) -> list[Directive]:
    """Servers of the same address that pass requests on."""
    addresses = {one.address for one in there}
    found = [one.server for one in everything if one.address in addresses and one.server is not default]
    return [one for one in dict.fromkeys(found) if next(one.deep(*PASSES), None)]


def _another(evidence: Evidence, visit: Visit, server: Directive, apps: list[Directive], unread: tuple[str, ...]) -> Finding:
    host = visit.exchange.host
    named = [one for app in apps for one in app.all("server_name")]
    names = list(dict.fromkeys(name for one in named for name in one.args))
    own = f"; the application's server has {' '.join(names) or 'no name'}" if apps else "; no server passes requests on"
    plain = next((name for name in names if not set(name) & set("*~_$")), "")
    bare = host.rpartition(":")[0] or host
    fix = [f"server_name {' '.join([*names, bare])};   # at {named[0].where}, then nginx -s reload"] if named else []
    fix += (
        [f"rm {server.file}   # Debian's default site, if nothing else is in it"] if server.file.endswith("/default") else []
    )
    fix += [f"or listen ... default_server; in the server at {apps[0].where}"] if apps else []
    fix += [f"or ask for the site by its name: portico doctor http://{plain}/"] if plain else []
    fix += [f"sudo ln -s {path} /etc/nginx/sites-enabled/ && sudo nginx -s reload" for path in unread[:1]]
    return kinds.DEFAULT_SITE.found(
        cause=f"no server_name is {bare}: the default server at {server.where} answered{own}",
        evidence=[
            visit.exchange.line,
            f"{server.where}: answers",
            *(f"{one.where}: {one.text}" for one in named[:3]),
            *(f"{path} is not included" for path in unread[:2]),
        ],
        fix=fix,
        basis="request",
    )


def same_name(evidence: Evidence) -> Iterator[Finding]:
    """Told by nginx -t as a warning; where both are is told by the configuration."""
    test = evidence.nginx.test
    for name, address in dict.fromkeys(_CONFLICT.findall(test.stderr + test.stdout) if test else ()):
        where = _named(evidence, name, address)
        yield kinds.SAME_NAME.found(
            cause=f"{name or 'no name'} is there twice for {address}; nginx uses the first and ignores the other",
            evidence=[f'nginx -t: [warn] conflicting server name "{name}" on {address}, ignored', *where[:4]],
            fix=[f"remove or rename the one at {row.partition(': ')[0]}" for row in where[1:2]] or ["remove one of the two"],
            basis="state",
        )


def _named(evidence: Evidence, name: str, address: str) -> list[str]:
    tree = evidence.nginx.tree
    found = [one.server for one in listens(tree) if one.address == address] if tree else []
    rows = []
    for server in dict.fromkeys(found):
        named = next((one for one in server.all("server_name") if name in one.args), None)
        if named or (not name and not server.first("server_name")):
            rows.append(f"{named.where}: {named.text}" if named else f"{server.where}: server without server_name")
    return rows


def none_live(evidence: Evidence) -> Iterator[Finding]:
    """An upstream of several servers, none of which takes connections."""
    lines = [one for one in evidence.nginx.errors if one.message.startswith("no live upstreams")]
    for name in dict.fromkeys(one.upstream.partition("://")[2].partition("/")[0] for one in lines):
        members = [one for one in evidence.backends if one.upstream == name]
        dead = [one for one in members if _is_dead(one)]
        if len(members) < 2 or len(dead) < len(members):
            continue
        visit = evidence.visit
        made = visit is not None and visit.exchange.status == 502 and lines[-1].time_s >= int(visit.exchange.began_s)
        basis: Basis = "request" if made else "log"
        yield kinds.NONE_LIVE.found(
            cause=f"no server of the upstream {name} takes connections: {', '.join(one.address for one in dead)}",
            evidence=[
                *(f"{one.directive.where}: {one.directive.text}   # {_why(one)}" for one in dead),
                lines[-1].line,
                *[one.line for one in evidence.nginx.errors if one.errno and any(x.address in one.upstream for x in dead)][
                    -1:
                ],
            ],
            fix=[
                "start what is to listen at these addresses",
                "ss -ltnp   # shows who listens where",
                "the marks go away after 10 s",
            ],
            basis=basis,
        )


def _is_dead(backend: BackendSeen) -> bool:
    asked = backend.uwsgi or backend.http
    return not backend.listeners and asked is not None and not asked.status


def _why(backend: BackendSeen) -> str:
    asked = backend.uwsgi or backend.http
    return asked.error if asked else "nobody listens"


RULES = (default_site, same_name, none_live)
