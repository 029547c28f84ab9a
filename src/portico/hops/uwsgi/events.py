"""uWSGI's log as events: its own lines, its request lines, and what the application writes between them. Pure.

The kinds and their data are in `event_patterns.py`; beside them there are
- `traceback`: `exception`, `message`, `file`, `line`, `function`, `last_file`, `frames`, `bare` (see `tracebacks.py`),
- `bind-failed`, `open-failed`, `chdir-failed`, `write-error`, `call-failed`: `call`, `path`, `error`, `errno` (its number),
  `source`, and of `bind-failed` `address`, of `open-failed` `what` (`log`, `pid`, `config`, `plugin`, `file`),
- `unrecognized-option`: `name`,
- `request-json`: a request of Portico's own format (`rid`, `status`, `msecs`, `bytes`, `worker`, `core`),
- `disallowed-host`: `host`, `rfc` (`true`: no name by RFC 1034); `csrf`: `reason`, `path`; `django`: `what`, `path`.

An `address` is written as `options.sockets` does it.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from portico.hops.uwsgi import json_lines, tracebacks
from portico.hops.uwsgi.event_patterns import BY_HEAD, CALL, CALL_PLACE, CALL_REQUEST, GETOPT, HEAD
from portico.hops.uwsgi.facts import parse_request_line
from portico.hops.uwsgi.options import address
from portico.model.log import QUARTER_S, Event, behind

__all__ = ["events", "last_start"]

#: What uwsgi_log_verbose and `logdate` put before a line.
_STAMP = re.compile(r"([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}) - ")
#: So late at most a log's last line comes after the last one that has a time: where the start of uWSGI tells what the
#: application's time zone is, and where nothing does.
_SOON_S = 2.0
_LATE_S = 60.0
#: What `log-date = %Y-%m-%d %H:%M:%S` and a `log-encoder` with `${strftime:...}` may put before a line.
_ISO = re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?\]? (?:- )?")
_DATE = "%a %b %d %H:%M:%S %Y"


def events(text: str, start_time: float = 0.0) -> tuple[Event, ...]:
    """The events of a log in its order. `start_time` is the time, in epoch seconds, of what stands before the first line
    that has one, which is when the log was written last; the log has this machine's local time."""
    reader = _Reader(start_time)
    found = tuple(reader.read([line.rstrip() for line in text.split("\n")]))
    late_s = behind(reader.time_s, start_time, _SOON_S if reader.started_s else _LATE_S)
    return tuple(replace(event, time_s=event.time_s + late_s) for event in found) if late_s else found


#: What uWSGI may write before it says that it starts; the second ones are the last words of a start that failed.
_BEFORE = ("config-read", "ini-no-section", "plugin-failed", "open-failed")
_LAST_WORDS = ("option-unknown", "ini-file-missing", "config-unreadable", "unrecognized-option", "getopt-error")


def last_start(found: Sequence[Event]) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """The events of earlier starts, and those since the last one, with what belongs to it but was written before `start`.
    One that failed before it came to that counts as well. Where the log has no start, all are since it."""
    kinds = ("start", "config-read", *_LAST_WORDS)
    at = next((number for number in range(len(found) - 1, -1, -1) if found[number].kind in kinds), 0)
    while at and _belongs(found[at - 1], found[at]):
        at -= 1
    return tuple(found[:at]), tuple(found[at:])


def _belongs(event: Event, following: Event) -> bool:
    if event.kind == "unrecognized-option":
        return following.kind == "getopt-error"
    fatal = event.data.get("fatal") == "true" if event.kind == "plugin-failed" else event.data.get("what") in ("log", "pid")
    return event.kind in _BEFORE and not fatal


