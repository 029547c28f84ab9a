"""The doctor's rules on files alone: nothing is asked, nothing need run here or be for this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from portico.actions.doctor.diagnose import ordered
from portico.actions.doctor.look_uwsgi import configured
from portico.actions.doctor.rules import KINDS, RULES
from portico.hops.nginx.listens import PASSES, first_url, listens, servers
from portico.hops.nginx.passes import all_passes, backends
from portico.hops.nginx.route import route
from portico.hops.nginx.tree import tree
from portico.hops.uwsgi.options import sockets
from portico.model.directive import Directive
from portico.model.evidence import BackendSeen, Evidence, Exchange, MachineSeen, NginxSeen, UwsgiSeen, Visit
from portico.model.finding import Finding
from portico.system import accounts, clock, nginx_conf


def judge(nginx: Path | None, uwsgi: Sequence[Path]) -> tuple[Finding, ...]:
    """What the files say against each other and by themselves, the root first."""
    root, problems = tree(nginx_conf.read(nginx), str(nginx)) if nginx else (None, ())
    return findings(evidence(root, problems, str(nginx or ""), configured(str(path) for path in uwsgi)))


def evidence(
    root: Directive | None,
    problems: Sequence[str],
    conf: str,
    uwsgi: Sequence[UwsgiSeen],
    server: Directive | None = None,
) -> Evidence:
    """What is known when only files were read: nginx's configuration `conf` as a tree, with what was wrong while it was
    read, and the uWSGIs that files tell of. `server` is that of the site in question, None: all of them are. Where another
    server stands in front of it, that is where visitors come in."""
    site = server if root and server and not _is_behind(root, server) else None
    now = clock.now()
    seen = Evidence(
        url="",
        managed=False,
        now_s=now,
        since_s=now,
        machine=MachineSeen(user=accounts.ourselves().name, root=False),
        nginx=NginxSeen(conf=conf, tree=root, parse_errors=tuple(problems)),
        uwsgi=tuple(uwsgi),
        visits=_front_page(root, site) if root else (),
    )
    return replace(seen, backends=_backends(seen, root, site) if root else ())


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What the rules find in it. Nothing is said of this machine's state, which the files need not be for."""
    found = [finding for rule in RULES for finding in rule(evidence)]
    asserted = [replace(finding, basis="configuration", remedy=None) for finding in found if finding.basis != "state"]
    return ordered(list({(one.id, one.cause): one for one in asserted}.values()), KINDS)


def _is_behind(root: Directive, server: Directive) -> bool:
    """Whether another server passes to where this one listens."""
    own = {entry.host if not entry.port else f":{entry.port}" for entry in listens(root) if entry.server is server}
    inner = set(map(id, server.deep("proxy_pass")))
    outer = [entry for entry in root.deep("proxy_pass") if id(entry) not in inner]
    addresses = [one.address for entry in outer for one in backends(root, entry, "proxy")]
    return any(address in own or f":{address.rpartition(':')[2]}" in own for address in addresses)


def _front_page(root: Directive, site: Directive | None) -> tuple[Visit, ...]:
    """Where a request for the front page would go; as if it had gone well."""
    url = first_url(root, root=True, server=site)
    if not url:
        return ()
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    name = _name(site or next((one for one in servers(root) if next(one.deep(*PASSES), None)), None))
    way = route(root, parts.scheme, parts.hostname or "", port, name or parts.netloc, "/")
    made = Exchange("http", parts.netloc, "GET", "/", parts.netloc, status=200)
    return (Visit("asked", made, way),)


def _name(server: Directive | None) -> str:
    """What visitors call it; empty when it has no name but patterns."""
    names = [name for entry in server.all("server_name") for name in entry.args] if server else []
    return next((name for name in names if name.strip("_") and not set(name) & set("*~$")), "")


def _backends(evidence: Evidence, root: Directive, site: Directive | None) -> tuple[BackendSeen, ...]:
    own = set(map(id, site.deep(*PASSES))) if site else None
    passes = [(entry, action) for entry, action in all_passes(root) if own is None or id(entry) in own]
    named = {one.address: one for directive, action in passes for one in backends(root, directive, action)}
    return tuple(
        BackendSeen(one.address, one.protocol, one.directive, one.upstream, instance=_instance(evidence, one.address))
        for one in named.values()
    )


def _instance(evidence: Evidence, address: str) -> int | None:
    bound = [any(address == other for _, other, _ in sockets(seen.options)) for seen in evidence.uwsgi]
    return bound.index(True) if True in bound else None
