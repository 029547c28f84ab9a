"""Room for many connections in one process."""

from __future__ import annotations

import resource

from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind

#: What a process has open beside its clients.
_OTHERS = 64

TOO_FEW_FILES = Kind(
    "system.E031",
    "system",
    "Too few open files are allowed for so many clients",
    "Each client is a connection, and each connection is an open file of the process that makes the load.",
    source="https://man7.org/linux/man-pages/man2/getrlimit.2.html",
    shows="`portico bench` with many clients ends before it sends anything.",
    example="1000 clients; RLIMIT_NOFILE: 1024 soft, 1024 hard",
    cure="Use fewer clients, or raise the hard limit of this account (`ulimit -Hn`, "
    "limits.conf(5), `LimitNOFILE=` in a unit).",
)


def make_room(clients: int) -> None:
    """Let this process have so many connections (RLIMIT_NOFILE). Raises PorticoError where its hard limit is too low."""
    prove_room(clients)
    needed = clients + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def prove_room(clients: int) -> None:
    """Raises PorticoError where this process cannot have so many connections; changes nothing, for what it starts has its
    limits from it."""
    needed = clients + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        seen = (f"{clients} clients; RLIMIT_NOFILE: {soft} soft, {hard} hard",)
        cause = f"{clients} clients need {needed} open files."
        raise PorticoError(TOO_FEW_FILES.found(cause, seen, ("ulimit -Hn", "use fewer clients")), Exit.NEEDS_HANDS)
