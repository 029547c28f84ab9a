"""An upload of 10 MB that the application reads in pieces."""

from __future__ import annotations

from functools import cache

from bench.air import Failed, OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="upload",
    title="Upload, 10 MB",
    about="A POST of 10 MB that the application reads in pieces, over 4 connections. nginx takes all of it "
    "first, into a file, so that a slow client holds no thread; stacks without nginx pass it on as it comes.",
    figure="cpu_us",
    lower=True,
    columns=("cpu_us", "per_s", "p50_ms", "p99_ms", "lost"),
)
SIZE = 10_000_000


@cache
def _request() -> Request:
    headers = {"Content-Type": "application/octet-stream"}
    return Request("/upload/", method="POST", headers=headers, body=bytes(range(250)) * (SIZE // 250))


def requests(air: OnAir) -> tuple[Request, ...]:
    told = air.ask(_request())
    if told.status == 200 and str(SIZE).encode() not in told.body:
        raise Failed(f"the application read {told.body[:40]!r} of {SIZE} bytes")
    return (_request(),)


def measure(air: OnAir, effort: Effort) -> Figures:
    return loaded(air, (_request(),), seconds=effort.seconds, clients=4)
