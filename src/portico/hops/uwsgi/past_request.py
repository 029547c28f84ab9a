"""What uWSGI's log tells of one request of the past: its own line, tracebacks, and the end of its worker. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from portico.hops.uwsgi import json_lines, tracebacks
from portico.hops.uwsgi.events import events
from portico.hops.uwsgi.facts import RequestEntry, classify, parse_request_line
from portico.model import django_path

#: How far from a request's line the application's own traceback of it is looked for.
_NEAR = 400
#: Times are in whole seconds on one side of the comparison.
_SLACK_S = 1.0
_LOGGED = re.compile(r"(?:Internal Server Error|Service Unavailable): (?P<path>/.*)$")
_DIED = re.compile(r"DAMN ! worker (?P<worker>\d+) \(pid: (?P<pid>\d+)\).*?signal (?P<signal>\d+)")
_KILLING = re.compile(r"\*\*\* HARAKIRI ON WORKER (?P<worker>\d+) \(pid: (?P<pid>\d+)")
_TRIGGERED = re.compile(r"HARAKIRI triggered by worker (?P<worker>\d+) core (?P<core>\d+)")
_FRAME = re.compile(r'\s+File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')


@dataclass(frozen=True)
class Failure:
    """An exception that the application logged. `time_s` is epoch seconds, 0 where the log has none; `by_id` is False where
    only its place in the log joins it to the request. `frame` has `file`, `line`, `function` and `code`; `lines` is the
    whole traceback."""

    type: str
    message: str
    frame: tuple[str, int, str, str] | None
    lines: tuple[str, ...]
    time_s: float
    path: str
    by_id: bool


@dataclass(frozen=True)
class Killed:
    """The end of the worker that had the request. `signal` 0: its line is not there. `core` is the thread; `harakiri`: uWSGI
    killed it for taking too long; `triggered`: this request was the one that took too long, not a neighbour of it in the
    same worker. `likely`: only the time joins it to the request."""

    worker: int
    pid: int
    signal: int
    core: int | None
    harakiri: bool
    triggered: bool
    likely: bool
    lines: tuple[str, ...]


def request_of(lines: Sequence[str], request_id: str) -> tuple[RequestEntry, int] | None:
    """uWSGI's own line about the request with that id, the last one where several tries came here, and where it stands."""
    for at in range(len(lines) - 1, -1, -1):
        if request_id in lines[at] and (entry := parse_request_line(lines[at])) and entry.request_id == request_id:
            return entry, at
    return None


def last_request(lines: Sequence[str], status: re.Pattern[str] | None = None) -> tuple[RequestEntry, int] | None:
    """The last request that uWSGI logged, among those whose status matches."""
    for at in range(len(lines) - 1, -1, -1):
        entry = parse_request_line(lines[at])
        if entry and (status is None or status.fullmatch(str(entry.status))):
            return entry, at
    return None


def failures_of(lines: Sequence[str], request_id: str, at: int | None, path: str) -> tuple[Failure, ...]:
    """The exceptions of a request: those whose JSON line has its id, else the traceback that the project's own LOGGING wrote
    just before the request's line, which is `lines[at]`; None where there is no such line. `path` is decoded."""
    told = tuple(failure for line in lines if request_id and request_id in line and (failure := _told(line, request_id)))
    if told or at is None:
        return told
    own = _own(lines, at, path)
    return (own,) if own else ()


def _told(line: str, request_id: str) -> Failure | None:
    if not line.startswith('{"t":') or '"exc"' not in line:
        return None
    try:
        record = json.loads(line)
        if record["rid"] != request_id:
            return None
        text, time_s, path = str(record["exc"]), float(record["t"]), str(record.get("path", ""))
    except (ValueError, KeyError, TypeError):
        return None
    return _failure(text.rstrip("\n").split("\n"), time_s, path, by_id=True)


def _own(lines: Sequence[str], at: int, path: str) -> Failure | None:
    """Tracebacks of other threads may stand between: one that names this path is taken from further away."""
    touching = True
    names = django_path.written(path)
    for start in range(at - 1, max(-1, at - _NEAR), -1):
        line = lines[start]
        touching = touching and classify(line) == "app" and not line.startswith('{"t":')
        if line[:1] == "{" and (told := _of_json(line, names)):
            return told
        if not tracebacks.begins(line) or _goes_on(lines, start):
            continue
        named = _LOGGED.search(lines[start - 1]) if start else None
        if (named and named["path"] in names) or (touching and not named):
            block = lines[start : tracebacks.end_of(lines, start)]
            return _failure(block, 0.0, named["path"] if named else "", by_id=False)
    return None