class _Reader:
    def __init__(self, start_time: float) -> None:
        self.time_s = start_time
        self.dates: dict[str, float] = {}
        self.started_s = 0.0
        self.ahead_s = 0.0
        self.address = ""
        self.pidfile = ""

    def read(self, lines: Sequence[str]) -> Iterator[Event]:
        at = 0
        while at < len(lines):
            line = lines[at]
            if tracebacks.begins(line) or (line.endswith(tracebacks.HEADER) and _STAMP.match(line)):
                end = tracebacks.end_of(lines, at)
                yield self.traceback(lines[at:end])
                at = end
                continue
            at += 1
            if len(line) >= HEAD:
                yield from self.one(line)

    def traceback(self, block: Sequence[str]) -> Event:
        data = tracebacks.facts(block)
        # The script `uwsgi`, run by a Python that has no pyuwsgi.
        ours = data["exception"] == "ModuleNotFoundError" and data["message"] == "No module named 'pyuwsgi'"
        return Event("python-module-missing-pyuwsgi" if ours else "traceback", "\n".join(block), self.time_s, data)

    def one(self, line: str) -> Iterator[Event]:
        """The events of a line of its own; mostly one or none."""
        if line[0] in "FMSTW" and (stamp := _STAMP.match(line)):
            self.time_s = self.later(self.at(stamp[1]))
            plain = line[stamp.end() :]
        else:
            plain = line[dated.end() :] if line[0] in "[12" and (dated := _ISO.match(line)) else line
        if plain[:1] == "{":
            yield from self.json(plain)
            return
        for kind, pattern in BY_HEAD.get(plain[:HEAD], ()):
            if match := pattern.match(plain):
                yield self.matched(kind, line, match)
                return
        yield from self.other(plain, line)

    def at(self, date: str) -> float:
        """The epoch time of `Fri Nov 27 01:46:20 2026`; a date that is none does not change the time."""
        if date not in self.dates:
            try:
                self.dates = {date: time.mktime(time.strptime(date, _DATE))}
            except (ValueError, OverflowError):
                return self.time_s
        return self.dates[date]

    def later(self, stamp_s: float) -> float:
        """A time that was written after the application was loaded: from then on uWSGI writes the application's local time
        (Django sets TZ to its TIME_ZONE). One before the start shows by how many quarters of an hour that is behind."""
        late_s = self.started_s - stamp_s - self.ahead_s
        if self.started_s and late_s > QUARTER_S / 2:
            self.ahead_s += math.ceil(late_s / QUARTER_S) * QUARTER_S
        return stamp_s + self.ahead_s

    def measure(self, since_s: int) -> None:
        """`since` is an epoch time: the stamp beside it shows the exact difference, less the seconds the request took."""
        offset = round((self.time_s - since_s) / QUARTER_S) * QUARTER_S
        if abs(offset) >= 2 * QUARTER_S:
            self.ahead_s -= offset
            self.time_s -= offset

    def matched(self, kind: str, line: str, match: re.Match[str]) -> Event:
        data = {name: value for name, value in match.groupdict().items() if value is not None}
        if kind == "start":
            self.time_s = self.started_s = self.at(data.get("when", ""))
            self.ahead_s = 0.0
        elif "when" in data:
            self.time_s = self.later(self.at(data["when"]))
        elif kind == "pidfile":
            self.pidfile = data["path"]
        elif kind == "harakiri-request" and data["since"].isdigit():
            self.measure(int(data["since"]))
        finished = _finished(kind, data, line)
        if kind == "other-instance":
            self.address = finished["address"]
        return Event(kind, line, self.time_s, finished)

    def json(self, line: str) -> Iterator[Event]:
        """A line of Portico's: a request, or a failed one."""
        if entry := parse_request_line(line):
            self.time_s = entry.time_s
            data = {"rid": entry.request_id, "status": str(entry.status), "msecs": str(entry.duration_us // 1000)}
            data |= {"bytes": str(entry.bytes), "worker": str(entry.worker), "core": str(entry.core)}
            yield Event("request-json", line, self.time_s, data)
        elif line.startswith('{"t":') and '"exc"' in line:
            yield from self.failed(line)
        else:
            for text in json_lines.texts(line):
                told = self.read([part.rstrip() for part in text.split("\n")])
                # The mere name of an exception is a field of its own.
                yield from (event for event in told if event.data.get("bare") != "true")

    def failed(self, line: str) -> Iterator[Event]:
        try:
            said = json.loads(line)
            block = [part.rstrip() for part in str(said["exc"]).split("\n")]
            self.time_s = float(said.get("t") or self.time_s)
            origin = {"rid": str(said.get("rid", "")), "path": str(said.get("path", ""))}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return
        yield Event("traceback", "\n".join(block).strip("\n"), self.time_s, tracebacks.facts(block) | origin)

    def other(self, line: str, whole: str) -> Iterator[Event]:
        """Lines that begin in any way."""
        if ".c line " in line and (place := CALL_PLACE.search(line)) and (call := CALL.match(line[: place.start()])):
            yield self.failed_call(call, place, whole)
            return
        if "option" in line and (match := GETOPT.match(line)):
            yield Event("unrecognized-option", whole, self.time_s, {"name": match["name"]})
        elif found := _of_django(line):
            yield Event(found[0], whole, self.time_s, found[1])
        elif (whole[0].isalpha() or whole[0] == "_") and (lone := tracebacks.bare(line)):
            yield Event("traceback", whole, self.time_s, lone)

    def failed_call(self, call: re.Match[str], place: re.Match[str], line: str) -> Event:
        request = CALL_REQUEST.match(place.string, place.end())
        data = {**call.groupdict(""), **(request.groupdict("") if request else {"method": "", "uri": "", "ip": ""})}
        data |= {"source": f"{place['source']} line {place['line']}", "errno": str(_errno(data["error"])), "what": ""}
        kind = _CALLS.get(data["call"], "call-failed")
        if data["call"].startswith("uwsgi_response_write"):
            kind = "write-error"
        if kind == "bind-failed":
            data["address"], self.address = self.address, ""
        if kind == "open-failed":
            data["what"] = self.opened(data["path"], place["source"])
        return Event(kind, line, self.time_s, data)

    def opened(self, path: str, source: str) -> str:
        """What the file was to uWSGI that could not be opened."""
        if path == self.pidfile:
            return "pid"
        if path.endswith(".so"):
            return "plugin"
        return {"core/logging.c": "log", "core/io.c": "config"}.get(source, "file")


_CALLS = {
    "bind": "bind-failed",
    "listen": "bind-failed",
    "open": "open-failed",
    "fopen": "open-failed",
    "chdir": "chdir-failed",
}


def _errno(text: str) -> int:
    """The number of the C library's text; uWSGI prints the text of the machine it runs on."""
    return next((code for code in errno.errorcode if os.strerror(code) == text), 0)


def _finished(kind: str, data: dict[str, str], line: str) -> dict[str, str]:
    """With what needs more than a pattern."""
    if kind == "request":
        micros = data.pop("unit") == "micros"
        data["msecs"] = str(int(data.pop("time")) // (1000 if micros else 1))
        data.setdefault("rid", "")
    elif kind == "worker-died":
        data["signal"] = data.pop("odd", data.get("signal", ""))
    elif kind == "plugin-failed":
        data["fatal"] = "true" if line.startswith("unable") else "false"
    if "error" in data:
        data["errno"] = str(_errno(data["error"]))
    if "address" in data:
        data["address"] = address(data["address"].removesuffix(" (port auto-assigned)"))
    return data


_HOST = re.compile(r"Invalid HTTP_HOST header: '(?P<host>.*?)'(?P<rest>.*)")
_CSRF = re.compile(r"Forbidden \((?P<reason>.*)\): (?P<path>\S*)")
_RESPONSE = re.compile(r"(?P<what>Not Found|Bad Request|Internal Server Error|Forbidden|Method Not Allowed): (?P<path>/.*)$")


def _of_django(line: str) -> tuple[str, dict[str, str]] | None:
    """What the loggers `django.security` and `django.request` write, with anything before it."""
    at = line.find("Invalid HTTP_HOST header")
    if at >= 0 and (match := _HOST.match(line, at)):
        return "disallowed-host", {"host": match["host"], "rfc": "true" if "RFC 1034" in match["rest"] else "false"}
    at = line.find("Forbidden (")
    if at >= 0 and (match := _CSRF.match(line, at)):
        return "csrf", {"reason": match["reason"], "path": match["path"]}
    if ": /" in line and (match := _RESPONSE.search(line)):
        return "django", {"what": match["what"], "path": match["path"]}
    return None
