"""Slow clients beside normal ones: whoever reserves a worker for each connection has none left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from bench.air import HOST, Failed, OnAir
from bench.effort import CLIENTS, Effort
from bench.results import Figures, Workload
from portico.model.load import Measured, Request
from portico.system.load import run, slow_clients

SLOW = 500
WORKLOAD = Workload(
    key="slow",
    title=f"Beside {SLOW} slow clients",
    about=f"The JSON view, asked by {CLIENTS} clients while {SLOW} others send one byte a second each, half of them of a "
    "request's headers, half of a body; ratio: throughput to the same without them.",
    figure="per_s",
    lower=False,
    columns=("per_s", "ratio", "p50_ms", "p99_ms", "lost"),
)
SECONDS = 8.5
ROUNDS = 2
PATH = "/json/"
#: At least this share of its throughput without them, and nothing lost, is to survive them. Two loads of three seconds
#: differ by a sixth for no reason of the stack's; one that slow clients can hold answers hardly anything.
SURVIVES = 0.6
#: All of them have connected and sent a byte in this time.
_SETTLE_S = 2.0
_SECONDS = 3.0
_TIMEOUT_S = 5.0
_BYTE_S = 1.0


def requests(_: OnAir) -> tuple[Request, ...]:
    return (Request(PATH),)


def measure(air: OnAir, effort: Effort) -> Figures:
    seconds = _SECONDS * max(effort.scale, 0.2)
    before = _normal(air, seconds / 2)
    with slow_clients(HOST, air.port, SLOW, "/upload/", byte_s=_BYTE_S) as end:
        time.sleep(_SETTLE_S)
        beside = _normal(air, seconds)
        held = end()
    after = _normal(air, seconds / 2)
    alone = before.good / before.seconds / 2 + after.good / after.seconds / 2
    if not alone:
        raise Failed("answered nothing without them, either")
    bad = beside.answers - beside.good + after.answers - after.good
    return {
        "per_s": beside.per_s,
        "ratio": beside.per_s / alone,
        "p50_ms": beside.latency_us(0.5) / 1000,
        "p99_ms": beside.latency_us(0.99) / 1000,
        "lost": float(sum(beside.lost.values()) + sum(after.lost.values()) + bad),
        "held": float(held.held),
        "closed": float(held.opened - SLOW),
    }


def seen(figures: tuple[Figures, ...]) -> Mapping[str, bool]:
    return {"slow_clients": bool(figures) and survives(figures)}


def survives(figures: tuple[Figures, ...]) -> bool:
    """Whether it kept its throughput, and lost nothing in any round.

    Of few rounds the best decides: what else the machine does can only make it slower, and a stack that gives each slow
    client a worker has none left in any round.
    """
    return max(one["ratio"] for one in figures) >= SURVIVES and not any(one["lost"] for one in figures)


def _normal(air: OnAir, seconds: float) -> Measured:
    return run(replace(air.load(requests(air), CLIENTS, seconds=seconds), timeout_s=_TIMEOUT_S))
