"""New code on a busy site: how long until all answers are of it, and what is lost meanwhile."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace

from bench import site
from bench.air import Failed, OnAir
from bench.effort import Effort
from bench.results import Figures, Workload
from portico.model.load import Measured, Request
from portico.system.load import aside

KEPT, SHORT = 8, 4
#: A site that is busy and not exhausted: then what reloads has a share of the CPU as it would have in production.
PAUSE_S = 0.02
WORKLOAD = Workload(
    key="reloads",
    title="Reload under load",
    about=f"A module of the site is changed and the stack told to reload, while {KEPT} clients on kept connections and "
    f"{SHORT} with a new one for each request ask on, each {PAUSE_S * 1000:.0f} ms after its last answer: time from the "
    "sign until all answers are of the new code; the longest time in which one of the two kinds of clients had no answer; "
    "requests that were lost or answered with an error.",
    figure="seconds",
    lower=True,
    columns=("seconds", "gap_ms", "lost"),
)
SECONDS = 6.0
ROUNDS = 2
PATH = "/version/"
#: So long nobody may have had an answer of the old code before it counts as gone.
_QUIET_S = 1.0
_PATIENCE_S = 40.0
#: What is measured goes on for so long before and after.
_AROUND_S = 0.5
_NUMBERS = itertools.count(2)


def left_out(air: OnAir, _: Effort) -> str:
    if air.running and air.running.reload:
        return ""
    air.abilities["reload"] = False
    return "cannot load new code without an interruption, as its own documentation says"


def measure(air: OnAir, _: Effort) -> Figures:
    version = f"v{next(_NUMBERS)}.{time.monotonic_ns() % 1_000_000}"
    wanted = replace(air.load((Request(PATH),), KEPT), pause_s=PAUSE_S)
    with ExitStack() as loads:
        ends = [loads.enter_context(aside(one)) for one in (wanted, replace(wanted, clients=SHORT, keep_alive=False))]
        time.sleep(_AROUND_S)
        seconds = _reloaded(air, version)
        time.sleep(_AROUND_S)
        measured = [end() for end in ends]
    return {
        "seconds": seconds,
        "gap_ms": max(one.longest_gap_s for one in measured) * 1000,
        "lost": float(sum(map(_lost, measured))),
        "answers": float(sum(one.answers for one in measured)),
    }


def seen(figures: tuple[Figures, ...]) -> Mapping[str, bool]:
    return {"reload": bool(figures) and not any(one["lost"] for one in figures)}


def _lost(measured: Measured) -> int:
    return sum(measured.lost.values()) + measured.answers - measured.good


def _reloaded(air: OnAir, version: str) -> float:
    """Change the code, give the sign, and return the seconds until all answers are of the new."""
    if air.running is None or air.running.reload is None:
        raise Failed("cannot reload")
    errors: list[Exception] = []
    site.change(air.ground.site, version)
    begun = time.monotonic()
    sign = threading.Thread(target=_tell, args=(air.running.reload, errors))
    sign.start()
    try:
        return _all_new(air, version.encode(), begun, errors) - begun
    finally:
        sign.join()


def _tell(reload: Callable[[], None], errors: list[Exception]) -> None:
    try:
        reload()
    except Exception as error:
        errors.append(error)


def _all_new(air: OnAir, version: bytes, begun: float, errors: list[Exception]) -> float:
    """When the first answer of the new code came after which none was of the old. Who fails to answer is counted by the
    load."""
    first: float | None = None
    while time.monotonic() < begun + _PATIENCE_S:
        if errors:
            raise Failed(f"did not reload: {errors[0]}") from errors[0]
        try:
            body = air.ask(Request(PATH), timeout_s=5).body
        except OSError:
            continue
        now = time.monotonic()
        first = None if version not in body else first or now
        if first and now - first > _QUIET_S:
            return first
        time.sleep(0.003)
    raise Failed(f"still answered with the old code {_PATIENCE_S:.0f} s after the sign")
