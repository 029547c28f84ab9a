"""All that the logs told of one request of the past, before it becomes hops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portico.actions.trace.past_read import Stack
from portico.hops.nginx.past_request import PastRequest, Try
from portico.hops.uwsgi.facts import RequestEntry
from portico.hops.uwsgi.past_request import Failure, Killed
from portico.model.log import ErrorEntry
from portico.model.seen import Route

#: `$status` of a request whose client left before the answer (NGX_HTTP_CLIENT_CLOSED_REQUEST of nginx's sources).
CLIENT_LEFT = 499


@dataclass(frozen=True)
class Seen:
    """`request` is nginx's line and `entry` uWSGI's, None where there is none; at least one of the two or a failure is
    there. `url` is where the site listens, with a slash at its end. `file` is what lies at the static file's path now:
    size in bytes and epoch seconds of its last change; None: nothing."""

    stack: Stack
    request_id: str
    url: str
    request: PastRequest | None = None
    way: Route | None = None
    file: tuple[int, float] | None = None
    errors: tuple[ErrorEntry, ...] = ()
    entry: RequestEntry | None = None
    failures: tuple[Failure, ...] = ()
    killed: Killed | None = None

    @property
    def plan(self) -> Mapping[str, Any]:
        return self.stack.plan

    @property
    def started_s(self) -> float:
        """Epoch seconds of its beginning, as the outermost hop has it."""
        if self.request:
            return self.request.started_s
        if self.entry:
            return self.entry.time_s
        return self.failures[0].time_s if self.failures else 0.0

    @property
    def duration_us(self) -> int:
        if self.request:
            return round(self.request.entry.request_time_s * 1e6)
        return self.entry.duration_us if self.entry else 0

    @property
    def status(self) -> int:
        """What the client was answered, 0 for nothing. 499 is nginx's own for a client that left."""
        if self.request:
            return self.request.entry.status
        return self.entry.status if self.entry else 500 if self.failures else 0

    @property
    def method(self) -> str:
        return self.request.entry.method if self.request else ""

    @property
    def uri(self) -> str:
        """As in the request line, with its query; of a request that only the application told of, its path."""
        return self.request.entry.uri if self.request else next((failure.path for failure in self.failures), "")

    @property
    def path(self) -> str:
        return self.uri.partition("?")[0]

    @property
    def last_try(self) -> Try | None:
        return self.request.tries[-1] if self.request and self.request.tries else None

    @property
    def application(self) -> str:
        """The hop that the application is: `django`, or `wsgi`."""
        return "django" if self.plan["site"]["framework"] == "django" else "wsgi"

    @property
    def answered_by_application(self) -> bool:
        """Whether an answer came over uWSGI's socket."""
        if self.failures:
            return True
        if self.request is None:
            return self.entry is not None
        return bool(self.last_try and self.last_try.header_s is not None and self.last_try.status)
