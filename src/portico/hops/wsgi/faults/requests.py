"""Requests of uWSGI's log with what was written while they were handled: tracebacks and complaints stand before the line of
the request they belong to."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from portico.model import django_path
from portico.model.evidence import Exchange
from portico.model.log import Event

_SAID = ("traceback", "bad-iterator")
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
        return late and same_page(self.path, exchange.path)


def same_page(logged: str, asked: str) -> bool:
    """Whether a path of the log is that of the request target `asked`: uWSGI logs a request as it was asked for, Django its
    path alone, decoded, as nginx or uWSGI passed it on; nginx has resolved it."""
    raw = asked.partition("?")[0]
    path = unquote(raw, errors="surrogateescape")
    names = (asked, raw, *django_path.written(path), *django_path.written(_resolved(path)))
    return bool(logged) and logged in names


def _resolved(path: str) -> str:
    """Without `//`, `/./` and `/../`."""
    plain = posixpath.normpath(f"/{path.lstrip('/')}")
    return f"{plain}/" if path.endswith(("/", "/.", "/..")) and plain != "/" else plain


@dataclass
class _Open:
    """What was said of a request whose line has not come yet; the path is empty where nothing names it."""

    path: str = ""
    said: list[Event] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """A line that looks like an exception, after the one that Django told, is of its message."""
        if not (self.path and self.said and event.data.get("bare") == "true"):
            self.said.append(event)

    def alone(self, time_s: float = 0.0) -> Handled:
        return Handled(self.path, time_s=time_s, status=500, said=tuple(self.said))


def handled(events: Sequence[Event]) -> Iterator[Handled]:
    """The requests about which something was said, and those without a head; in the order of the log."""
    waiting: list[_Open] = []
    for event in events:
        if event.kind in _STARTS:
            waiting = []
        elif event.kind == "django" and event.data.get("what") == "Internal Server Error":
            waiting.append(_Open(event.data.get("path", "")))
        elif event.kind in _SAID and "rid" in event.data:
            yield Handled(event.data.get("path", ""), event.data["rid"], event.time_s, 500, said=(event,))
        elif event.kind in _SAID:
            waiting = waiting or [_Open()]
            waiting[-1].add(event)
        elif event.kind == "request":
            yield from _ended(_of_line(event), waiting)
            waiting = []
        elif event.kind == "request-json":
            # It has no path.
            yield from (one.alone(event.time_s) for one in waiting)
            waiting = []
    yield from (one.alone() for one in waiting)


def _ended(one: Handled, waiting: Sequence[_Open]) -> Iterator[Handled]:
    """What was said before a request's line; some of it may be of another worker's request."""
    own = [told for told in waiting if not told.path or same_page(told.path, one.path)]
    yield from (told.alone(one.time_s) for told in waiting if told not in own)
    said = tuple(event for told in own for event in told.said)
    if said or one.without_head:
        yield replace(one, said=said)


def _of_line(event: Event) -> Handled:
    data = event.data
    status, size, head = (
        int(data[name]) if data.get(name, "").isdigit() else -1 for name in ("status", "bytes", "headers_bytes")
    )
    return Handled(data.get("uri", ""), data.get("rid", ""), event.time_s, status, size, head, line=event.text)
