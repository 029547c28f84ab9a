"""One measurement: a fault under load, and what it did to the requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from faults.load import MIX, Client, Load, Outcome, Summary
from support.stack import until

#: How long new requests are begun after the fault, and how many are answered well at least; those under way then are waited
#: for in any case.
AFTER_S = 1.0
AFTER = 100


@dataclass(frozen=True)
class Row:
    """`next_s` is the time from the fault to the end of the next good answer to a request begun after it; None for reloads,
    where the longest gap says more. `promise` is what must hold and `kept` whether it did: None where nothing is promised
    or nothing could be measured (`summary` is None). `in_time` is whether it came as soon as promised, which is the
    machine's affair as well."""

    fault: str
    server: str
    summary: Summary | None
    next_s: float | None = None
    promise: str = ""
    kept: bool | None = None
    remark: str = ""
    outcomes: tuple[Outcome, ...] = ()
    in_time: bool = True

    @property
    def held(self) -> bool | None:
        """The whole promise."""
        return self.kept if self.in_time else False


@dataclass(frozen=True)
class Seen:
    """A load and the moment of the fault in it (monotonic seconds); `remark` is what the fault had to say."""

    load: Load
    moment: float
    next_s: float
    remark: str

    @property
    def lost(self) -> list[Outcome]:
        return [outcome for outcome in self.load.outcomes if not outcome.good]


def under_load(port: int, act: Callable[[], str], mix: tuple[Client, ...] = MIX) -> Seen:
    """Let the load flow, do the thing, wait for a good answer to a request begun after it began, let it flow on."""
    with Load(port, mix) as load:
        until(lambda: sum(outcome.good for outcome in load.outcomes) > 50, what="the load flows before the fault")
        moment = time.monotonic()
        remark = act()
        found = until(lambda: load.good_since(moment), timeout=60, what="served again")
        assert found
        time.sleep(AFTER_S)
        until(lambda: load.count_since(moment) >= AFTER, timeout=60, what="the load flows after the fault")
    return Seen(load, moment, found.ended - moment, remark)
