"""A style sheet and a script for browsers that take them compressed."""

from __future__ import annotations

from bench.air import OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="compressed",
    title="Compressed static files",
    about="A style sheet and a script of about 100 KB each, asked for as browsers do (gzip, br); bytes: of both.",
    figure="cpu_us",
    lower=True,
    columns=("cpu_us", "bytes", "per_s", "p50_ms", "p99_ms", "lost"),
)
HEADERS = {"Accept-Encoding": "gzip, br"}
#: Whether and how well it compresses is the stack's own affair: bodies may differ in length.
SAME_LENGTH = False


def requests(_: OnAir) -> tuple[Request, ...]:
    return tuple(Request(f"/static/bench/{name}", headers=HEADERS) for name in ("app.css", "app.js"))


def measure(air: OnAir, effort: Effort) -> Figures:
    length = sum(len(air.ask(request).body) for request in requests(air))
    return {**loaded(air, requests(air), seconds=effort.seconds), "bytes": float(length)}
