"""Lines of logs as data: what nginx and uWSGI wrote, taken apart by the hop that knows their form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Every time zone is a whole number of these from every other (in seconds).
QUARTER_S = 900.0
#: Between the zones of Kiribati and of Baker Island.
_WIDEST_S = 26 * 3600.0


def behind(last_s: float, written_s: float, within_s: float) -> float:
    """By how many seconds the times of a log are behind because it is in another time zone than they were read in: the last
    of them, `last_s`, is from at most `within_s` before the log was written last, `written_s` (both epoch). 0.0: by none, or
    that cannot be told."""
    seconds = written_s - last_s
    if not abs(seconds) <= _WIDEST_S:
        return 0.0
    quarters = round(seconds / QUARTER_S) * QUARTER_S
    return quarters if abs(seconds - quarters) <= within_s else 0.0


@dataclass(frozen=True)
class AccessEntry:
    """One request, as the access log of `templates/nginx.conf.j2` tells it.

    `time_s` is the epoch time of its end, `request_time_s` how long it took; `bytes` is the size of the body sent.
    `status` is 0 when the client was gone before one was chosen. The upstream tuples have one number per try, and are empty
    for a request that nginx answered itself; a try that came to nothing adds no number to the times.
    """

    time_s: float
    request_id: str
    remote_addr: str
    method: str
    host: str
    uri: str
    status: int
    bytes: int
    request_time_s: float
    upstream_connect_times_s: tuple[float, ...]
    upstream_header_times_s: tuple[float, ...]
    upstream_response_times_s: tuple[float, ...]
    upstream_statuses: tuple[int, ...]
    user_agent: str
    referer: str


@dataclass(frozen=True)
class ErrorEntry:
    """One line of the error log, taken apart.

    `time_s` is the epoch time (the log has this machine's local time, in whole seconds). `message` ends before the context
    of the request; `errno` is the last error number in it. `request`, `upstream` and `host` are empty where the line has
    none; a unix upstream is `uwsgi://unix:/path`, without the colon nginx writes behind it in some messages. `line` is the
    whole line, as evidence.
    """

    time_s: float
    level: str
    pid: int
    connection: int | None
    message: str
    errno: int | None
    request: str
    upstream: str
    host: str
    line: str = ""


@dataclass(frozen=True)
class Event:
    """Something that uWSGI's log tells. `kind` is one of those of `hops/uwsgi/events.py`; `text` are its lines as written;
    `data` what was taken out of them; `time_s` is epoch seconds, 0 where neither the line nor one before it has a time."""

    kind: str
    text: str
    time_s: float = 0.0
    data: Mapping[str, str] = field(default_factory=dict, hash=False)
