"""What a child process of `beside.child` does: read what is wanted, say that it has begun, work until told to end, tell."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from portico.model.errors import PorticoError
from portico.system.load.crowd import Crowd
from portico.system.load.slowly import Slow
from portico.system.load.told import load_from_json, measured_as_json

#: Standard input has what is wanted; its end is the sign to end, and comes also when the parent is gone.
_INPUT = 0


def main() -> None:
    arguments = json.loads(_read(int(sys.argv[2])))
    work = _KINDS[arguments.pop("what")](arguments)
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    try:
        told: dict[str, Any] = {"result": work()}
    except PorticoError as error:
        told = {"cause": error.findings[0].cause}
    json.dump(told, sys.stdout)


def _read(size: int) -> bytes:
    """So many bytes of standard input, and not one more: its end is waited for with epoll."""
    parts: list[bytes] = []
    while size and (part := os.read(_INPUT, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _load(arguments: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    crowd = Crowd(load_from_json(arguments), _INPUT)
    return lambda: measured_as_json(crowd.run())


def _slow(arguments: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    return Slow(**arguments, end_at=_INPUT).run


_KINDS: dict[str, Callable[[dict[str, Any]], Callable[[], dict[str, Any]]]] = {"load": _load, "slow": _slow}
