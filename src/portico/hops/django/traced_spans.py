"""The spans of a trace: a beginning and an end put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: A decoded line of the recorder: {"e": name, "t": nanoseconds of CLOCK_MONOTONIC, ...}.
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """What lay between two events, with the data of both; times are nanoseconds of CLOCK_MONOTONIC. `finished` is false when
    the recorder was gone before the end."""

    kind: str
    number: int
    began: int
    ended: int
    finished: bool
    before: Event
    after: Event

    def times(self, began_ns: int) -> dict[str, Any]:
        """{"started_us", "duration_us"} after `began_ns`, and `unfinished` when it was."""
        times: dict[str, Any] = {
            "started_us": (self.began - began_ns) // 1000,
            "duration_us": max(0, self.ended - self.began) // 1000,
        }
        return times if self.finished else {**times, "unfinished": True}


def time_of(event: Event) -> int:
    """When it happened; 0 when it does not say."""
    at = event.get("t")
    return at if isinstance(at, int) else 0


def spans_of(events: Sequence[Event]) -> list[Span]:
    """All spans, in the order in which they began."""
    last = max(map(time_of, events), default=0)
    ends = {event.get("id"): event for event in events if event.get("e") == "out"}
    return [_span(event, ends.get(event.get("id")), last) for event in events if _begins(event)]


def of_kind(spans: Iterable[Span], kind: str) -> list[Span]:
    """Those of one kind."""
    return [span for span in spans if span.kind == kind]


def _begins(event: Event) -> bool:
    return event.get("e") == "span" and isinstance(event.get("id"), int) and isinstance(event.get("t"), int)


def _span(event: Event, end: Event | None, last: int) -> Span:
    ended = last if end is None else time_of(end)
    return Span(str(event.get("kind", "")), event["id"], event["t"], ended, end is not None, event, end or {})
