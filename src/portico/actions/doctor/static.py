"""The doctor's rules on files alone: nothing is asked, nothing need run here or be for this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from portico.actions.doctor.diagnose import ordered
from portico.actions.doctor.look_uwsgi import configured
from portico.actions.doctor.rules import KINDS, RULES
from portico.hops.nginx.listens import PASSES, first_url, servers
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


def evidence(root: Directive | None, problems: Sequence[str], conf: str, uwsgi: Sequence[UwsgiSeen]) -> Evidence:
    """What is known when only files were read: nginx's configuration `conf` as a tree, with what was wrong while it was
    read, and the uWSGIs that files tell of."""
    now = clock.now()
    seen = Evidence(
        url="",
        managed=False,
        now_s=now,
        since_s=now,
        machine=MachineSeen(user=accounts.ourselves().name, root=False),
        nginx=NginxSeen(conf=conf, tree=root, parse_errors=tuple(problems)),
        uwsgi=tuple(uwsgi),
        visits=_front_page(root) if root else (),
    )
    return replace(seen, backends=_backends(seen, root) if root else ())


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What the rules find in it. Nothing is said of this machine's state, which the files need not be for."""
    found = [finding for rule in RULES for finding in rule(evidence)]
    asserted = [replace(finding, basis="configuration", remedy=None) for finding in found if finding.basis != "state"]
    return ordered(list({(one.id, one.cause): one for one in asserted}.values()), KINDS)


def _front_page(root: Directive) -> tuple[Visit, ...]:
    """Where a request for the front page would go; as if it had gone well."""
    url = first_url(root, root=True)
    if not url:
        return ()
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    way = route(root, parts.scheme, parts.hostname or "", port, _name(root) or parts.netloc, "/")
    made = Exchange("http", parts.netloc, "GET", "/", parts.netloc, status=200)
    return (Visit("asked", made, way),)


def _name(root: Directive) -> str:
    """What visitors call the first server that passes requests on; empty when it has no name but patterns."""
    passing = next((one for one in servers(root) if next(one.deep(*PASSES), None)), None)
    names = [name for entry in passing.all("server_name") for name in entry.args] if passing else []
    return next((name for name in names if name.strip("_") and not set(name) & set("*~$")), "")


def _backends(evidence: Evidence, root: Directive) -> tuple[BackendSeen, ...]:
    named = {one.address: one for directive, action in all_passes(root) for one in backends(root, directive, action)}
    return tuple(
        BackendSeen(one.address, one.protocol, one.directive, one.upstream, instance=_instance(evidence, one.address))
        for one in named.values()
    )


def _instance(evidence: Evidence, address: str) -> int | None:
    bound = [any(address == other for _, other, _ in sockets(seen.options)) for seen in evidence.uwsgi]
    return bound.index(True) if True in bound else None
