"""Exceptions of pages: from uWSGI's log, joined with what calling the page in its own Python shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from portico.hops.wsgi.examination import Failure
from portico.hops.wsgi.faults.requests import Handled, handled, same_page
from portico.model.evidence import Evidence
from portico.model.finding import Basis
from portico.model.log import Event
from portico.seams.faults.app_seen import asked_exchange, examined

_ROWS = 6


@dataclass(frozen=True)
class Raised:
    """One exception. `path` is the page's, `where` a place in the project's code and `code` the line there; `first` is what
    it was raised from. `basis` is `request` for the request just made, `log` for earlier ones of pages that are not known to
    be well now, `state` for what only the examination shows. `logged`: uWSGI's log has it."""

    exception: str
    message: str
    path: str
    where: str = ""
    code: str = ""
    first: str = ""
    rows: tuple[str, ...] = ()
    basis: Basis = "log"
    logged: bool = True
    text: str = ""

    @property
    def says(self) -> str:
        """`ValueError: boom`, one line."""
        line = self.message.strip().partition("\n")[0]
        return f"{self.exception}: {line}" if line else self.exception


def raised(evidence: Evidence) -> tuple[Raised, ...]:
    """Those of the request under examination first, then those of other pages lately, the last first; each once."""
    return tuple(chain(of_request(evidence), lately(evidence)))


def of_request(evidence: Evidence) -> tuple[Raised, ...]:
    """What the page that was asked for raised; empty where it came well."""
    asked = asked_exchange(evidence)
    if asked is None or 0 < asked.status < 500:
        return ()
    logged = [one for one in _logged(evidence) if one.basis == "request" and same_page(one.path, asked.path)]
    called = list(_called(evidence))
    if not logged:
        return tuple(called)
    last = logged[-1]
    same = next((one for one in called if one.exception == last.exception), None)
    return (replace(last, where=same.where or last.where, code=same.code) if same else last,)


def lately(evidence: Evidence) -> tuple[Raised, ...]:
    """What pages raised that were not asked for now; not those that are well by now."""
    asked = [visit.exchange.path for visit in evidence.visits]
    found: dict[tuple[str, str, str], Raised] = {}
    for one in _logged(evidence):
        if not any(same_page(one.path, path) for path in asked):
            found[(one.exception, one.message, one.where)] = one
    return tuple(reversed(found.values()))


def _logged(evidence: Evidence) -> Iterator[Raised]:
    seen = evidence.instance
    for one in handled(seen.events) if seen else ():
        of = any(one.is_of(visit.exchange) for visit in evidence.visits)
        for event in one.said:
            if event.kind == "traceback" and event.data.get("exception"):
                yield of_event(one, event, "request" if of else "log")


def of_event(one: Handled, event: Event, basis: Basis) -> Raised:
    """A traceback of the log."""
    data = event.data
    lines = [line for line in event.text.splitlines() if line.strip() and line.strip("^~ ")]
    return Raised(
        exception=data["exception"].rpartition(".")[2],
        message=data.get("message", ""),
        path=one.path,
        where=f"{data['file']}:{data['line']}" if data.get("file") else "",
        first=data.get("first", ""),
        rows=tuple(lines[-_ROWS:]),
        basis=basis,
        text=event.text,
    )


def _called(evidence: Evidence) -> Iterator[Raised]:
    call = examined(evidence).call
    # One that broke because something was not let through says nothing of the real page.
    if call.ok is not False:
        return
    failures = [*(one.failure for one in call.problems if one.kind == "raised" and one.failure), *call.exceptions]
    for failure in failures[:1]:
        yield _of_failure(failure, call.path)


def _of_failure(failure: Failure, path: str) -> Raised:
    frame = failure.frame
    return Raised(
        exception=failure.exception,
        message=failure.message,
        path=path,
        where=frame.where if frame else "",
        code=frame.code if frame else "",
        rows=(*failure.traceback[-_ROWS:],),
        basis="request",
        logged=False,
        text="\n".join(failure.traceback),
    )
