"""Every port that a stack listens on: the public address, those of raw lines, and uWSGI's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portico.actions.listen import port_findings, taken_findings
from portico.actions.prepare import Prepared
from portico.actions.supervise import observe
from portico.hops.nginx.render import CONF
from portico.hops.nginx.render import files as nginx_files
from portico.hops.uwsgi.render import zerg_path
from portico.model.finding import Finding
from portico.model.plan import Listen, Plan
from portico.system import files
from portico.system.accounts import ourselves

if TYPE_CHECKING:
    from portico.hops.nginx.listens import ServerListen


@dataclass(frozen=True)
class _Port:
    """One besides the public address. `where` it is asked for, `other` how to take another."""

    listen: Listen
    where: str
    other: str


def all_port_findings(prepared: Prepared) -> list[Finding]:
    """What keeps the stack from listening where it is to, one finding for a port. Of the ports besides the public address
    only those are told that somebody else holds: that is the one thing that `nginx -t` does not mind."""
    plan = prepared.plan
    ours = observe(prepared.where).pids
    found = {plan.listen.port: port_findings(plan.listen, ours)}
    for port in dict.fromkeys((*_of_uwsgi(plan), *_of_raw_lines(plan))):
        if not found.get(port.listen.port):
            found[port.listen.port] = taken_findings(port.listen, ours, port.where, port.other)
    return [finding for findings in found.values() for finding in findings]


def _of_uwsgi(plan: Plan) -> Iterator[_Port]:
    if not zerg_path(plan):
        return
    host, _, port = plan.uwsgi.address.rpartition(":")
    where = f'{plan.origins["uwsgi.address"]}: [uwsgi] address = "{plan.uwsgi.address}"'
    other = "[uwsgi]\n# without address: Portico makes a unix socket, which is faster and private"
    yield _Port(Listen(host.strip("[]"), int(port)), where, other)


def _of_raw_lines(plan: Plan) -> Iterator[_Port]:
    nginx = plan.nginx
    if nginx is None or not (nginx.extra_server or nginx.extra_http):
        return
    from portico.hops.nginx.listens import listens
    from portico.hops.nginx.raw_lines import origins
    from portico.hops.nginx.tree import tree
    from portico.system import nginx_conf

    with tempfile.TemporaryDirectory(prefix="portico-ports-") as name:
        conf = Path(name) / CONF
        files.write_all(Path(name), nginx_files(plan))
        where = origins(plan, conf.read_text(encoding="utf-8"))
        root, _ = tree(nginx_conf.read(conf), str(conf))
    for one in listens(root, root=ourselves().uid == 0) if root else ():
        entry = one.directive or one.server
        place = where.get(entry.line, "") if entry.file == str(conf) else entry.where
        if place and one.port:
            asked = one.directive.text if one.directive else "a server without `listen`"
            yield from (_Port(listen, f"{place}: {asked}", f"{place}   # another port there") for listen in _addresses(one))


def _addresses(one: ServerListen) -> Iterator[Listen]:
    yield Listen("0.0.0.0" if one.host == "*" else one.host, one.port)  # noqa: S104
    if one.both:
        yield Listen("0.0.0.0", one.port)  # noqa: S104
