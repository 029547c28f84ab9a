"""Run a Command and hand on what it says, line by line, while it runs."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from portico.model.command import Command, Outcome
from portico.system.run import not_started, surroundings
from portico.system.started import kill_group, started

_LINE_BYTES = 64 * 1024
#: How long what a process has left in its pipe is read after its end, and how long its death may take after SIGKILL.
_REST_S = 1.0
_KILLED_S = 10.0


def stream(command: Command, line: Callable[[str], None]) -> Outcome:
    """Execute and wait; `line` gets each line of standard output and error, in the order they came. The Outcome's texts are
    empty. A time-out, and any exception such as Ctrl-C, kills the whole process group. A missing program is exit code
    127."""
    began = time.monotonic()
    try:
        process = started(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **surroundings(command),
        )
    except OSError as error:
        outcome = not_started(command, error)
        line(outcome.stderr)
        return replace(outcome, stderr="")
    try:
        in_time = _read(process, began + command.timeout_s, line)
        code = process.wait() if in_time else -signal.SIGKILL
    finally:
        # A hook that has become another account (sudo) cannot be killed by ours, and must not hold us for ever.
        kill_group(process, _KILLED_S)
        if process.stdout:
            process.stdout.close()
    return Outcome(command, code, "", "", time.monotonic() - began, timed_out=not in_time)


def _read(process: subprocess.Popen[bytes], deadline: float, line: Callable[[str], None]) -> bool:
    """Until the process has ended and its output with it, or the process has ended and something in the background keeps its
    output open; whether that was before the deadline."""
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    descriptor, rest, ended, in_time = process.stdout.fileno(), b"", False, True
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ready = selector.select(min(0.2, max(0.0, deadline - time.monotonic())))
            data = os.read(descriptor, _LINE_BYTES) if ready else None
            *lines, rest = (rest + (data or b"")).split(b"\n")
            if len(rest) > _LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for each in lines:
                line(each.decode("utf-8", "backslashreplace").rstrip("\r"))
            if data == b"" or (data is None and ended):
                break
            if time.monotonic() >= deadline:
                in_time = ended
                break
            if not ended and process.poll() is not None:
                # Something in the background may go on for ever with the same pipe.
                ended, deadline = True, min(deadline, time.monotonic() + _REST_S)
    if rest:
        line(rest.decode("utf-8", "backslashreplace").rstrip("\r"))
    return ended or (in_time and _ends(process, deadline))


def _ends(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """It may have closed its output and go on."""
    try:
        process.wait(max(0.01, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True
