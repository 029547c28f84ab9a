"""A process that is talked to in lines of JSON: an answer for each thing that it is asked."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from portico.model.command import Command
from portico.system.run import surroundings
from portico.system.started import kill_group, started

_SAID_BYTES = 4000


class Silent(Exception):
    """It ended, answered nothing in time, or answered something else. `said` is the end of its standard error."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why)
        self.why, self.said = why, said


class Talk:
    """One such process, while it lives."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Any) -> None:
        self.pid = process.pid
        self._process = process
        self._errors = errors
        self._rest = b""

    def hear(self, timeout_s: float) -> dict[str, Any]:
        """The next line that it says. Raises Silent."""
        text = self._line(time.monotonic() + timeout_s, timeout_s)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._silent("it said something that is no answer")
        return answer

    def ask(self, what: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Say something and hear the answer. Raises Silent."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            self._process.stdin.write(json.dumps(dict(what)).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._silent("it has ended") from None
        return self.hear(timeout_s)

    def _line(self, deadline: float, timeout_s: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        while b"\n" not in self._rest:
            if not select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise self._silent(f"it did not answer within {timeout_s:.0f} s")
            part = os.read(self._process.stdout.fileno(), 1 << 16)
            if not part:
                raise self._silent("it ended without an answer")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _silent(self, why: str) -> Silent:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _SAID_BYTES))
        return Silent(why, self._errors.read().decode("utf-8", "replace").strip())


@contextmanager
def talk(command: Command) -> Iterator[Talk]:
    """Start it; with the block it ends, and all of its group. Raises Silent when it cannot be started."""
    with tempfile.TemporaryFile() as errors:
        try:
            process = started(
                command.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, **surroundings(command)
            )
        except OSError as error:
            raise Silent(f"{error.filename or command.argv[0]}: {error.strerror}") from None
        try:
            yield Talk(process, errors)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    kill_group(process)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
