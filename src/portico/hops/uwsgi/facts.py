"""What uWSGI says of itself: its stats, and the kinds of lines in its log. Pure; everything arrives as text.

The stats server writes one JSON document to whoever connects
(https://uwsgi-docs.readthedocs.io/en/latest/StatsServer.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from portico.hops.uwsgi.own_lines import is_own

LineKind = Literal["uwsgi", "request", "app"]


@dataclass(frozen=True)
class WorkerStats:
    """One worker. `pid` is 0 while it does not run; `status` is `idle`, `busy`, `cheap`, `pause`, or `sig` with a number.

    `requests` counts since the worker's slot was made, over respawns; `exceptions` are those that reached uWSGI, which
    Django's never do. `rss_bytes` is 0 unless uWSGI runs with memory-report. `last_spawn_s` is in seconds since the
    epoch; `avg_rt_us` is the average time of a request in microseconds; `cores_busy` of `cores` threads are in a request.
    `accepting`: it has come to take requests; with `lazy-apps` one that still loads the application is `idle` and has not.
    """

    id: int
    pid: int
    status: str
    requests: int
    exceptions: int
    harakiri_count: int
    respawn_count: int
    rss_bytes: int
    last_spawn_s: int
    avg_rt_us: int
    cores: int
    cores_busy: int
    accepting: bool


@dataclass(frozen=True)
class Stats:
    """A whole instance: `pid` is the master's; `apps` is the number of applications a worker has loaded, normally 1."""

    version: str
    pid: int
    workers: tuple[WorkerStats, ...]
    apps: int


@dataclass(frozen=True)
class RequestEntry:
    """One line of the request log. `time_s` is the request's start in seconds since the epoch; `request_id` is empty when
    the front sent none; `bytes` is the body's size; `core` is the thread."""

    time_s: float
    request_id: str
    status: int
    duration_us: int
    bytes: int
    worker: int
    core: int


#: uWSGI does not escape its working directory, which may hold quotes and backslashes (core/stats.c of its sources).
_CWD = re.compile(r'^\s*"cwd":".*",$\n?', re.MULTILINE)


def parse_stats(text: str) -> Stats | None:
    """What the stats server answered, or None when that is no whole answer (an instance that is just ending)."""
    try:
        document = json.loads(_CWD.sub("", text))
        workers = tuple(_worker(entry) for entry in document["workers"])
        apps = max((len(entry["apps"]) for entry in document["workers"]), default=0)
        return Stats(str(document["version"]), int(document["pid"]), workers, apps)
    except (ValueError, KeyError, TypeError):
        return None


def _worker(entry: Mapping[str, Any]) -> WorkerStats:
    cores = entry.get("cores", [])
    return WorkerStats(
        id=int(entry["id"]),
        pid=int(entry["pid"]),
        status=str(entry["status"]),
        requests=int(entry["requests"]),
        exceptions=int(entry["exceptions"]),
        harakiri_count=int(entry["harakiri_count"]),
        respawn_count=int(entry["respawn_count"]),
        rss_bytes=int(entry["rss"]),
        last_spawn_s=int(entry["last_spawn"]),
        avg_rt_us=int(entry["avg_rt"]),
        cores=len(cores),
        cores_busy=sum(1 for core in cores if core["in_request"]),
        accepting=bool(entry["accepting"]),
    )


#: `log-format` of render.py, with a variable's value as uWSGI writes it: not escaped, `-` when it is absent.
_REQUEST = re.compile(
    r'\{"t":(?P<t>\d{1,15}),"rid":"(?P<rid>[^"\\]*)","status":(?P<status>\d{1,4}),"us":(?P<us>-?\d{1,19}),'
    r'"bytes":(?P<bytes>\d{1,20}),"worker":(?P<worker>\d{1,9}),"core":(?P<core>\d{1,9})\}'
)


def parse_request_line(line: str) -> RequestEntry | None:
    """A line of the request log as render.py asks for it, or None when it is another line."""
    match = _REQUEST.fullmatch(line.strip())
    if match is None:
        return None
    return RequestEntry(
        time_s=int(match["t"]) / 1000,
        request_id="" if match["rid"] == "-" else match["rid"],
        status=int(match["status"]),
        duration_us=int(match["us"]),
        bytes=int(match["bytes"]),
        worker=int(match["worker"]),
        core=int(match["core"]),
    )


def classify(line: str) -> LineKind:
    """Whose a line of uWSGI's log is: uWSGI's own, a request's (see `parse_request_line`), or the application's.

    The three share one stream, so this goes by how uWSGI's own lines begin; a traceback is the application's.
    """
    if parse_request_line(line):
        return "request"
    return "uwsgi" if is_own(line) else "app"
