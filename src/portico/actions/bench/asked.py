"""What `portico bench` was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portico import __version__
from portico.actions.options import Options
from portico.actions.trace.asked import host_and_path
from portico.actions.trace.kinds import NO_REQUEST
from portico.model.errors import Exit, PorticoError
from portico.model.headers import over, says_forwarded, unfit, unfit_host
from portico.model.load import Request
from portico.model.plan import Plan

#: By which nginx's log tells our requests from those of visitors.
AGENT = f"portico-bench/{__version__}"
_PATH_FIX = ("name paths of the site: portico bench / /shop/", "portico bench --help")
_HEADER_FIX = ("one line each: portico bench -H 'Accept-Language: de' -H 'Cookie: sessionid=...'", "portico bench --help")


@dataclass(frozen=True)
class Asked:
    """`paths` are paths or URLs, empty for the health path. `seconds` is how long each measurement of a round takes.
    `headers` may hold credentials: no value of them is ever shown. `curve`: also with other numbers of clients. `own`: a
    stack of its own even where the site is up. `options` shape that stack."""

    options: Options
    paths: tuple[str, ...] = ()
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    clients: int = 8
    seconds: float = 2.0
    rounds: int = 5
    curve: bool = False
    own: bool = False

    @property
    def forwarded(self) -> bool:
        """Whether the requests say what a load balancer in front says."""
        return says_forwarded(self.headers)


@dataclass(frozen=True)
class Page:
    """One GET that is measured. `path` has its query with it; `host` is the Host header."""

    path: str
    host: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def request(self) -> Request:
        return Request(self.path, "GET", {**self.headers, "Host": self.host})

    @property
    def floor(self) -> dict[str, object]:
        """The same for `inside/measure_floor.py`."""
        return {"path": self.path, "host": self.host, "headers": [list(pair) for pair in self.headers.items()]}


def pages(asked: Asked, plan: Plan) -> tuple[Page, ...]:
    """The requests, in the order they were named, each once. Raises PorticoError for what is no request."""
    headers = _headers(asked.headers)
    host = next((headers.pop(name) for name in list(headers) if name.lower() == "host"), "")
    found = {}
    for target in asked.paths or (plan.site.health_path,):
        try:
            named, path = host_and_path(target, plan)
        except PorticoError as error:
            raise _refused(error.findings[0].cause) from None
        chosen = named if "://" in target else asked.host or host or named
        if why := unfit_host(chosen):
            raise _refused(why)
        found[path, chosen] = Page(path, chosen, headers)
    return tuple(found.values())


def _headers(given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What a browser sends that has a say in the answer, and the user's own over it."""
    for name, value in given:
        if why := unfit(name, value):
            raise _refused(why, _HEADER_FIX)
    return over({"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "gzip"}, given)


def _refused(cause: str, fix: Sequence[str] = _PATH_FIX) -> PorticoError:
    return PorticoError(NO_REQUEST.found(cause=cause, evidence=[cause], fix=fix), Exit.USAGE)
