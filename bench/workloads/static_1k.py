"""A static file of 1 KB."""

from __future__ import annotations

from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="static_1k",
    title="Static file, 1 KB",
    about="A file of 1 KB that does not compress.",
    figure="cpu_us",
    lower=True,
    columns=("cpu_us", "per_s", "p50_ms", "p99_ms", "lost"),
)
PATH = "/static/bench/1k.bin"


def requests(_: OnAir) -> tuple[Request, ...]:
    return (Request(PATH),)


def measure(air: OnAir, effort: Effort) -> Figures:
    return loaded(air, requests(air), seconds=effort.seconds)
