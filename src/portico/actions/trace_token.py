"""The secret that lets a request be traced: made with the runtime directory, known to nginx and the owner of the stack."""

from __future__ import annotations

import secrets

from portico.actions.places import Places
from portico.hops.nginx.render import TRACE_MAP
from portico.hops.nginx.trace_map import token_of, trace_map
from portico.system import files


def ensure(where: Places) -> bool:
    """Make it, unless it is there; whether a new one was made, which nginx then has to read."""
    if read(where):
        return False
    files.write(where.run, trace_map(str(where.run), secrets.token_hex(16)))
    return True


def read(where: Places) -> str:
    """The stack's token; empty when there is none, or when it is not ours to read."""
    return token_of(files.read_text(where.run / TRACE_MAP) or "")
