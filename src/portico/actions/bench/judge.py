"""What the figures of a page mean: what bounds it, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portico.actions.bench.seen import Figures

Bound = Literal["errors", "client", "nginx", "waiting", "processes", "cpu", "application", "servers", "others", "nothing"]
#: From there on something counts as at its limit.
_FULL = 0.85
_CLIENT_FULL = 0.92
_HALF = 0.5
#: So much of the time of a request by the clock: then it mostly waits.
_WAITS = 0.5
#: Below that uWSGI had nothing to do with it.
_BY_NGINX = 0.05


@dataclass(frozen=True)
class Judged:
    """`bound` for programs; `says` is a sentence or two, `next` what to type or change (empty: nothing)."""

    bound: Bound
    says: str
    next: str = ""


def judge(seen: Figures, cores: int, clients: int) -> Judged:
    """What kept the page from being answered more often."""
    if not seen.answers:
        return Judged("errors", "no request was answered: there are no figures", "portico doctor")
    if _share(sum(seen.lost.values()), seen) > 0.01 or _share(seen.failed, seen) > 0.5:
        return Judged("errors", "it failed under load: the figures are those of failing, not of the page", "portico doctor")
    if seen.client >= _CLIENT_FULL:
        return Judged(
            "client",
            f"the load generator: it took {_percent(seen.client)} of its core, so the site can do more requests a second "
            "than this. CPU per request is right all the same",
        )
    if seen.by_app is not None and seen.by_app < _BY_NGINX:
        return Judged("nginx", f"nginx answers it itself, for {_us(seen.total_us.median)} of CPU; uWSGI had nothing to do")
    full = seen.busy is not None and seen.slots > 0 and seen.busy >= _FULL * seen.slots
    taken = ours(seen, cores)
    if _waits(seen) and full and taken < _FULL:
        return Judged("waiting", _waiting(seen), "portico tune   # tries more threads with real load")
    if seen.worker >= _FULL and seen.machine < _FULL and seen.processes < cores:
        return Judged(
            "processes",
            f"the number of processes: each of {seen.processes} took {_percent(seen.worker)} of a core, and the machine has "
            f"{cores} cores, busy for {_percent(seen.machine)}",
            "portico tune   # tries more processes with real load",
        )
    if seen.machine >= _FULL and taken < _HALF:
        return Judged(
            "others", f"other processes: the site and this load had {_percent(taken)} of the machine, and it was full"
        )
    if seen.machine >= _FULL or seen.worker >= _FULL or taken >= _FULL:
        return _cpu(seen)
    return Judged("nothing", _idle(seen, clients), f"portico bench --clients {clients * 4}" if not full else "")


def _share(number: int, seen: Figures) -> float:
    return number / max(1, seen.answers + sum(seen.lost.values()))


def _waits(seen: Figures) -> bool:
    """Whether a request mostly waits for something else than a CPU."""
    if seen.floor_waits_us is not None and seen.floor_wall_us:
        return seen.floor_waits_us / seen.floor_wall_us >= _WAITS
    return seen.worker < _WAITS and seen.machine < _FULL


def _waiting(seen: Figures) -> str:
    busy = f"{seen.busy:.1f} of {seen.slots} threads" if seen.busy is not None else "the threads"
    if seen.floor_waits_us is None or seen.floor_wall_us is None:
        return f"waiting: {busy} were in a request, and the workers took only {_percent(seen.worker)} of a core each"
    return (
        f"waiting: of {_ms(seen.floor_wall_us)} a request takes the application, it waits {_ms(seen.floor_waits_us)} (for a "
        f"database, another service, a disk); {busy} were in a request, so others had to queue for a thread"
    )


def _cpu(seen: Figures) -> Judged:
    whole = seen.total_us.median
    if seen.floor_us is None:
        return Judged("cpu", f"CPU: {_us(whole)} a request; how much of it is the application's is not known")
    own = min(seen.floor_us.median, whole)
    rest = f"{_us(own)} of {_us(whole)} a request are the application's own ({_percent(own / max(whole, 1e-9))})"
    if own >= whole / 2:
        return Judged("application", f"CPU: {rest}. A faster view is what makes this page faster")
    return Judged("servers", f"CPU: {rest}; the rest is nginx's and uWSGI's, so a faster view gains little")


def _idle(seen: Figures, clients: int) -> str:
    mostly = ""
    if seen.floor_waits_us is not None and seen.floor_wall_us and _waits(seen):
        mostly = f"; of {_ms(seen.floor_wall_us)} a request takes the application, it waits {_ms(seen.floor_waits_us)}"
    busy = f", {seen.busy:.1f} of {seen.slots} threads were in a request" if seen.busy is not None else ""
    return f"nothing was at its limit with {clients} clients{busy}{mostly}"


def ours(seen: Figures, cores: int) -> float:
    """The share of all cores that the stack and the load took."""
    return (seen.per_s.median * seen.total_us.median / 1e6 + seen.client) / max(1, cores)


def added_us(seen: Figures) -> float | None:
    """What nginx and uWSGI add to the application's own CPU time of a request; None without a floor."""
    return None if seen.floor_us is None else max(0.0, seen.total_us.median - seen.floor_us.median)


def _us(value: float) -> str:
    return f"{value:,.0f} us"


def _ms(us: float) -> str:
    return f"{us / 1000:,.1f} ms"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
