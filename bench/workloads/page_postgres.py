"""A page from a database and a template: what most of a site is. Here the database is PostgreSQL."""

from __future__ import annotations

from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.postgres import MISSING
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="page_postgres",
    title="Page from PostgreSQL",
    about="20 of 200 rows of a PostgreSQL database over its unix socket through a template; what PostgreSQL itself "
    "costs is not counted.",
    figure="cpu_us",
    lower=True,
    columns=("cpu_us", "per_s", "p50_ms", "p99_ms", "lost"),
)
PATH = "/page/postgres/"
FLOOR = True


def requests(_: OnAir) -> tuple[Request, ...]:
    return (Request(PATH),)


def left_out(air: OnAir, _: Effort) -> str:
    return air.ground.environ.get(MISSING, "")


def measure(air: OnAir, effort: Effort) -> Figures:
    return loaded(air, requests(air), seconds=effort.seconds)
