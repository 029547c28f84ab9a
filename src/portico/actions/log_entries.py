"""Lines of the logs of all hops as entries: read on as the files grow, merged by time, joined by request id.

Little is imported here, because this is what stays in memory while `portico up` runs in the foreground.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from portico.hops.nginx.facts import SOON_S, parse_access_line, parse_error_line
from portico.hops.uwsgi.facts import classify, parse_request_line
from portico.model.log import behind

#: Read at most this much of the end of each file; older lines are for `less`.
WINDOW_BYTES = 8 << 20


@dataclass(frozen=True)
class Entry:
    """One line of one log. `time` is epoch seconds; a line without a time of its own has that of the line before it."""

    time: float
    hop: str
    text: str
    request_id: str = ""
    status: int = 0

    def data(self) -> dict[str, Any]:
        return {"t": self.time, "hop": self.hop, "request_id": self.request_id, "status": self.status, "text": self.text}


@dataclass(frozen=True)
class Filter:
    """Which entries to show; empty fields let everything pass."""

    hop: str = ""
    since: float = 0.0
    status: str = ""
    request_id: str = ""

    def wants(self, entry: Entry) -> bool:
        named = self.request_id in ("", entry.request_id)
        return named and self.hop in ("", entry.hop) and entry.time >= self.since

    def is_chosen_request(self, entry: Entry) -> bool:
        return bool(entry.status) and re.fullmatch(self.status.lower().replace("x", r"\d"), str(entry.status)) is not None


class Source:
    """One log file read on from where it was left; a file that was rotated or cut is read from its start. `start`: where the
    first call begins, in bytes; -1: so that it reads the file's end."""

    def __init__(self, kind: str, path: Path, start: int = -1) -> None:
        self.kind = kind
        self.path = path
        self._offset = start
        self._inode = 0
        self._rest = b""
        self._last_time = 0.0

    def end(self) -> int:
        """The file's length in bytes; 0 while there is none."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def read(self) -> list[Entry]:
        """Entries for the complete lines since the last call; of the first call see `start`."""
        try:
            with self.path.open("rb") as stream:
                status = self.path.stat()
                if self._offset < 0:
                    self._offset = max(0, status.st_size - WINDOW_BYTES)
                elif self._inode not in (0, status.st_ino) or status.st_size < self._offset:
                    self._offset, self._rest = 0, b""
                self._inode, written_s = status.st_ino, status.st_mtime
                stream.seek(self._offset)
                data = stream.read()
                self._offset += len(data)
        except OSError:
            return []
        *lines, self._rest = (self._rest + data).split(b"\n")
        read = [_PARSERS[self.kind](line.decode("utf-8", "replace")) for line in lines if line.strip()]
        return self._timed(self._in_this_zone(read, written_s))

    def _in_this_zone(self, entries: list[Entry], written_s: float) -> list[Entry]:
        """nginx writes its error log in the time zone that it was started with, which need not be ours."""
        last = entries[-1].time if entries and self.kind == "error" else 0.0
        late_s = behind(last, written_s, SOON_S) if last else 0.0
        return [replace(entry, time=entry.time + late_s) for entry in entries] if late_s else entries

    def _timed(self, entries: list[Entry]) -> list[Entry]:
        """Give lines without a time that of the line before, or at the file's start that of the first that has one."""
        entries = _attributed(entries)
        first = next((entry.time for entry in entries if entry.time), 0.0)
        timed = []
        for entry in entries:
            self._last_time = entry.time or self._last_time or first or time.time()
            timed.append(replace(entry, time=self._last_time))
        return timed


def _attributed(entries: list[Entry]) -> list[Entry]:
    """Make one entry of a traceback and give it the id and time of the failed request whose line follows it.

    A project's own LOGGING writes tracebacks without an id, and uWSGI writes the request's line just after them.
    """
    told: list[Entry] = []
    for entry in entries:
        if entry.status >= 500 and entry.hop == "uwsgi":
            start = _traceback_start(told)
            block = told[start:]
            if block:
                text = "\n".join(line.text for line in block)
                told[start:] = [replace(entry, hop="django", text=text, status=0)]
        told.append(entry)
    return told


def _traceback_start(told: list[Entry]) -> int:
    """Where the traceback at the end begins, with the message logged before it; the end when there is none."""
    first = len(told)
    while first and told[first - 1].hop == "django" and not told[first - 1].time:
        first -= 1
    begins = next((n for n in range(first, len(told)) if "Traceback (most recent call last):" in told[n].text), None)
    if begins is None:
        return len(told)
    # A line of JSON has both in it.
    return begins if told[begins].text.startswith("{") else max(first, begins - 1)


def _access(line: str) -> Entry:
    access = parse_access_line(line)
    if access is None:
        return Entry(0.0, "nginx", line)
    upstream = (
        f" uwsgi {sum(access.upstream_response_times_s) * 1000:.0f}ms" if access.upstream_response_times_s else " static"
    )
    text = f"{access.status} {access.method} {access.uri} {access.request_time_s * 1000:.0f}ms{upstream} {access.bytes}B"
    return Entry(access.time_s, "nginx", f"{text} {access.remote_addr}", access.request_id, access.status)


def _error(line: str) -> Entry:
    error = parse_error_line(line)
    if error is None:
        return Entry(0.0, "nginx", line)
    return Entry(error.time_s, "nginx", f"[{error.level}] {error.message}")


def _uwsgi(line: str) -> Entry:
    kind = classify(line)
    if kind == "request" and (request := parse_request_line(line)):
        text = f"{request.status} worker {request.worker} {request.duration_us / 1000:.1f}ms"
        return Entry(request.time_s, "uwsgi", text, request.request_id, request.status)
    if kind == "uwsgi":
        started = _STARTED.match(line)
        return Entry(_ctime(started[1]) if started else 0.0, "uwsgi", line)
    if line.startswith('{"t":'):
        try:
            record = json.loads(line)
            moment = float(record["t"])
            time.gmtime(moment)
            return Entry(moment, "django", f"{record['path']}\n{record['exc'].rstrip()}", str(record["rid"]), 500)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, OSError):
            pass
    return Entry(0.0, "django", line)


_AHEAD_S = 60.0
_STARTED = re.compile(r"\*\*\* Starting uWSGI .* on \[(.+)\] \*\*\*")


def _ctime(text: str) -> float:
    """Epoch seconds of `Mon Nov 23 15:46:13 2026`, local time; 0.0 when it is something else or still to come."""
    try:
        written = time.mktime(time.strptime(text))
    except (ValueError, OverflowError):
        return 0.0
    # In a zone ahead of ours, it would be a time to come.
    return written if written <= time.time() + _AHEAD_S else 0.0


_PARSERS = {"access": _access, "error": _error, "uwsgi": _uwsgi}


def merged(files: list[Source], wanted: Filter) -> list[Entry]:
    """What is new in all files, by time; lines of one file never change places.

    With a status filter: the requests that had it, and every line that carries one of their request ids.
    """
    entries = sorted((entry for source in files for entry in source.read()), key=lambda entry: entry.time)
    if wanted.status:
        chosen = {entry.request_id for entry in entries if entry.request_id and wanted.is_chosen_request(entry)}
        entries = [e for e in entries if wanted.is_chosen_request(e) or e.request_id in chosen]
    return [entry for entry in entries if wanted.wants(entry)]
