"""What the application raised, from the log that it shares with uWSGI. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from portico.hops.uwsgi.tracebacks import begins, end_of, facts

_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(: |$)")


def raised(lines: Sequence[str]) -> Iterator[str]:
    """The exceptions of a log in its order, each with its message, as often as they are there: those of tracebacks, and of
    the JSON lines that a release writes where no handler of the project's shows errors. Of what is cut off or interrupted
    by another worker's lines, nothing."""
    at = 0
    while at < len(lines):
        block, at = _block(lines, at)
        said = _exception(block) if block else ""
        if said:
            yield said


def _block(lines: Sequence[str], at: int) -> tuple[Sequence[str], int]:
    """The traceback that begins at that line, if one does, and the index of the line after it."""
    line = lines[at]
    if begins(line):
        end = end_of(lines, at)
        return lines[at:end], end
    return _of_json(line) if line.startswith('{"t":') and '"exc"' in line else (), at + 1


def _of_json(line: str) -> Sequence[str]:
    try:
        return str(json.loads(line)["exc"]).rstrip("\n").split("\n")
    except (ValueError, KeyError, TypeError):
        return ()


def _exception(block: Sequence[str]) -> str:
    said = facts(block)
    # A stranger's name, which was asked for on purpose or by a robot.
    if said["exception"].endswith("DisallowedHost"):
        return ""
    text = f"{said['exception']}: {said['message']}".rstrip(": ")
    return text if _EXCEPTION.match(text) else ""
