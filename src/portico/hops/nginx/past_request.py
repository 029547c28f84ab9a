"""What nginx's two logs tell of one request of the past. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portico.hops.nginx.facts import SOON_S, parse_access_line, parse_error_line
from portico.model.log import AccessEntry, ErrorEntry, behind

_SEPARATORS = re.compile(r"\s*[,:]\s*")
_CLIENT = re.compile(r", client: ([^,\s]+)")
#: The error log has whole seconds, cut off, and may be written a little after the request's end.
_SLACK_S = 1.0


@dataclass(frozen=True)
class Try:
    """One server that nginx offered the request to. Times are seconds since nginx began to connect; None where nothing was
    measured: no connection, no header, no answer. `status` 0: none came."""

    connect_s: float | None
    header_s: float | None
    response_s: float | None
    status: int


@dataclass(frozen=True)
class PastRequest:
    """A line of the access log: taken apart, as the fields that were written, and with the tries that it lists."""

    entry: AccessEntry
    fields: Mapping[str, Any]
    tries: tuple[Try, ...]

    @property
    def started_s(self) -> float:
        """Epoch seconds when nginx had the request's first byte; a line has the time of its end."""
        return self.entry.time_s - self.entry.request_time_s


def past_request(line: str) -> PastRequest | None:
    """The request of a line of the JSON access log; None for another line and for one that was cut short."""
    entry = parse_access_line(line)
    if entry is None:
        return None
    fields: dict[str, Any] = json.loads(line)
    return PastRequest(entry, fields, _tries(fields))


def _tries(fields: Mapping[str, Any]) -> tuple[Try, ...]:
    """`$upstream_*` list one value for each try, in the same order; `-` stands for nothing
    (https://nginx.org/en/docs/http/ngx_http_upstream_module.html#variables)."""
    names = ("upstream_connect_time", "upstream_header_time", "upstream_response_time", "upstream_status")
    columns = [_SEPARATORS.split(text) if (text := str(fields.get(name, "")).strip()) else [] for name in names]
    count = max(map(len, columns))
    rows = zip(*([*column, *[""] * (count - len(column))] for column in columns), strict=True)
    return tuple(Try(_number(row[0]), _number(row[1]), _number(row[2]), int(_number(row[3]) or 0)) for row in rows)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def errors_of(request: PastRequest, lines: Iterable[str], late_s: float = 0.0) -> tuple[ErrorEntry, ...]:
    """The lines of the error log about that request, whose times are `late_s` behind. They carry no id: the request line,
    the client and the time decide, so that two equal requests of one client within the same second get each other's lines as
    well."""
    asked = f"{request.entry.method} {request.entry.uri}"
    begin, end = int(request.started_s) - _SLACK_S, request.entry.time_s + _SLACK_S
    found = (entry for line in lines if asked in line and (entry := parse_error_line(line)))
    return tuple(e for e in found if begin <= e.time_s + late_s <= end and _same(request, e, asked))


def late(lines: Sequence[str], written_s: float) -> float:
    """By how many seconds the times of an error log are behind that was written last at that epoch time."""
    last = next((entry for line in reversed(lines) if (entry := parse_error_line(line))), None)
    return behind(last.time_s, written_s, SOON_S) if last else 0.0


def _same(request: PastRequest, error: ErrorEntry, asked: str) -> bool:
    client = _CLIENT.search(error.line)
    return error.request.rpartition(" ")[0] == asked and (client is None or client[1] == request.entry.remote_addr)


def twins(request: PastRequest, lines: Iterable[str]) -> int:
    """How many other requests of the log look the same to the error log."""
    uri = json.dumps(request.entry.uri)[1:-1]
    others = (past_request(line) for line in lines if uri in line and request.entry.request_id not in line)
    return sum(1 for other in others if other and _alike(request, other))


def _alike(one: PastRequest, other: PastRequest) -> bool:
    """Whether lines of the error log could belong to either."""
    same = all(getattr(one.entry, name) == getattr(other.entry, name) for name in ("method", "uri", "remote_addr"))
    apart = max(one.started_s, other.started_s) - min(one.entry.time_s, other.entry.time_s)
    return same and apart <= 2 * _SLACK_S
