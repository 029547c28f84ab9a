"""What the figures of a page mean: what bounds it, in words. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import Literal

from portico.actions.bench.seen import BY_NGINX, Figures

Bound = Literal[
    "errors",
    "client",
    "nginx",
    "waiting",
    "processes",
    "cpu",
    "application",
    "servers",
    "others",
    "quota",
    "router",
    "nothing",
]
#: From there on something counts as at its limit.
_FULL = 0.85
_CLIENT_FULL = 0.92
_HALF = 0.5
_THROTTLED = 0.2
#: How long Linux lets an acknowledgement wait for data to go with it, and an application that has nothing to do with that.
_DELAYED_ACK_MS, _QUICK_US = (38.0, 60.0), 10_000.0
_ROUTER = (
    "uWSGI's HTTP router: of an answer without Content-Length on a kept connection the last bytes go out only when the "
    "client has acknowledged the others, which it may delay for 40 ms (RFC 1122, 4.2.3.2 and 4.2.3.4). A Content-Length "
    "avoids it, and so does nginx"
)
#: So much of the time of a request by the clock: then it mostly waits.
_WAITS = 0.5
#: Times as long as without a server, and still as long.
_AS_ALONE = 1.2
#: From there on it is told that others took so much of the machine.
MUCH = 0.25
#: Two figures in microseconds that cannot be told apart.
_SAME_US = 0.5


@dataclass(frozen=True)
class Judged:
    """`bound` for programs; `says` is a sentence or two, `next` what to type or change (empty: nothing)."""

    bound: Bound
    says: str
    next: str = ""


def judge(seen: Figures, cores: int, clients: int, path: str = "/") -> Judged:
    """What kept the page from being answered more often. `path` is what it is asked for by."""
    found = _no_measure(seen, path) or _elsewhere(seen) or _limit(seen, cores, path) or _nothing(seen, clients, path)
    taken = others(seen, cores)
    if taken <= MUCH or found.bound in ("errors", "others"):
        return found
    return replace(found, says=f"{found.says}. Other processes took {_percent(taken)} of the machine meanwhile")


def _no_measure(seen: Figures, path: str) -> Judged | None:
    """Where the figures are not those of a page."""
    doctor = f"portico doctor {shlex.quote(path)}"
    if not seen.answers:
        return Judged("errors", "no request was answered: there are no figures", doctor)
    if _share(sum(seen.lost.values()), seen) > 0.01 or _share(seen.failed, seen) > 0.5:
        return Judged("errors", "it failed under load: the figures are those of failing, not of the page", doctor)
    return None


def _elsewhere(seen: Figures) -> Judged | None:
    """Where neither the application nor its workers are what bounds it."""
    if seen.client >= _CLIENT_FULL:
        return Judged(
            "client",
            f"the load generator: it took {_percent(seen.client)} of its core, so the site can do more requests a second "
            "than this. CPU per request is right all the same",
        )
    if seen.by_app is not None and seen.by_app < BY_NGINX:
        return Judged("nginx", f"nginx answers it itself, for {_us(seen.total_us.median)} of CPU; uWSGI had nothing to do")
    if seen.throttled >= _THROTTLED:
        often = _percent(seen.throttled)
        return Judged("quota", f"the CPU quota of this container: it held processes back in {often} of its periods")
    return Judged("router", _ROUTER) if _router_waits(seen) else None


def _limit(seen: Figures, cores: int, path: str) -> Judged | None:
    """What is at its limit."""
    taken = ours(seen, cores)
    tune = f"portico tune {shlex.quote(path)}"
    if _waits(seen) and _threads_full(seen) and taken < _FULL:
        return Judged("waiting", _waiting(seen), f"{tune}   # tries more threads with real load")
    if unhindered(seen):
        return None
    worker = seen.worker or 0.0
    if worker >= _FULL and seen.machine < _FULL and seen.processes < cores:
        return Judged(
            "processes",
            f"the number of processes: each of {seen.processes} took {_percent(worker)} of a core, and the machine has "
            f"{cores} cores, busy for {_percent(seen.machine)}",
            f"{tune}   # tries more processes with real load",
        )
    if seen.machine >= _FULL and taken < _HALF:
        return Judged(
            "others",
            f"other processes: the machine was full, and they took {_percent(others(seen, cores))} of it; the site and this "
            f"load had {_percent(taken)}",
        )
    if seen.machine >= _FULL or worker >= _FULL or taken >= _FULL:
        return _cpu(seen)
    return None


def _nothing(seen: Figures, clients: int, path: str) -> Judged:
    more = f"portico bench {shlex.quote(path)} --clients {clients * 4}"
    return Judged("nothing", _idle(seen, clients), "" if _threads_full(seen) else more)


def _threads_full(seen: Figures) -> bool:
    return seen.busy is not None and seen.slots > 0 and seen.busy >= _FULL * seen.slots


def _share(number: int, seen: Figures) -> float:
    return number / max(1, seen.answers + sum(seen.lost.values()))


def _router_waits(seen: Figures) -> bool:
    """Whether the time of a request is that of a delayed acknowledgement."""
    low, high = _DELAYED_ACK_MS
    quick = seen.floor_wall_us is not None and seen.floor_wall_us < _QUICK_US
    return "nginx" not in seen.cpu_us and "uwsgi router" in seen.cpu_us and quick and low <= seen.p50_ms <= high


def unhindered(seen: Figures) -> bool:
    """Whether a request mostly waits, and took hardly longer than it takes the application alone: then nobody was in its
    way, however full the machine was."""
    wall_us = seen.floor_wall_us
    return bool(wall_us and seen.floor_waits_us and _waits(seen)) and seen.p50_ms * 1000 <= _AS_ALONE * (wall_us or 0.0)


def _waits(seen: Figures) -> bool:
    """Whether a request mostly waits for something else than a CPU."""
    if seen.floor_waits_us is not None and seen.floor_wall_us:
        return seen.floor_waits_us / seen.floor_wall_us >= _WAITS
    return seen.worker is not None and seen.worker < _WAITS and seen.machine < _FULL


def _waiting(seen: Figures) -> str:
    busy = f"{seen.busy:.1f} of {seen.slots} threads" if seen.busy is not None else "the threads"
    if seen.floor_waits_us is None or seen.floor_wall_us is None:
        return f"waiting: {busy} were in a request, and the workers took only {_percent(seen.worker or 0.0)} of a core each"
    return (
        f"waiting: of {_ms(seen.floor_wall_us)} a request takes the application, it waits {_ms(seen.floor_waits_us)} (for a "
        f"database, another service, a disk); {busy} were in a request, so others had to queue for a thread"
    )


def _cpu(seen: Figures) -> Judged:
    whole = seen.total_us.median
    if seen.floor_us is None:
        return Judged("cpu", f"CPU: {_us(whole)} a request; how much of it is the application's is not known")
    own = seen.floor_us.median
    if floor_too_high(seen):
        return Judged("cpu", f"CPU: {_us(whole)} a request; how much of it is the application's was lost in the noise")
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


def others(seen: Figures, cores: int) -> float:
    """The share of all cores that everybody else took."""
    return max(0.0, seen.machine - ours(seen, cores))


def floor_too_high(seen: Figures) -> bool:
    """Whether the floor, which is a part of the whole, is not below it."""
    return seen.floor_us is not None and seen.floor_us.median > seen.total_us.median - _SAME_US


def added_us(seen: Figures) -> float | None:
    """What nginx and uWSGI add to the application's own CPU time of a request; None without a floor below the whole."""
    return None if seen.floor_us is None or floor_too_high(seen) else seen.total_us.median - seen.floor_us.median


def app_share(seen: Figures) -> float | None:
    """The part of the CPU time of a request that is the application's own, 0 to 1; None as with `added_us`."""
    return None if seen.floor_us is None or floor_too_high(seen) else seen.floor_us.median / seen.total_us.median


def _us(value: float) -> str:
    return f"{value:,.0f} us"


def _ms(us: float) -> str:
    return f"{us / 1000:,.1f} ms"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
