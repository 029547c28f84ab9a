"""From nothing to the first answer."""

from __future__ import annotations

import resource

from bench.air import OnAir
from bench.effort import Effort
from bench.results import Figures, Workload

WORKLOAD = Workload(
    key="cold_start",
    title="Cold start",
    about="From the start of the stack's processes, or of the command that starts them, to the first answer 200 of the JSON "
    "view; CPU: of all that ran for it. Files are in the page cache and compiled. "
    "Portico's command also asks the project for its settings, proves both configurations, and collects and compresses the "
    "static files; the others only start.",
    figure="seconds",
    lower=True,
    columns=("seconds", "cpu_ms"),
)
SECONDS = 2.1
ROUNDS = 3
PATH = "/json/"


def measure(air: OnAir, _: Effort) -> Figures:
    air.stop()
    before = _of_ended_children_us()
    seconds = air.start(PATH)
    spent = air.spent_us() + _of_ended_children_us() - before
    return {"seconds": seconds, "cpu_ms": spent / 1000}


def _of_ended_children_us() -> float:
    """Of the commands that have started the stack and are done, with all that they waited for (getrusage(2))."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e6
