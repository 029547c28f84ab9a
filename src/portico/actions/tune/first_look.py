"""The first, quick measurement of the present setting: does every page answer well, and what does one cost."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from portico.actions.tune.contenders import Contender
from portico.actions.tune.kinds import NOT_WELL
from portico.actions.tune.measure import Window, nature, window
from portico.actions.tune.sizes import Nature
from portico.model.finding import Finding
from portico.model.load import Load
from portico.system import usage

_SECONDS = 1.0
#: A window holds at least so many requests of one client.
_ENOUGH = 4
_HINTS: Mapping[int, str] = {
    3: "name the page that it leads to, or one that answers 200; -H 'Cookie: ...' for one behind a login",
    4: "portico tune /another/page/   # one that answers 200; -H 'Cookie: ...' for one behind a login, --host NAME",
    5: "portico trace {path}   # shows where it fails",
    1: "name a page that answers 200",
    0: "portico trace {path}   # shows where it stops",
}


_AS_HTTPS = "-H 'X-Forwarded-Proto: https'   # SECURE_SSL_REDIRECT sends everybody to https"


@dataclass(frozen=True)
class FirstLook:
    """`statuses` by path, 0 for no answer; `nature`, from one client alone, and `many`, a window of all clients, are None
    where a page did not answer well."""

    statuses: Mapping[str, int]
    nature: Nature | None = None
    many: Window | None = None
    pss_bytes: int = 0

    def finding(self, to_https: bool) -> Finding | None:
        """The paths that do not answer 2xx. `to_https`: the settings send everybody there who does not come from it."""
        wrong = {path: status for path, status in self.statuses.items() if not 200 <= status < 300}
        if not wrong:
            return None
        rows = [f"GET {path} {status or 'no answer'}" for path, status in wrong.items()]
        fix = dict.fromkeys(_HINTS[status // 100].format(path=shlex.quote(path)) for path, status in wrong.items())
        if to_https and any(status // 100 == 3 for status in wrong.values()):
            fix = {f"portico tune {shlex.join(self.statuses)} {_AS_HTTPS}": None}
        cause = f"{len(wrong)} of {len(self.statuses)} paths did not answer 2xx" if len(self.statuses) > 1 else rows[0]
        return NOT_WELL.found(cause=cause, evidence=rows, fix=tuple(fix), basis="request")

    def data(self) -> dict[str, Any]:
        """As JSON."""
        if self.nature is None or self.many is None:
            return {"statuses": dict(self.statuses)}
        return {
            "statuses": dict(self.statuses),
            "wall_us": round(self.nature.wall_us),
            "cpu_us": round(self.nature.cpu_us),
            "waiting_us": round(self.nature.waiting_us),
            "share": round(self.nature.share, 3),
            "waits": self.nature.waits,
            "many_p50_us": self.many.measured.latency_us(0.5),
            "many_cpu_us": round(self.many.server_us),
        }


def look(now: Contender, load: Load, clients: int) -> FirstLook:
    """Each page once, which loads what its first request needs, then each by one client, then all in turn by many."""
    statuses: dict[str, int] = {}
    for request in load.requests:
        answer = window(now, replace(load, requests=(request,)), 1, load.timeout_s, count=1).measured
        statuses[request.path] = next(iter(answer.statuses), 0)
    if any(not 200 <= status < 300 for status in statuses.values()):
        return FirstLook(statuses)
    pages = [replace(load, requests=(request,)) for request in load.requests]
    once = window(now, load, 1, load.timeout_s, count=len(pages))
    alone = [window(now, page, 1, seconds_for(_SECONDS / len(pages), once.mean_us)) for page in pages]
    many = window(now, load, clients, seconds_for(_SECONDS, once.mean_us))
    return FirstLook(statuses, nature(alone), many, usage.pss_bytes(usage.tree(*now.uwsgi)))


def seconds_for(least_s: float, wall_us: float, most_s: float = 10.0) -> float:
    """How long a window has to be to hold enough requests of that length."""
    return min(max(least_s, _ENOUGH * wall_us / 1e6), max(least_s, most_s))
