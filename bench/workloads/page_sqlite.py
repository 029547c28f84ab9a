"""A page from a database and a template: what most of a site is. Here the database is SQLite."""

from __future__ import annotations

from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="page_sqlite",
    title="Page from SQLite",
    about="20 of 200 rows of a SQLite database through a template.",
    figure="cpu_us",
    lower=True,
    columns=("cpu_us", "per_s", "p50_ms", "p99_ms", "lost"),
)
PATH = "/page/sqlite/"
FLOOR = True


def requests(_: OnAir) -> tuple[Request, ...]:
    return (Request(PATH),)


def measure(air: OnAir, effort: Effort) -> Figures:
    return loaded(air, requests(air), seconds=effort.seconds)
