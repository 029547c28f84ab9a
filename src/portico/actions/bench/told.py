"""The Result of a measurement: JSON-ready data and findings. Pure but for asking how many cores there are."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from portico.actions.aside.raw import left_out
from portico.actions.bench.asked import Asked, Page
from portico.actions.bench.floor import Measurer, Python
from portico.actions.bench.judge import MUCH, added_us, app_share, judge, others, unhindered
from portico.actions.bench.kinds import FAILED, LOST, NO_PAGE
from portico.actions.bench.seen import Figures
from portico.actions.bench.target import Target
from portico.actions.bench.unlike import floor_differs, floor_is_noise, warning
from portico.actions.command_here import command_here
from portico.model.finding import Finding
from portico.system.http import MOST_BYTES, Answer
from portico.system.processes import cores

Data = dict[str, Any]
_EXCEPTIONS = 3
#: What there is of an answer only.
_OF_ANSWERS = ("p50_ms", "p90_ms", "p99_ms", "cpu_us", "total_us", "floor_us", "floor_wall_us", "floor_waits_us")
#: What limit_req and limit_conn answer, and what many let them answer instead
#: (https://nginx.org/en/docs/http/ngx_http_limit_req_module.html#limit_req_status).
_REFUSED = {503, 429}
#: docs/howto-bench.md says where it comes from.
PLAIN_PYTHON = 0.86


def result(
    asked: Asked,
    found: Target,
    listed: Sequence[Page],
    every: Sequence[Figures],
    first: Sequence[Answer],
    floor: Measurer,
    memory: Mapping[str, int],
) -> Data:
    """Everything that the screen and `--json` show, secrets not yet taken out."""
    plan = found.plan
    rows = zip(listed, every, first, strict=True)
    return {
        "project": plan.paths.project,
        "live": found.live,
        "url": plan.listen.url,
        "front": plan.front,
        "clients": asked.clients,
        "seconds": asked.seconds,
        "rounds": asked.rounds,
        "headers": [name for name, _ in asked.headers],
        "cores": cores(),
        "nginx": ".".join(map(str, plan.nginx.binary.version)) if plan.nginx else None,
        "uwsgi": {
            "version": plan.interpreter.uwsgi.version,
            "processes": plan.uwsgi.processes,
            "threads": plan.uwsgi.threads,
            "instances": plan.uwsgi.instances,
        },
        "python": {"version": floor.python.version or plan.interpreter.version, "optimized": floor.python.optimized},
        "pages": [_page(page, seen, answer, asked) for page, seen, answer in rows],
        "memory_bytes": dict(memory),
        "floor_missing": floor.why,
        "notes": [*found.notes, *_notes(found, listed, every, floor.python)],
    }


def _page(page: Page, seen: Figures, answer: Answer, asked: Asked) -> Data:
    differs = floor_differs(seen)
    if differs:
        seen = replace(seen, floor_us=None, floor_wall_us=None, floor_waits_us=None)
    judged = judge(seen, cores(), asked.clients, page.path)
    told = asdict(seen)
    if not seen.answers:
        told |= dict.fromkeys(_OF_ANSWERS)
    return {
        "path": page.path,
        "host": page.host,
        "status": seen.status,
        "content_type": answer.headers.get("content-type", ""),
        "bytes": size(answer),
        **told,
        "statuses": {str(status): number for status, number in seen.statuses.items()},
        "app_share": app_share(seen) if seen.answers else None,
        "added_us": added_us(seen) if seen.answers else None,
        "bound": judged.bound,
        "says": judged.says,
        "next": judged.next,
        "warning": warning(page, seen, answer.headers.get("location", "")),
        "floor_note": (differs or floor_is_noise(seen)) if seen.answers else "",
    }


def size(answer: Answer) -> int | None:
    """Bytes of the body as it was sent; None for one without Content-Length that is longer than what is read of it."""
    if len(answer.body) < MOST_BYTES:
        return len(answer.body)
    length = answer.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _notes(found: Target, listed: Sequence[Page], every: Sequence[Figures], python: Python) -> Iterator[str]:
    visits = sum(seen.others for seen in every)
    if visits:
        yield (
            f"{visits:,} requests of visitors came meanwhile: CPU per request is of theirs and ours together, and they took "
            "threads and cores from these"
        )
    if found.live and found.log:
        yield "nginx's log holds these requests, too; their user agent is portico-bench"
    if limits := _limited(found, every):
        yield f"raw lines limit how often one client may ask ({limits}), and all of these are one: --aside leaves them out"
    if python.optimized is False:
        yield (
            f"this Python {python.version} was built without --enable-optimizations: one built with it (Debian's python3, "
            f"for one) took {PLAIN_PYTHON} of the CPU time a request in our measurement of a JSON view"
        )
    met = [0.0 if unhindered(seen) else others(seen, cores()) for seen in every]
    yield from by_others([(page.path, share) for page, share in zip(listed, met, strict=True)])


def _limited(found: Target, every: Sequence[Figures]) -> str:
    """The raw lines with which nginx may have refused requests of ours, by name; empty where it refused none."""
    if not found.live or not found.plan.nginx or not any(_REFUSED & seen.statuses.keys() for seen in every):
        return ""
    plan = found.plan.nginx
    names = left_out((*plan.extra_http, *plan.extra_server, *plan.extra_location))
    return ", ".join(name for name in names if name.startswith("limit_"))


def by_others(shares: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Of which pages others took much of the machine; `shares` are 0 to 1 by path."""
    much = [(path, share) for path, share in shares if share > MUCH]
    if not much:
        return
    low, high = (f"{found(share for _, share in much) * 100:.0f}" for found in (min, max))
    least = f"{low} % of" if low == high else f"{low} to {high} % of"
    paths = f"{', '.join(path for path, _ in much)} {'was' if len(much) == 1 else 'were'}"
    where = "" if len(much) == len(shares) else f" while {paths} measured"
    told = "requests a second are too low" if not where else "there requests a second are too low"
    yield f"others took {least} this machine{where}: {told}; CPU a request is nearly as without them"


