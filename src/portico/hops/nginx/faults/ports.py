"""Somebody else sits where nginx is to listen."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from portico.hops.nginx.faults import start_kinds as kinds
from portico.model.evidence import Evidence, ProcessSeen
from portico.model.finding import Finding
from portico.model.remedy import PorticoUp, Remedy


def port_taken(evidence: Evidence) -> Iterator[Finding]:
    """A program that is no nginx of this configuration sits at one of its addresses."""
    nginx = evidence.nginx
    if not nginx.taken or nginx.masters:
        return
    lines = [entry.line for entry in nginx.errors if entry.errno == errno.EADDRINUSE and "bind()" in entry.message][-1:]
    for address, holder in _one_per_holder(nginx.taken):
        visit = evidence.visit
        asked = visit is not None and visit.exchange.address.rpartition(":")[2] == address.rpartition(":")[2]
        who = holder.line if holder else "a process of another account"
        orphan = holder is not None and " ".join(holder.command).startswith("nginx: worker")
        ours = orphan and evidence.managed
        yield kinds.PORT_TAKEN.found(
            cause=f"{address}, where this nginx is to listen, is held by {who}",
            evidence=[
                *(
                    [f"{visit.exchange.line}   # answered by that program"]
                    if visit and asked and visit.exchange.status
                    else []
                ),
                *_rows(evidence)[:2],
                *lines,
            ],
            fix=["portico up"] if ours else _free(address, holder),
            title="A worker of the nginx that was killed holds its port" if orphan else "",
            basis="state",
            remedy=Remedy("take the port back: portico up", (PorticoUp(),)) if ours else None,
        )


def _one_per_holder(taken: tuple[tuple[str, ProcessSeen | None], ...]) -> list[tuple[str, ProcessSeen | None]]:
    found: dict[int, tuple[str, ProcessSeen | None]] = {}
    for address, holder in taken:
        found.setdefault(holder.pid if holder else 0, (address, holder))
    return list(found.values())


def _free(address: str, holder: ProcessSeen | None) -> list[str]:
    port = address.rpartition(":")[2]
    other = f"or another port here: listen {int(port) + 1 if port.isdigit() else 8080};"
    look = f"sudo ss -ltnp 'sport = :{port}'"
    if holder is None:
        return [look, other]
    name = holder.command[0] if holder.command else ""
    if name.startswith("nginx: worker"):
        return [f"kill -QUIT {holder.pid}   # a worker whose master was killed; then start nginx", look]
    if name.startswith("nginx: master"):
        return [f"kill -QUIT {holder.pid}   # ends that nginx after its last request; then start this one", other]
    return [
        f"stop process {holder.pid} if it is not needed: sudo systemctl status {holder.pid} names its service",
        other,
        look,
    ]


def _rows(evidence: Evidence) -> list[str]:
    tree = evidence.nginx.tree
    return [f"{one.where}: {one.text}" for one in (tree.deep("listen") if tree else ())]


RULES = (port_taken,)
