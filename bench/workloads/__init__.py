"""What is measured: one file each.

A workload that is measured in rounds, each stack in turn, exposes

    WORKLOAD: Workload
    def measure(air: OnAir, effort: Effort) -> Figures

and may expose

    SECONDS: float              how long one `measure` takes in a full run, about (default: as its load), for the estimate;
                                above 2 it has one round in a quick run
    ROUNDS: int                 at most so many rounds (default: as many as the run has)
    def requests(air) -> tuple[Request, ...]
                                what is asked once of every stack before anything is measured: all have to answer with 200
                                and bodies of one length, or are noted and left out. It is also what warms them
    SAME_LENGTH: bool           whether the bodies have to be of one length when they are decompressed (default True)
    FLOOR: bool                 whether the application alone is measured for PATH, too (default False)
    def left_out(air, effort) -> str
                                why this stack is not measured here; "" if it is
    def seen(results of the stack: tuple[Figures, ...]) -> Mapping[str, bool]
                                what the figures say about the stack: {"slow_clients": True}, {"reload": False}; none: it
                                took part and failed

A file of curves exposes

    def curves(airs: Sequence[OnAir], effort: Effort, say: Callable[[str], None]) -> Iterator[Curve]
    SECONDS: float              how long all of it takes in a full run

`measure` raises `Failed("answered 502 to 3 of 900")` if the stack cannot do it: that is noted, and the stack stays in the
other workloads. It may restart the stack (`air.restart()`), and leaves it running and answering.
"""

from __future__ import annotations

#: In this order; each is a module of this package.
ROUNDS_OF = (
    "json",
    "page_sqlite",
    "page_postgres",
    "sample",
    "static_1k",
    "static_100k",
    "static_10m",
    "compressed",
    "upload",
    "sleep",
    "slow",
    "cold_start",
    "reloads",
    "memory",
)
CURVES_OF = ("curves",)
