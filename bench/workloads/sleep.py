"""A view that waits 50 ms for something else, asked by more clients than there are threads."""

from __future__ import annotations

from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="sleep",
    title="Waiting view, 200 clients",
    about="A view that waits 50 ms, for 200 clients at once: how many requests can wait at the same time is the threads of "
    "all workers together, as each stack is recommended to be set up.",
    figure="per_s",
    lower=False,
    columns=("per_s", "p50_ms", "p99_ms", "cpu_us", "lost"),
)
CLIENTS = 200
SECONDS = 2.6
ROUNDS = 3


def requests(_: OnAir) -> tuple[Request, ...]:
    return (Request("/sleep/"),)


def measure(air: OnAir, effort: Effort) -> Figures:
    # What is under way when the time is up is waited for: every client is answered, the slowest among them.
    return loaded(air, requests(air), seconds=2 * effort.seconds, clients=CLIENTS)
