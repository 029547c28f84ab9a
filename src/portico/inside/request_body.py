"""The body of a request: the application reads it as it comes, and nothing of it is left when the answer goes out.

What stays unread makes the kernel reset the connection, and nginx, which stops sending once it has the head of the answer,
says 502 in its place. So the rest is read after the application has returned and before its answer is sent. uWSGI's own
`post-buffering` reads the whole body first, but with threads and harakiri it kills workers that are well: all threads of a
worker share one deadline (https://github.com/unbit/uwsgi/issues/2706).
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

#: A body up to this size is read at once: one call, and no more thought about it.
_SMALL_BYTES = 65536
_PIECE_BYTES = 65536


def call(application: Any, environ: Any, start_response: Any) -> Any:
    """Call the application with the request's body as `wsgi.input`; returns what it returns, and raises what it raises."""
    length = environ.get("CONTENT_LENGTH")
    if not length or not length.isdigit():
        return application(environ, start_response)
    if int(length) <= _SMALL_BYTES:
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        return application(environ, start_response)
    body = environ["wsgi.input"] = Body(environ["wsgi.input"])
    try:
        result = application(environ, _writing_after(body, start_response))
    except BaseException:
        body.drop()
        raise
    if isinstance(result, (list, tuple)):
        # Nothing of the application runs any more that could read.
        body.drop()
    else:
        body.hold()
    return result


def _writing_after(body: Body, start_response: Any) -> Any:
    """The old `write` sends the head (PEP 3333): the body is complete before."""

    def started(*args: Any) -> Any:
        send = start_response(*args)

        def write(data: Any) -> Any:
            body.hold()
            return send(data)

        return write

    return started


class Body:
    """A body on its way, as a file. `hold` has the rest here, for who still wants to read it; `drop` reads it away."""

    def __init__(self, source: Any) -> None:
        self._file = source
        self._coming = True
        self._held: Any = None

    def __del__(self) -> None:
        if self._held:
            self._held.close()

    def read(self, size: int | None = -1) -> bytes:
        return self._some(self._file.read, size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._some(self._file.readline, size)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines, size = [], 0
        for line in self:
            lines.append(line)
            size += len(line)
            if hint and 0 < hint <= size:
                break
        return lines

    def _some(self, read: Callable[..., bytes], size: int | None) -> bytes:
        """At most `size` bytes. To uWSGI's own file 0 means all, as no other file has it, and it knows no None."""
        if size is None or size < 0:
            return read()
        return read(size) if size else b""

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def hold(self) -> None:
        """Have what the application has not read in memory, or in a file without a name."""
        if self._coming:
            held: Any = tempfile.SpooledTemporaryFile(_SMALL_BYTES)  # noqa: SIM115 - it goes with the request
            self._held = held
            for piece in self._rest():
                held.write(piece)
            held.seek(0)
            self._file = held

    def drop(self) -> None:
        """Read the rest and forget it."""
        if self._coming:
            for _ in self._rest():
                pass

    def _rest(self) -> Iterator[bytes]:
        """What still comes; of a client that has gone, what came."""
        self._coming = False
        with contextlib.suppress(OSError):
            while piece := self._file.read(_PIECE_BYTES):
                yield piece
