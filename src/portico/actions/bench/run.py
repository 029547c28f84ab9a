"""`portico bench`: interleaved rounds over the pages and the floor of each, and what they come to."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from portico.actions.bench import told
from portico.actions.bench.asked import Asked, Page, pages
from portico.actions.bench.curve import counts, curve
from portico.actions.bench.floor import Measurer, measurer
from portico.actions.bench.kinds import LOST
from portico.actions.bench.measure import memory, once
from portico.actions.bench.seen import BY_NGINX, Figures, Once, figures
from portico.actions.bench.target import Target, target
from portico.actions.doctor.discretion import Discretion
from portico.hops.uwsgi.raised import raised
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding
from portico.model.result import Result
from portico.system import files, http
from portico.system.aside import orderly
from portico.system.http import Answer
from portico.system.load import prove_room

Say = Callable[[str], None]
#: A load before the first round, so that caches are filled and connections made; and the floor's share of a round.
_WARM_S, _FLOOR_SHARE = 0.4, 0.25
_ANSWER_S = 30.0
#: So much of the log is looked through for exceptions: the requests of the pages that follow may stand behind them.
_LOG_BYTES = 8 << 20
#: Headers whose values are nobody's secret.
_PUBLIC = frozenset(("accept", "accept-encoding", "accept-language", "host", "user-agent", "x-forwarded-proto"))


def bench(asked: Asked, say: Say) -> Result:
    """Measure and judge. The Result's findings are requests that were lost or answered 5xx (exit status 1), or a
    warning that none of the pages was one. Ctrl-C ends the rounds: those that are whole are told, with exit status 130; it
    is raised where there is none yet. Raises PorticoError where nothing can be measured."""
    prove_room(max(counts(asked)) if asked.curve else asked.clients)
    with orderly(), target(asked) as found:
        say(f"{'the site itself' if found.live else 'a stack of its own'} at {found.plan.listen}")
        listed = pages(asked, found.plan)
        discreet = _discretion(found, asked)
        since = files.size(found.app_log) if found.app_log else 0
        first = [_first(found, page) for page in listed]
        with measurer(found, listed) as floor:
            rounds, whole = _rounds(asked, found, listed, floor, say)
            every = [_figures(found, one) for one in rounds]
            data = told.result(asked, found, listed, every, first, floor, memory(found))
        exceptions = _raised(found, since)
        findings = told.findings(found, listed, every, exceptions)
        data["notes"] += told.unseen(every, exceptions)
        if asked.curve and whole:
            whole = _add_curve(data, asked, found, listed, say)
    data |= {"interrupted": not whole, "rounds": len(rounds[0])}
    # What names a page (a token in its query) may be a secret like any other.
    shown: dict[str, Any] = discreet.data(data)
    return Result("bench", shown, tuple(discreet.finding(one) for one in findings), _code(findings, whole))


def _code(findings: Sequence[Finding], whole: bool) -> Exit:
    if not whole:
        return Exit.INTERRUPTED
    return Exit.FINDINGS if any(one.severity == "error" for one in findings) else Exit.DONE


def _add_curve(data: dict[str, Any], asked: Asked, found: Target, listed: Sequence[Page], say: Say) -> bool:
    """False where it was interrupted: then there is none, and what was measured before remains."""
    try:
        data["curve"] = curve(asked, found, listed, say)
    except KeyboardInterrupt:
        return False
    return True


def _discretion(found: Target, asked: Asked) -> Discretion:
    """Knows the application's secrets, and the headers that the user gave."""
    discretion = Discretion(environ=found.environ)
    discretion.add(dict(found.environ))
    for name, value in asked.headers:
        if name.lower() not in _PUBLIC:
            discretion.add({"secret": value})
    return discretion


def _first(found: Target, page: Page) -> Answer:
    """One request by itself: it says what the page is, and is the first that a new worker has."""
    listen = found.plan.listen
    answer = http.get(listen.connect_host, listen.port, page.path, page.request.headers, _ANSWER_S)
    if answer.status:
        return answer
    cause = f"{page.path} got no answer at all: {answer.error or 'the connection was closed'}"
    fix = [f"portico doctor {shlex.quote(page.path)}", "portico logs --hop nginx"]
    raise PorticoError(LOST.found(cause=cause, evidence=[f"GET {page.path} at {listen}"], fix=fix), Exit.FINDINGS)


def _raised(found: Target, since: int) -> list[str]:
    """The exceptions that the application's log has from there on, each once."""
    lines = files.tail(found.app_log, since, _LOG_BYTES).splitlines() if found.app_log else []
    return list(dict.fromkeys(line.splitlines()[0] for line in raised(lines)))


def _rounds(asked: Asked, found: Target, listed: Sequence[Page], floor: Measurer, say: Say) -> tuple[list[list[Once]], bool]:
    """Every page in turn in every round, and its floor right after it: what changes about the machine meanwhile meets all
    alike. False: an interrupt ended them before all were done."""
    for at, page in enumerate(listed):
        once(found, page, asked.clients, min(_WARM_S, asked.seconds))
        floor.measure(at, min(_WARM_S, asked.seconds) / 2)
    every: list[list[Once]] = [[] for _ in listed]
    for number in range(asked.rounds):
        began = time.monotonic()
        try:
            one = [_one(asked, found, page, floor, at) for at, page in enumerate(listed)]
        except KeyboardInterrupt:
            if not number:
                raise
            return every, False
        for rounds, seen in zip(every, one, strict=True):
            rounds.append(seen)
        say(f"round {number + 1} of {asked.rounds}: {_brief(every)}  ({time.monotonic() - began:.1f} s)")
    return every, True


def _figures(found: Target, rounds: Sequence[Once]) -> Figures:
    uwsgi = found.plan.uwsgi
    processes = uwsgi.processes * uwsgi.instances
    return figures(rounds, processes * uwsgi.threads, processes)


def _one(asked: Asked, found: Target, page: Page, floor: Measurer, at: int) -> Once:
    seen = once(found, page, asked.clients, asked.seconds)
    if seen.by_app is not None and seen.by_app < BY_NGINX * seen.measured.answers:
        # nginx answers it itself: what the application would say is another page.
        return seen
    return replace(seen, floor=floor.measure(at, asked.seconds * _FLOOR_SHARE))


def _brief(every: Sequence[Sequence[Once]]) -> str:
    return ", ".join(f"{one[-1].measured.answers / one[-1].measured.seconds:,.0f}/s" for one in every)
