"""Requests of uWSGI's log with what was written while they were handled: tracebacks and complaints stand before the line of
the request they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from portico.model.evidence import Exchange
from portico.model.log import Event

_SAID = ("traceback", "bad-iterator")
_SLASHES = re.compile("/{2,}")
_STARTS = ("start", "mode", "app-not-loaded", "game-over", "app-ready")


@dataclass(frozen=True)
class Handled:
    """One request. `status`, `bytes` and `head_bytes` are -1 where the log has no line for it; `time_s` is epoch seconds, 0
    where that is unknown. `said` are the events that belong to it, `line` its own line."""

    path: str = ""
    rid: str = ""
    time_s: float = 0.0
    status: int = -1
    bytes: int = -1
    head_bytes: int = -1
    said: tuple[Event, ...] = ()
    line: str = ""

    @property
    def without_head(self) -> bool:
        """Whether uWSGI passed on neither a status nor a header."""
        return self.head_bytes == 0

    def is_of(self, exchange: Exchange) -> bool:
        """Whether it is that request, or one for the same page that was made for the same purpose."""
        if self.rid and self.rid == exchange.request_id:
            return True
        late = not self.time_s or self.time_s >= int(exchange.began_s) - 1
        return late and _same_page(self.path, exchange.path)


def _same_page(logged: str, asked: str) -> bool:
    """uWSGI logs a request as it was asked for, Django its path alone, decoded, and in ASCII since 4.2.22 and 5.2.2
    (`log_response` in django/utils/log.py); nginx has made one slash of several by then."""
    raw = asked.partition("?")[0]
    path = _SLASHES.sub("/", unquote(raw))
    return bool(logged) and logged in (asked, raw, path, path.encode("unicode_escape").decode("ascii"))


def handled(events: Sequence[Event]) -> Iterator[Handled]:
    """The requests about which something was said, and those without a head; in the order of the log."""
    waiting: list[Event] = []
    path = ""
    for event in events:
        if event.kind in _STARTS:
            waiting, path = [], ""
        elif event.kind == "django" and event.data.get("what") == "Internal Server Error":
            path = event.data.get("path", "")
        elif event.kind in _SAID and "rid" in event.data:
            yield Handled(event.data.get("path", ""), event.data["rid"], event.time_s, 500, said=(event,))
        elif event.kind in _SAID:
            waiting.append(event)
        elif event.kind == "request":
            one = _of_line(event)
            if path and not _same_page(path, one.path):
                # Another worker's line came between.
                yield Handled(path, time_s=event.time_s, status=500, said=tuple(waiting))
                waiting = []
            if waiting or one.without_head:
                yield replace(one, said=tuple(waiting))
            waiting, path = [], ""
    if waiting:
        yield Handled(path, said=tuple(waiting))


def _of_line(event: Event) -> Handled:
    data = event.data
    status, size, head = (
        int(data[name]) if data.get(name, "").isdigit() else -1 for name in ("status", "bytes", "headers_bytes")
    )
    return Handled(data.get("uri", ""), data.get("rid", ""), event.time_s, status, size, head, line=event.text)
