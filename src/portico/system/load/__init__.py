"""Load on a site over real connections: from here (`run`), beside us (`aside`), or slow on purpose (`slow_clients`)."""

from __future__ import annotations

from portico.model.load import Load, Measured
from portico.system.load.beside import aside
from portico.system.load.crowd import Crowd
from portico.system.load.room import make_room, prove_room
from portico.system.load.slow import Held, slow_clients

__all__ = ["Held", "aside", "prove_room", "run", "slow_clients"]


def run(load: Load) -> Measured:
    """Put the load on the site from this process and thread, and return when it has ended.

    Requests that are under way when `seconds` are over are waited for, each no longer than its `timeout_s`, and counted.
    A load without `seconds` ends too when no answer came for twice its `timeout_s`. Raises PorticoError when this process
    may not have so many connections, or no port is left to connect from; OSError when the host has no address.
    """
    make_room(load.clients)
    return Crowd(load, None).run()
