"""Rows as a table, and the page docs/reliability.md."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping, Sequence

from faults.load import MIX
from faults.rows import Row

_HEAD = (
    "| fault | server | requests | lost | next 200 | longest gap | p99 | promise | held | remarks |\n" + "|---" * 10 + "|"
)


def line(row: Row) -> str:
    """One row of the table; lost requests are counted by kind."""
    told = row.summary
    if told is None:
        return f"| {row.fault} | {row.server} | - | - | - | - | - | {row.promise} | - | {row.remark} |"
    kinds = ", ".join(f"{kind} {lost} of {all_}" for kind, (all_, lost) in told.by_kind.items() if lost)
    errors = ", ".join(f"{error} {count}" for error, count in told.errors.items())
    remark = "; ".join(text for text in (row.remark, errors) if text)
    cells = (
        row.fault,
        row.server,
        f"{told.requests:,}",
        f"**{told.lost}** ({kinds})" if told.lost else "0",
        "" if row.next_s is None else _time(row.next_s),
        _time(told.gap_s),
        _time(told.p99_s),
        row.promise,
        {True: "yes", False: "**no**", None: "-"}[row.held],
        remark,
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _time(seconds: float) -> str:
    if seconds == float("inf"):
        return "none"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def table(rows: Sequence[Row]) -> str:
    return "\n".join([_HEAD, *map(line, rows)])


def promised(rows: Sequence[Row]) -> str:
    """The sum over everything that must lose nothing, for each nginx."""
    lines = []
    for nginx in sorted({_nginx(row.server) for row in rows if row.promise == "0 lost" and row.summary}):
        told = [row.summary for row in rows if row.promise == "0 lost" and row.summary and _nginx(row.server) == nginx]
        requests, lost = sum(one.requests for one in told), sum(one.lost for one in told)
        lines.append(f"- {nginx}: {lost} lost of {requests:,} requests in {len(told)} measurements that must lose none.")
    return "\n".join(lines)


def _nginx(server: str) -> str:
    return next((part for part in server.split(", ") if part.startswith("nginx")), server)


def page(rows: Sequence[Row], peers: Sequence[Row], versions: Mapping[str, str], quick: bool) -> str:
    """docs/reliability.md."""
    mix = ", ".join(f"{client.count} x {client.kind}" for client in MIX)
    said = ", ".join(f"{name} {version}" for name, version in versions.items())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"""# Reliability: what every request met

<!-- Written by `make faults ARGS=--write`; do not edit. -->

{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, {"a short run, " if quick else ""}{os.cpu_count()} cores, \
{memory:.0f} GiB, {platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}; {said}.

Each row is one fault under a load of its own: {mix}.
Each client asks again when it has its answer; the vanished host and the full queue have loads at a fixed rate instead. A
request counts as answered when a 200 came whole, with the request's own id and the length of the body that arrived; anything
else (an error status, a refused or reset connection, an answer cut off) is lost. No client tries again. Latencies and gaps
are those of the short requests.

{promised(rows)}

## Portico

{table(rows)}

## Others, reloaded their own way

The same application and load, in the same run, each with 2 processes of 6 threads. A server that keeps what the broken code
did to it may lose everything until somebody acts.

{table(peers)}

## What the numbers mean

- *next 200* is the time from the fault to the end of the next good answer to a request begun after it; *longest gap* is the
  longest time in which no short request was answered well, before, in and after the fault.
- *held* is whether the promise was kept in this very run; a `-` means that nothing was promised or measured.
- After a kill -9 of a uWSGI process, the requests it was executing are lost unless nginx may repeat them: it repeats a GET
  whose answer had not begun, once, and never a POST. A GET whose answer had begun is cut off.
- With one instance, the death of the uWSGI master means nobody serves until its successor has loaded the application. Two
  instances (`instances = 2`) are the remedy.
- A hanging instance is noticed by `uwsgi_read_timeout` only: it should be as low as the application allows.

## What is not promised

- POSTs that were being executed by something that died or vanished: nobody can know whether they were done.
- Requests within a process of nginx that is killed, and new connections until its successor listens.
- Anything beyond the length of the listen queue: nginx answers 502 at once.
- More than one machine's fate: the disk, memory and network of nginx's own host.
- Absolute times: the machine is small and shared; the counts are what repeats.
"""
