"""Portico with the threads that `portico tune` recommends for the waiting view and writes into portico.toml: what the
default leaves to whoever knows the application. Measured in that workload only, and no rival of the default."""

from __future__ import annotations

from bench.stacks import portico
from bench.stacks.base import Ground, Running, Stack

_CLIENTS = 200


def _start(ground: Ground) -> Running:
    if not (ground.site / "portico.toml").exists():
        portico.told(ground, ("tune", "/sleep/", "--clients", str(_CLIENTS), "--write", *portico.project(ground)))
    return portico.start(ground)


STACK = Stack(
    key="portico_tuned",
    title="Portico, as `portico tune` recommends",
    packages=(),
    apt=(),
    static=True,
    start=_start,
    version=portico.version_of,
    source=f"portico tune /sleep/ --clients {_CLIENTS} --write",
    only=("sleep",),
)
