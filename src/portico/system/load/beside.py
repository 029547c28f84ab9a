"""A load that is made by a process of its own, while this one does something else."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.load import Load, Measured
from portico.system.load.crowd import NO_PORT_LEFT
from portico.system.load.room import make_room
from portico.system.load.told import load_as_json, measured_from_json

DIED = Kind(
    "system.E032",
    "system",
    "The process that made the load has died",
    "Without its figures nothing is known about the requests that it sent.",
    shows="`portico bench` or `portico tune` ends with exit status 5.",
    example="the load's process ended with -9 before it told what it measured",
    cure="Look for what killed it (`dmesg`, the memory limit of this session), then repeat.",
)
#: Isolated (-I): no file of the working folder takes the place of a module of the standard library.
_CODE = "import sys; sys.path.append(sys.argv[1]); from portico.system.load.child import main; main()"
_PACKAGES = str(Path(__file__).parents[3])


@contextlib.contextmanager
def aside(load: Load) -> Iterator[Callable[[], Measured]]:
    """The load in a child process; the block begins when its first request is about to be sent.

    What it yields ends the load (or waits for the end that it has by itself) and returns what came of it; further calls
    return the same. The child ends with the block, and with this process. Raises PorticoError as `run`, and when the child
    dies.
    """
    make_room(load.clients)
    with child("load", load_as_json(load)) as result:
        yield lambda: measured_from_json(result())


@contextlib.contextmanager
def child(what: str, arguments: dict[str, Any]) -> Iterator[Callable[[], Any]]:
    """Run `child.main` for `what`; it yields a function that tells it to end and returns what it told."""
    wanted = json.dumps({"what": what, **arguments}).encode()
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _CODE, _PACKAGES, str(len(wanted))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # An interrupt from the terminal is for us; when we end, its standard input does.
        start_new_session=True,
    )
    told: list[Any] = []

    def result() -> Any:
        if not told:
            told.append(_understood(*process.communicate(), process.returncode))
        return told[0]

    try:
        _begin(process, wanted)
        yield result
    finally:
        process.kill()
        process.communicate()


def _begin(process: subprocess.Popen[bytes], wanted: bytes) -> None:
    if process.stdin is None or process.stdout is None:
        raise ValueError("it has no pipes to us")
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(wanted)
        process.stdin.flush()
    if process.stdout.readline() != b"begun\n":
        _, errors = process.communicate()
        raise _died(errors, process.returncode)


def _understood(output: bytes, errors: bytes, code: int) -> Any:
    try:
        told = json.loads(output)
    except ValueError:
        raise _died(errors, code) from None
    if "result" not in told:
        raise PorticoError(NO_PORT_LEFT.found(told["cause"]), Exit.FINDINGS)
    return told["result"]


def _died(errors: bytes, code: int) -> PorticoError:
    last = errors.decode(errors="replace").strip().rpartition("\n")[2]
    return PorticoError(DIED.found(f"It ended with {code} before it told what it measured.", (last,)), Exit.NEEDS_HANDS)