def unseen(every: Sequence[Figures], raised: Sequence[str]) -> Iterator[str]:
    """What the application raised where no answer says so: behind the first bytes of one, or beside it."""
    if raised and not any(seen.failed for seen in every):
        yield f"no answer was a 5xx, but the application's log has meanwhile: {'; '.join(raised[:_EXCEPTIONS])}"


def findings(found: Target, listed: Sequence[Page], every: Sequence[Figures], raised: Sequence[str]) -> tuple[Finding, ...]:
    """Requests that were lost, then those that were answered 5xx, then a warning where
    no page was one: one finding each for all pages. `raised` are exceptions
    of the application, each as one line."""
    rows = list(zip(listed, every, strict=True))
    lost = [(page, seen) for page, seen in rows if seen.lost]
    failed = [(page, seen) for page, seen in rows if seen.failed]
    start = (
        [] if found.live else [f"{command_here(found.where.project)} up -d   # nothing is left of a stack aside: have one"]
    )
    if limits := _limited(found, every):
        start = [f"portico bench {shlex.join(page.path for page in listed)} --aside   # without {limits}"]
    return (*_lost(lost, start), *_failed(failed, start, raised), *_no_page(rows))


def _lost(rows: Sequence[tuple[Page, Figures]], start: Sequence[str]) -> Iterator[Finding]:
    if rows:
        number = sum(sum(seen.lost.values()) for _, seen in rows)
        whole = sum(seen.answers for _, seen in rows) + number
        seen_at = [f"{page.path}: {_counted(seen.lost)}" for page, seen in rows]
        fix = [*start, "portico logs --hop nginx", "portico logs --hop uwsgi"]
        yield LOST.found(f"{number:,} of {whole:,} requests had no whole answer", seen_at, fix, basis="request")


def _failed(rows: Sequence[tuple[Page, Figures]], start: Sequence[str], raised: Sequence[str]) -> Iterator[Finding]:
    if rows:
        number = sum(seen.failed for _, seen in rows)
        whole = sum(seen.answers for _, seen in rows)
        seen_at = [f"{page.path}: {_counted(seen.statuses)}" for page, seen in rows]
        seen_at += [f"in the application: {line}" for line in raised[:_EXCEPTIONS]]
        fix = [*start, f"portico doctor {shlex.quote(rows[0][0].path)}", "portico logs --status 5xx"]
        yield FAILED.found(f"{number:,} of {whole:,} answers were 5xx", seen_at, fix, basis="request")


def _no_page(rows: Sequence[tuple[Page, Figures]]) -> Iterator[Finding]:
    """A warning where not one of the pages was one."""
    if rows and all(300 <= seen.status < 500 for _, seen in rows):
        seen_at = [f"{page.path}: {_counted(seen.statuses)}" for page, seen in rows]
        fix = [
            "portico bench /a/page/   # one that answers 200",
            "portico bench --help   # -H for a cookie, --host for a name",
        ]
        cause = "every page answered with a redirect or a 4xx: that is what was measured"
        yield NO_PAGE.found(cause, seen_at, fix, basis="request")


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{what} x {number:,}" for what, number in counts.items())
