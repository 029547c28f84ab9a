"""A small JSON view: what the way to the application and back costs, and almost nothing else."""

from __future__ import annotations

from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="json",
    title="JSON view",
    about="A view that answers a small JSON object, over 8 connections that are kept open.",
    figure="cpu_us",
    lower=True,
    columns=("cpu_us", "per_s", "p50_ms", "p99_ms", "lost"),
)
PATH = "/json/"
FLOOR = True


def requests(_: OnAir) -> tuple[Request, ...]:
    return (Request(PATH),)


def measure(air: OnAir, effort: Effort) -> Figures:
    return loaded(air, requests(air), seconds=effort.seconds)
