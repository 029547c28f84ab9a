"""Records one traced request: every event is one JSON line on a unix socket, sent when it happens.

Event: {"e": name, "t": nanoseconds of CLOCK_MONOTONIC, ...}. A span begins with {"e": "span", "id", "kind", ...} and ends
with {"e": "out", "id", ...}. `hops/wsgi/traced.py` and `hops/django/traced.py` read them. `time.monotonic_ns` is one clock
for all processes of a machine (https://man7.org/linux/man-pages/man2/clock_gettime.2.html).

It runs in the application's own Python: standard library only, Python 3.8 and later. Nothing here raises: a reader that is
gone or slow switches the recording off, and the request goes on.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import json
import linecache
import os
import socket
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

#: The recorders at work in this process. Empty: nothing is traced, and nothing more needs to be asked.
ACTIVE: list[Recorder] = []
#: The recorder of the request that is being handled in this context.
CURRENT: contextvars.ContextVar[Recorder | None] = contextvars.ContextVar("portico_trace", default=None)

_SEND_LIMIT_S = 1.0
_SPANS_OF_A_KIND = 5000
_TEXT_CHARACTERS = 20_000
_VALUE_CHARACTERS = 500
_ITEMS = 100
_TRACEBACK_LINES = 400
_HERE = os.path.dirname(os.path.abspath(__file__))


def quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which answers None instead of raising."""

    @functools.wraps(function)
    def guarded(*args: Any, **named: Any) -> Any:
        try:
            return function(*args, **named)
        except Exception:
            return None

    return guarded


class Recorder:
    """The record of one request. `layers` and `names` are what `trace_layers` knows of its way through Django."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel: socket.socket | None = channel
        # Made here and not with the module: what replaces locks (gevent) has done so by now.
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._counts: dict[str, int] = {}
        self.layers: list[int] = []
        self.names: set[str] | None = None
        self.templates: list[tuple[int, Any]] = []

    def emit(self, event: str, /, **data: Any) -> None:
        """Send one event."""
        at = time.monotonic_ns()
        if self._channel is None:
            return
        try:
            line = json.dumps({"e": event, "t": at, **data}, default=safe).encode("ascii") + b"\n"
            with self._lock:
                if self._channel is not None:
                    self._channel.sendall(line)
        except Exception:
            self.stop()

    @quietly
    def open(self, kind: str, /, **data: Any) -> int:
        """Begin a span and return its id, which is 0 after very many of the kind."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count > _SPANS_OF_A_KIND:
            return 0
        number = next(self._ids)
        self.emit("span", id=number, kind=kind, **data)
        return number

    @quietly
    def close(self, number: int | None, /, **data: Any) -> None:
        """End the span."""
        if number:
            self.emit("out", id=number, **data)

    @quietly
    def exception(self, error: BaseException, by: str) -> int:
        """Send what is known of an exception, once, and return the number it goes by; `by` says where it was met first:
        `view`, `handler`, `application`, `body` or `close`."""
        number = getattr(error, "_portico_trace", None)
        if not isinstance(number, int):
            number = next(self._ids)
            with_number(error, number)
            self.emit("exception", id=number, by=by, **(described(error) or {"type": type(error).__name__}))
        return number

    def dropped(self) -> dict[str, int]:
        """How many spans of each kind were not sent."""
        return {kind: count - _SPANS_OF_A_KIND for kind, count in self._counts.items() if count > _SPANS_OF_A_KIND}

    def stop(self) -> None:
        """Send nothing more."""
        channel, self._channel = self._channel, None
        if channel is not None:
            quietly(channel.close)()


def connect(path: str) -> Recorder | None:
    """A recorder that sends to whoever listens at `path`; None when nobody does."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        channel.settimeout(_SEND_LIMIT_S)
        channel.connect(path)
    except Exception:
        quietly(channel.close)()
        return None
    return Recorder(channel)


def safe(value: Any) -> str:
    """What a value that JSON cannot hold looks like."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__} that cannot be shown>"
    return clipped(text, _VALUE_CHARACTERS)


def clipped(text: str, limit: int = _TEXT_CHARACTERS) -> str:
    """The text, or its first `limit` characters and the number of the others."""
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text) - limit} more)"


def plain(value: Any) -> Any:
    """A value as JSON: numbers and texts as they are, lists and dicts of them to some length, others as they are shown."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return clipped(str(value), _VALUE_CHARACTERS)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in itertools.islice(value.items(), _ITEMS)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value[:_ITEMS]]
    return safe(value)


def dotted(thing: Any) -> str:
    """The full name of a class, a function or the class of an instance."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    module = getattr(named, "__module__", None)
    name = str(getattr(named, "__qualname__", named))
    return name if module in (None, "builtins") else f"{module}.{name}"


@quietly
def with_number(error: BaseException, number: int) -> None:
    """Remember in the exception that it was sent: it may be met again on its way out."""
    error._portico_trace = number  # type: ignore[attr-defined]


@quietly
def described(error: BaseException) -> dict[str, Any]:
    """{"type", "message", "frame", "traceback"}; `frame` is the innermost place in the project, or None.
    No local variables."""
    whole = traceback.TracebackException.from_exception(error)
    lines: list[str] = []
    for part in _without_ours(whole).format():
        lines += part.rstrip("\n").split("\n")
    return {
        "type": dotted(type(error)),
        "message": clipped(_message(error), 2000),
        "frame": _project_frame(error),
        "traceback": [clipped(line, _VALUE_CHARACTERS) for line in lines[-_TRACEBACK_LINES:]],
    }


def _message(error: BaseException) -> str:
    """Django's Resolver404 holds what it tried instead of a text."""
    held = error.args[0] if error.args else None
    if isinstance(held, dict) and "tried" in held and "path" in held:
        return "no URL pattern matches {!r}: {} tried".format(held["path"], len(held["tried"]))
    return str(error)


def _without_ours(whole: traceback.TracebackException) -> traceback.TracebackException:
    seen: Any = whole
    while seen is not None:
        seen.stack[:] = [frame for frame in seen.stack if os.path.dirname(frame.filename) != _HERE]
        seen = seen.__cause__ or seen.__context__
    return whole


def _project_frame(error: BaseException) -> dict[str, Any] | None:
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if _of_the_project(frame.f_code.co_filename):
            found = (frame.f_code, line)
    if found is None:
        return None
    code, line = found
    source = linecache.getline(code.co_filename, line).strip()
    return {"file": code.co_filename, "line": line, "function": code.co_name, "code": source}


@functools.lru_cache(maxsize=1)
def _libraries() -> tuple[str, ...]:
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(os.path.join(path, "") for path in paths if path)


def _of_the_project(file: str) -> bool:
    if not os.path.isabs(file) or os.path.dirname(file) == _HERE:
        return False
    parts = file.split(os.sep)
    return not file.startswith(_libraries()) and "site-packages" not in parts and "dist-packages" not in parts
