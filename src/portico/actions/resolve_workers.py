"""How many workers and threads, and whether each worker has a socket of its own
(docs/decisions/0021-a-socket-for-each-worker.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from portico.actions.layers import Layers
from portico.hops.uwsgi.extra_lines import names
from portico.model.plan import NginxPlan, UwsgiPlan

#: Where workers share a socket: one with more takes requests that another would have had time for.
SHARED_THREADS = 4
#: A worker has its own only with so many: one with few is soon full of slow requests, and what waits in its socket then
#: waits for them, while from a shared one another worker would take it.
OWN_THREADS = 8
#: Where each has its own, and no gate lets only a few requests in at once: in files that run without Portico.
UNGATED_THREADS = 16
#: Where each has its own, and the gate.
MOST_THREADS = 64
#: What all workers together may take of a database server. PostgreSQL accepts 100 by default, a release doubles the number
#: for a moment (https://www.postgresql.org/docs/current/runtime-config-connection.html), and others want some too.
CONNECTIONS = 40
#: Requests after which a worker is replaced, where another takes what comes to their socket meanwhile.
SHARED_MAX_REQUESTS = 20000
_CHOOSES = frozenset({"http_upstream_least_conn", "http_upstream_zone"})
#: Raw lines that make workers come and go, or give them sockets.
_OWN = re.compile(
    r"cheap.*|idle|processes|workers|threads?|.*socket|emperor.*|zerg.*|lazy.*|max-requests.*|max-worker-lifetime.*|reload-on-.*"
    r"|evil-reload.*|gevent.*|async.*|ugreen|greenlet|tornado|touch-.*reload|.*chain-reload.*|fs-.*reload|py-auto-reload|.*autoreload"
)
_NO_SERVER = re.compile(r"(.*sqlite3|.*spatialite|django\.db\.backends\.dummy|)")


def resolve_workers(
    layers: Layers, uwsgi: UwsgiPlan, nginx: NginxPlan | None, databases: Iterable[str] | None, cores: int
) -> UwsgiPlan:
    """The same with its workers. `databases` are the engines of Django's DATABASES, None where nobody knows."""
    pick = layers.pick
    processes = pick("uwsgi.processes", max(2, cores), why=f"{cores} cores, at least 2")
    uwsgi = replace(uwsgi, processes=processes)
    threads, why = _threads(processes, databases)
    own = (layers.configured("uwsgi.threads") or threads) >= OWN_THREADS and _own_sockets(layers, uwsgi, nginx)
    if not own:
        threads, why = SHARED_THREADS, "while some requests wait for the database, others are served"
    least = "a worker that is replaced leaves its socket alone for a while" if own else ""
    return replace(
        uwsgi,
        worker_sockets=own,
        threads=pick("uwsgi.threads", threads, why=why),
        max_requests=pick("uwsgi.max_requests", 0 if own else SHARED_MAX_REQUESTS, why=least),
    )


def _own_sockets(layers: Layers, uwsgi: UwsgiPlan, nginx: NginxPlan | None) -> bool:
    """Whether nginx can choose a worker by the requests that each has, and no worker leaves its socket while others could
    serve it. Several instances and machines are nginx's to choose from already."""
    chooses = nginx is not None and nginx.binary.modules >= _CHOOSES
    here = uwsgi.address.startswith("unix:") and uwsgi.instances == 1 and not layers.configured("servers")
    stays = not uwsgi.lazy_apps and not layers.configured("uwsgi.max_requests")
    ours = layers.configured("upstream.balance") in (None, "least_conn")
    plain = not any(_OWN.fullmatch(name) for name in names(uwsgi.extra))
    return chooses and here and stays and ours and plain and uwsgi.processes > 1


def _threads(processes: int, databases: Iterable[str] | None) -> tuple[int, str]:
    """How many by default where each worker has a socket, and why."""
    if databases is not None and all(_NO_SERVER.fullmatch(engine) for engine in databases):
        return MOST_THREADS, "no database server, whose connections they could use up"
    why = f"with {processes} workers about {CONNECTIONS} connections of the database"
    return min(MOST_THREADS, CONNECTIONS // processes), why


def engines(databases: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """The engine of each of Django's databases."""
    return tuple(engine for engine, _ in databases.values())
