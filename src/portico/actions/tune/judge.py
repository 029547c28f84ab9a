"""Which setting the figures speak for. Pure.

Of those within 3 % of the most requests a second, with a p99 of at most 1.25 times the best one's, the one that takes least
memory. Rounds are compared in pairs, each with the one beside it in time, so that what slows the machine down for a while
slows both; where the pairs do not agree, it is noise, and the present setting stays. The more of the cores other processes
took, the larger a difference has to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from portico.actions.tune.rows import Judged, Row, Spread, spread
from portico.actions.tune.sizes import Size
from portico.model.units import human_bytes

NEAR = 0.97
SLOWER = 1.25
#: Memory that is saved has to be more than this, in every usual round, to be worth a change: stacks of threads are not.
_SAVED, _SAVED_BYTES = 0.9, 16 << 20
_USUAL = 0.1
_LEAST_LEFT = 0.05
LEAST_ROUNDS = 2


def judged(rows: Sequence[Row], present: Size, clients: int, bound: float = math.inf) -> Judged:
    """The recommendation. Rounds that not every setting has had do not count. `bound`: requests a second that the present
    setting could not have exceeded on an idle machine either."""
    measured = _complete([row for row in rows if row.rounds])
    now = _enough(measured, present)
    if now is None:
        return _none("too little was measured to compare anything: at least two rounds of every setting are needed")
    clean = [row for row in measured if row.clean]
    if not clean:
        return _none("with every setting requests failed or were lost, and speed without answers is no speed")
    best = max(clean, key=lambda row: row.median("per_s"))
    near = [row for row in clean if _near(row, best)]
    found = _among(near, best, now, measured, clients, bound)
    return replace(found, why=(*found.why, *_out(measured, best, now)), best=best.size, near=tuple(row.size for row in near))


def enough(rows: Sequence[Row], present: Size) -> bool:
    """Whether there is anything to compare."""
    return _enough(_complete([row for row in rows if row.rounds]), present) is not None


def _enough(complete: Sequence[Row], present: Size) -> Row | None:
    now = next((row for row in complete if row.size == present), None)
    return now if now and len(now.rounds) >= LEAST_ROUNDS else None


def _among(near: Sequence[Row], best: Row, now: Row, measured: Sequence[Row], clients: int, bound: float) -> Judged:
    if not now.clean:
        chosen = _cheapest(near)
        why = f"with {now.size} requests fail at {clients} clients, with {chosen.size} none did"
        return Judged("change", chosen.size, (why, _beside(chosen, now, len(near))))
    taken = others(measured)
    doubt = _doubt(taken, now, bound)
    worse = _worse(now, best, doubt)
    better = [row for row in near if row is not now and ((worse and _worse(now, row, doubt)) or _saves(now, row))]
    if not better:
        told = _busy(taken) if doubt and _worse(now, best, 0.0) else _stays(now, best, clients)
        return Judged("keep", now.size, (told, *_would_save(now, _cheapest(near))))
    chosen = _cheapest(better)
    why = _beside(chosen, now, len(better)) if _worse(now, chosen, doubt) else _cheaper(chosen, now)
    return Judged("change", chosen.size, (why,))


def _none(why: str) -> Judged:
    return Judged("none", None, (why,))


def _complete(rows: Sequence[Row]) -> list[Row]:
    """The same number of rounds of each: one that failed in between has fewer, and is none to compare with."""
    whole = [row for row in rows if not row.failed]
    count = min((len(row.rounds) for row in whole), default=0)
    return [Row(row.size, row.rounds[:count]) for row in whole]


def _near(row: Row, best: Row) -> bool:
    return row.median("per_s") >= NEAR * best.median("per_s") and row.median("p99_ms") <= SLOWER * best.median("p99_ms")


def ratios(over: Row, under: Row, name: str) -> Spread:
    """Quartiles of one setting's figure over another's, round by round."""
    pairs = zip(over.values(name), under.values(name), strict=False)
    return spread([first / second for first, second in pairs if second])


def others(rows: Sequence[Row]) -> float:
    """The part of the cores that other processes took, 0 to 1; a tenth is what any machine does beside its work."""
    found = spread([one for row in rows for one in row.values("others")]).median
    return found if found > _USUAL else 0.0


def _doubt(taken: float, now: Row, bound: float) -> float:
    """By how much the present setting may look worse for what others took of the cores: who lost half of them would have
    been twice as fast without, but not faster than its bound."""
    possible = taken / max(1 - taken, _LEAST_LEFT)
    return min(possible, max(0.0, bound / max(now.median("per_s"), 1e-9) - 1))


def _worse(now: Row, best: Row, doubt: float) -> bool:
    """Whether the present setting falls behind in most rounds, rather than in one that was disturbed."""
    behind = ratios(best, now, "per_s").lower > (1 + doubt) / NEAR
    return behind or ratios(now, best, "p99_ms").lower > SLOWER * (1 + doubt)


def _saves(now: Row, chosen: Row) -> bool:
    saved = now.median("pss_bytes") - chosen.median("pss_bytes")
    return saved > _SAVED_BYTES and ratios(chosen, now, "pss_bytes").upper < _SAVED


def _out(measured: Sequence[Row], best: Row, now: Row) -> list[str]:
    """Settings that would have been faster, had they answered everything; the present one is told of before."""
    faster = [
        row for row in measured if not row.clean and row is not now and row.median("per_s") * NEAR > best.median("per_s")
    ]
    return [
        f"{row.size} answered more ({row.median('per_s'):.0f}/s), but {row.lost + row.bad} requests failed with it"
        for row in faster
    ]


def _cheapest(rows: Sequence[Row]) -> Row:
    return min(rows, key=lambda row: (row.median("pss_bytes"), row.size.slots))


def _busy(taken: float) -> str:
    return f"others were better, but other processes took {taken:.0%} of the cores: such a difference is not sure"


def _stays(now: Row, best: Row, clients: int) -> str:
    if now.size == best.size:
        return f"no other setting answers more requests a second at {clients} clients"
    rates = f"it answers {now.median('per_s'):.0f} requests/s, the best ({best.size}) {best.median('per_s'):.0f}"
    if _near(now, best):
        return f"{rates}: no difference that matters"
    pairs = ratios(best, now, "per_s")
    return (
        f"{rates}: within the noise, for in the middle half of the rounds that was {pairs.lower:.2f} to {pairs.upper:.2f} "
        "times as many"
    )


def _would_save(now: Row, cheapest: Row) -> tuple[str, ...]:
    saved = now.median("pss_bytes") - cheapest.median("pss_bytes")
    if cheapest.size == now.size or saved < now.median("pss_bytes") * (1 - NEAR):
        return ()
    return (f"{cheapest.size} would save {human_bytes(round(saved))} of memory, too little for a change",)


def _cheaper(chosen: Row, now: Row) -> str:
    rates = f"{chosen.median('per_s'):.0f} and {now.median('per_s'):.0f} a second"
    return f"it answers as many requests as {now.size} ({rates}) with {_memory(chosen)} of memory instead of {_memory(now)}"


def _beside(chosen: Row, now: Row, near: int) -> str:
    least = "; of those as good it takes least memory" if near > 1 else ""
    return (
        f"{chosen.median('per_s'):.0f} requests/s instead of {now.median('per_s'):.0f} with {now.size}, p99 "
        f"{chosen.median('p99_ms'):.0f} ms instead of {now.median('p99_ms'):.0f} ms, memory {_memory(chosen)} instead of "
        f"{_memory(now)}{least}"
    )


def _memory(row: Row) -> str:
    return human_bytes(round(row.median("pss_bytes")))
