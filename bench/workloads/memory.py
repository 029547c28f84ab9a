"""Memory of all processes of a stack, fresh and after many requests."""

from __future__ import annotations

from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request
from portico.system import usage

WORKLOAD = Workload(
    key="memory",
    title="Memory",
    about="Proportional set size (memory that processes share is counted once) of all that belongs to the stack: after so "
    "many requests, every fiftieth for the page from SQLite and the others for the JSON view; and at rest, when one page "
    "was answered.",
    figure="pss_mb",
    lower=True,
    columns=("pss_mb", "rest_mb", "requests"),
)
SECONDS = 44.0
ROUNDS = 1
FULL = 100_000
#: One request in so many is for the page, so that every worker opens its database and renders its template.
BETWEEN = 50
#: A stack that does not get through the requests in this time is read after those that it answered.
LIMIT_S = 80.0


def requests(_: OnAir) -> tuple[Request, ...]:
    return (Request("/json/"), Request("/page/sqlite/"))


def left_out(air: OnAir, _: Effort) -> str:
    return "too slow for so many requests" if air.key == "runserver" else ""


def measure(air: OnAir, effort: Effort) -> Figures:
    air.restart()
    first, page = requests(air)
    air.ask(page)
    rest = usage.pss_bytes(air.pids())
    figures = loaded(air, (first,) * (BETWEEN - 1) + (page,), seconds=LIMIT_S, count=effort.count(FULL))
    after = usage.pss_bytes(air.pids())
    return {"rest_mb": rest / 1e6, "pss_mb": after / 1e6, "requests": figures["answers"], "lost": figures["lost"]}