def _of_json(line: str, names: Sequence[str]) -> Failure | None:
    """The exception in a line of a LOGGING that writes JSON, which names the path."""
    if tracebacks.HEADER not in line or line.startswith('{"t":'):
        return None
    lines = [part.rstrip() for text in json_lines.texts(line) for part in text.split("\n")]
    named = any((found := _LOGGED.search(part)) and found["path"] in names for part in lines)
    start = next((n for n, part in enumerate(lines) if tracebacks.begins(part)), None)
    if not named or start is None:
        return None
    return _failure(lines[start : tracebacks.end_of(lines, start)], 0.0, names[0], by_id=False)


def _goes_on(lines: Sequence[str], start: int) -> bool:
    """Whether this traceback is chained to the one before it."""
    before = next((lines[n] for n in range(start - 1, max(-1, start - 4), -1) if lines[n].strip()), "")
    return before.startswith(("The above exception was", "During handling of"))


def _failure(lines: Sequence[str], time_s: float, path: str, by_id: bool) -> Failure:
    facts = tracebacks.facts(lines)
    place = (facts["file"], facts["line"]) if facts["file"] else (facts["last_file"], facts["last_line"])
    return Failure(facts["exception"], facts["message"], _frame(lines, place), tuple(lines), time_s, path, by_id)


def _frame(lines: Sequence[str], place: tuple[str, str]) -> tuple[str, int, str, str] | None:
    """The last frame at that place, with its line of code."""
    lines = tracebacks.without_margin(lines)
    for at in range(len(lines) - 1, -1, -1):
        found = _FRAME.match(lines[at])
        if found and (found["file"], found["line"]) == place:
            behind = lines[at + 1] if at + 1 < len(lines) else ""
            code = "" if not behind[:1].isspace() or _FRAME.match(behind) else behind.strip()
            return found["file"], int(found["line"]), found["function"] or "", code
    return None


def killed(lines: Sequence[str], method: str, uri: str, begin_s: float, end_s: float) -> Killed | None:
    """The end of the worker that had this request between those epoch seconds: harakiri names its requests, and of any other
    end only the time tells whose it was."""
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].find("HARAKIRI") >= 0 and _is_of(lines[at], method, uri, begin_s, end_s):
            return _harakiri(lines, at)
    for at in range(len(lines) - 1, -1, -1):
        died = _DIED.match(lines[at]) if lines[at].startswith("DAMN") else None
        if died and _before(lines, at) <= end_s + _SLACK_S and _after(lines, at) >= begin_s:
            worker, pid, number = int(died["worker"]), int(died["pid"]), int(died["signal"])
            return Killed(worker, pid, number, None, False, True, True, (lines[at],))
    return None


def _is_of(line: str, method: str, uri: str, begin_s: float, end_s: float) -> bool:
    """Whether harakiri's line names the request."""
    for event in events(line):
        if event.kind != "harakiri-request" or event.data["uri"] != uri or event.data.get("method", method) != method:
            continue
        since = event.data["since"]
        if not since.isdigit() or int(begin_s) - _SLACK_S <= int(since) <= end_s + _SLACK_S:
            return True
    return False


def _harakiri(lines: Sequence[str], at: int) -> Killed:
    """With the lines around that tell which worker and thread it was, and by which signal it ended."""
    core = next((event.data.get("core") for event in events(lines[at])), None)
    head = next((n for n in range(at, max(-1, at - _NEAR), -1) if _KILLING.search(lines[n])), None)
    found = _KILLING.search(lines[head]) if head is not None else None
    worker, pid = (int(found["worker"]), int(found["pid"])) if found else (0, 0)
    after = lines[at : at + _NEAR]
    ends = [(line, died) for line in after if (died := _DIED.match(line)) and int(died["pid"]) == pid]
    trigger = next((match for line in after if (match := _TRIGGERED.search(line))), None)
    guilty = trigger is None or core is None or trigger["core"] == core
    told = [*([lines[head]] if head is not None else []), lines[at], *(line for line, _ in ends[:1])]
    number = int(ends[0][1]["signal"]) if ends else 0
    return Killed(worker, pid, number, int(core) if core else None, True, guilty, False, tuple(told))


def _before(lines: Sequence[str], at: int) -> float:
    """The time of the nearest line before that has one; uWSGI's own lines have none."""
    return next((time for n in range(at, max(-1, at - _NEAR), -1) if (time := _time(lines[n]))), 0.0)


def _after(lines: Sequence[str], at: int) -> float:
    return next((time for line in lines[at : at + _NEAR] if (time := _time(line))), float("inf"))


def _time(line: str) -> float:
    """Epoch seconds of a line of JSON, else 0: what uWSGI stamps by itself may be in the application's time zone."""
    if not line.startswith('{"t":'):
        return 0.0
    if entry := parse_request_line(line):
        return entry.time_s + entry.duration_us / 1e6
    try:
        return float(json.loads(line)["t"])
    except (ValueError, KeyError, TypeError):
        return 0.0
