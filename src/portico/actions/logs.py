"""`portico logs`: what every hop wrote, merged by time and joined by request id."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from portico.actions import state
from portico.actions.log_entries import Entry, Filter, Source, merged
from portico.actions.places import Places
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.units import duration_s
from portico.system import clock

BAD_FILTER = Kind(
    "config.E009",
    "config",
    "A filter of `logs` cannot be understood",
    "A filter that matches nothing looks like a silent site.",
    shows="`portico logs` ends with exit status 2 and shows no line.",
    example="portico logs --since yesterday",
    cure="`--since 30s`, `10m`, `2h`, `1d` or a time such as `2026-01-31T14:00`; `--status 404` or a class such as `5xx`.",
)


def make_filter(hop: str, since: str, status: str, request_id: str = "") -> Filter:
    """`since` is `10m`, `2h` or an ISO time; `status` is `404` or `5xx`; an empty one lets all pass. Raises
    PorticoError for anything else."""
    if status and not re.fullmatch(r"[1-5][0-9xX]{2}", status):
        raise _bad(f"--status {status}", "write a status such as 404, or a class such as 5xx")
    return Filter(hop, _since(since), status, request_id)


def _since(text: str) -> float:
    if not text:
        return 0.0
    try:
        return clock.now() - duration_s(text)
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise _bad(f"--since {text}", "write 30s, 10m, 2h, 1d or a time such as 2026-01-31T14:00") from None


def _bad(flag: str, what: str) -> PorticoError:
    return PorticoError(BAD_FILTER.found(cause=f"{flag}: {what}", evidence=[flag], fix=[what]), Exit.USAGE)


def sources(where: Places) -> list[Source]:
    """The log files of the running stack, or where they would be."""
    known = state.read(where)
    plan = known.plan if known else None
    log = where.state / "log"
    nginx = (plan or {}).get("nginx") or {}
    uwsgi = (plan or {}).get("uwsgi") or {}
    paths = {
        "access": nginx.get("access_log") or str(log / "nginx-access.log"),
        "error": nginx.get("error_log") or str(log / "nginx-error.log"),
        "uwsgi": uwsgi.get("log") or str(log / "uwsgi.log"),
    }
    return [Source(kind, Path(path)) for kind, path in paths.items() if path != "off"]


def silence(files: list[Source]) -> list[str]:
    """Why there is nothing to show, file by file, for people."""
    return [f"nothing from {source.path}: {_why(source.path)}" for source in files]


def _why(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return "no line in it is wanted" if stream.read(1) else "it is empty"
    except OSError as error:
        return error.strerror or str(error)


def follow(files: list[Source], wanted: Filter, every_s: float = 0.25) -> Iterator[list[Entry]]:
    """New entries for ever, as they come."""
    while True:
        yield merged(files, wanted)
        time.sleep(every_s)
