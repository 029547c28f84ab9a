"""Traces one request through the WSGI application: environ, start_response, the parts of the body, close.

`entry.py` asks it only for a request that names a trace. Events (see `trace_record`), in order:
`in` (pid, worker, core, version, thread, native, python, callable), `call` (environ), `start_response`, `write`, `returned`,
`chunk`, `raised`, `close`, `done` (chunks, bytes, dropped). What the application returns goes out unchanged, part by part.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import re
import threading
from collections.abc import Callable
from typing import Any

from . import trace_django, trace_layers
from .trace_record import ACTIVE, CURRENT, Recorder, connect, dotted, quietly, safe

_NONCE = re.compile(r"[0-9a-f]{32}\Z")
_CHUNKS = 500
_installing = threading.Lock()


class Tracing:
    """What a worker knows about traces: `folder` has the sockets, `by_header` is whether a client may name a trace (where no
    nginx is in front), `name` is what the application is called.

    A trace has a number that nobody can guess, and counts when a socket of that number is in a folder that only the owner of
    the stack can write to.
    """

    def __init__(self, folder: str, by_header: bool, name: str) -> None:
        self._folder = folder
        self._by_header = by_header
        self._said = {"callable": name, "python": platform.python_version()}
        trace_layers.watch()

    @quietly
    def begin(self, given: str | None, claimed: str | None, environ: dict[str, Any]) -> Traced | None:
        """A trace for a request with the uwsgi variable `given` or the header `claimed`, or None."""
        nonce = self._nonce(given, claimed)
        if not nonce:
            return None
        recorder = connect(os.path.join(self._folder, f"trace-{nonce}.sock"))
        if recorder is None:
            return None
        recorder.emit("in", **self._said, **_worker(environ))
        return Traced(recorder)

    def _nonce(self, given: str | None, claimed: str | None) -> str:
        nonce = given or (claimed if self._by_header else None)
        return nonce if isinstance(nonce, str) and _NONCE.match(nonce) else ""


def _worker(environ: dict[str, Any]) -> dict[str, Any]:
    thread = threading.current_thread()
    found: dict[str, Any] = {"pid": os.getpid(), "thread": thread.name, "native": threading.get_native_id()}
    found["core"] = environ.get("uwsgi.core")
    with contextlib.suppress(Exception):
        uwsgi: Any = importlib.import_module("uwsgi")
        version = uwsgi.version
        found.update(
            worker=uwsgi.worker_id(), version=version.decode("latin-1") if isinstance(version, bytes) else str(version)
        )
    return found


class Traced:
    """One traced request. `call` does what calling the application does."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._chunks = 0
        self._bytes = 0
        self._open = True
        with _installing:
            ACTIVE.append(recorder)
            if len(ACTIVE) == 1:
                quietly(trace_django.install)()
        quietly(trace_django.attach)()

    def call(self, caller: Callable[..., Any], application: Any, environ: Any, start_response: Any) -> Any:
        """Have `caller` call the application and return its answer, recorded where that is possible."""
        token = CURRENT.set(self._recorder)
        try:
            self._recorder.emit("call", environ=_shown(environ) or {})
            result = caller(application, environ, self._starting(start_response))
            return self._answer(result)
        except BaseException as error:
            self.raised("application", error)
            self.finish()
            raise
        finally:
            CURRENT.reset(token)

    def _starting(self, start_response: Any) -> Any:
        def recorded(status: Any, headers: Any, *exc_info: Any) -> Any:
            quietly(self._started)(status, headers, exc_info)
            return self._writing(start_response(status, headers, *exc_info))

        return recorded

    def _started(self, status: Any, headers: Any, exc_info: Any) -> None:
        pairs = [[str(name), str(value)] for name, value in list(headers)]
        self._recorder.emit("start_response", status=str(status), headers=pairs, exc_info=any(exc_info))

    def _writing(self, write: Any) -> Any:
        def recorded(data: Any) -> Any:
            self.sent("write", data)
            return write(data)

        return recorded if callable(write) else write

    def _answer(self, result: Any) -> Any:
        kind = _kind(result)
        size = len(result) if kind == "bytes" else _file_bytes(result) if kind == "file" else None
        self._recorder.emit("returned", type=dotted(type(result)), kind=kind, bytes=size)
        if kind == "iterable":
            return Parts(result, self)
        if kind == "bytes":
            self._bytes += size or 0
        if kind != "file" or not self._at_close_of(result):
            self.finish()
        return result

    def _at_close_of(self, file: Any) -> bool:
        """Have the trace end when the file is closed, where a `close` was put onto it (Django does); whether it will."""
        try:
            close = vars(file)["close"]
            file.close = lambda: self.closing(close)
        except Exception:
            return False
        return True

    def sent(self, event: str, data: Any) -> None:
        """A part of the body is on its way."""
        size = quietly(len)(data) or 0
        self._chunks += 1
        self._bytes += size
        if self._chunks <= _CHUNKS:
            self._recorder.emit(event, bytes=size)

    def inside(self, where: str, function: Any, *args: Any) -> Any:
        """Call a function of the application for this request; `where` is what an exception is said to come from."""
        token = CURRENT.set(self._recorder)
        try:
            return function(*args)
        except StopIteration:
            raise
        except BaseException as error:
            self.raised(where, error)
            raise
        finally:
            CURRENT.reset(token)

    def closing(self, close: Any) -> Any:
        """Close what the application returned: the last that it sees of the request."""
        self._recorder.emit("close")
        try:
            return self.inside("close", close) if close is not None else None
        finally:
            self.finish()

    def raised(self, where: str, error: BaseException) -> None:
        """An exception leaves the application."""
        self._recorder.emit("raised", where=where, id=self._recorder.exception(error, where))

    def finish(self) -> None:
        """End the trace; a second time does nothing."""
        if not self._open:
            return
        self._open = False
        self._recorder.emit("done", chunks=self._chunks, bytes=self._bytes, dropped=self._recorder.dropped())
        quietly(trace_django.detach)()
        with _installing:
            ACTIVE.remove(self._recorder)
            if not ACTIVE:
                quietly(trace_django.uninstall)()
        self._recorder.stop()


class Parts:
    """The iterable of a traced application: the same parts, as lazily."""

    def __init__(self, inner: Any, traced: Traced) -> None:
        self._inner = inner
        self._traced = traced
        self._items: Any = None

    def __iter__(self) -> Parts:
        self._items = self._traced.inside("body", iter, self._inner)
        return self

    def __next__(self) -> Any:
        part = self._traced.inside("body", next, self._items)
        self._traced.sent("chunk", part)
        return part

    def close(self) -> Any:
        return self._traced.closing(getattr(self._inner, "close", None))

    def __del__(self) -> None:
        # A server that forgets to close must not leave the instrumentation in place.
        quietly(self._traced.finish)()


def _kind(result: Any) -> str:
    """uWSGI sends bytes in one piece and gives a file to sendfile when it is the very object that `wsgi.file_wrapper`
    returned (https://uwsgi-docs.readthedocs.io/en/latest/Snippets.html); anything around them would change that."""
    if isinstance(result, (bytes, str)):
        return "bytes"
    if hasattr(result, "fileno") or hasattr(result, "read"):
        return "file"
    return "iterable" if hasattr(result, "__iter__") or hasattr(result, "__getitem__") else "other"


@quietly
def _file_bytes(file: Any) -> int:
    return os.fstat(file.fileno()).st_size


@quietly
def _shown(environ: dict[str, Any]) -> dict[str, str]:
    return {str(name): value if isinstance(value, str) else safe(value) for name, value in list(environ.items())}
