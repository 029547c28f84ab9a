"""Tracebacks of the application in uWSGI's log. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

HEADER = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s+File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_EXCEPTION = re.compile(r"(?P<name>(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:: (?P<message>.*))?$")
_LONE = re.compile(
    r"(?P<name>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Iteration))(?:: (?P<message>.*))?$"
)
_LONGEST_NAME = 200
#: Between the tracebacks of exceptions that led to one another.
_CHAINED = ("The above exception was the direct cause", "During handling of the above exception")
_LIBRARY = re.compile(r"^<|/(?:site|dist)-packages/|/lib(?:64)?/python\d[\d.]*/|/lib-dynload/|\.zip/|/entry\.py$")


def end_of(lines: Sequence[str], start: int) -> int:
    """The index after the last line of the traceback whose header is `lines[start]`, with all that it is chained to."""
    at = _end_of_one(lines, start)
    while True:
        ahead = at
        while ahead < len(lines) and ahead < at + 3 and not lines[ahead].strip():
            ahead += 1
        if ahead >= len(lines) or not lines[ahead].startswith(_CHAINED):
            return at
        ahead += 1
        while ahead < len(lines) and not lines[ahead].strip():
            ahead += 1
        if ahead >= len(lines) or lines[ahead] != HEADER:
            return at
        at = _end_of_one(lines, ahead)


def _end_of_one(lines: Sequence[str], start: int) -> int:
    at = start + 1
    while at < len(lines) and lines[at].startswith((" ", "\t")):
        at += 1
    if at < len(lines) and _EXCEPTION.match(lines[at]):
        at += 1
        # The further lines of a message of more than one, as libpq's are.
        while (
            at < len(lines) and lines[at].startswith((" ", "\t")) and lines[at].strip() and not lines[at].startswith(" ***")
        ):
            at += 1
    return at


def facts(lines: Sequence[str]) -> dict[str, str]:
    """What a traceback says: `exception` (its full name) and `message`, `frames` (how many), the place in the project's own
    code (`file`, `line`, `function`; empty: none), `last_file` and `last_line`, and `first`, the exception it began with."""
    frames = [match for line in lines if (match := _FRAME.match(line))]
    ends = [number for number, line in enumerate(lines) if _ends_here(lines, number, line)]
    first, last = (_EXCEPTION.match(lines[ends[0]]), _EXCEPTION.match(lines[ends[-1]])) if ends else (None, None)
    own = next((match for match in reversed(frames) if not _LIBRARY.search(match["file"])), None)
    after = [line.strip() for line in lines[ends[-1] + 1 :] if line.strip()] if ends else []
    return {
        "exception": last["name"] if last else "",
        "message": "\n".join([(last and last["message"]) or "", *after]).strip(),
        "first": f"{first['name']}: {first['message'] or ''}".rstrip(": ") if first and len(ends) > 1 else "",
        "file": own["file"] if own else "",
        "line": own["line"] if own else "",
        "function": (own["function"] or "") if own else "",
        "last_file": frames[-1]["file"] if frames else "",
        "last_line": frames[-1]["line"] if frames else "",
        "frames": str(len(frames)),
        "bare": "",
    }


def _ends_here(lines: Sequence[str], number: int, line: str) -> bool:
    """Whether this is the line with the exception: the first after a header that is not set in."""
    if not number or not line or line[0] in " \t" or line == HEADER or line.startswith(_CHAINED):
        return False
    before = lines[number - 1]
    return (before == HEADER or before[:1] in (" ", "\t")) and _EXCEPTION.match(line) is not None


def bare(line: str) -> dict[str, str] | None:
    """The same of an exception in one line without a traceback, which is what uWSGI itself writes when it cannot import the
    module that it was given; None when the line is none."""
    match = _LONE.match(line) if len(line.partition(":")[0]) <= _LONGEST_NAME else None
    if match is None:
        return None
    empty = dict.fromkeys(("first", "file", "line", "function", "last_file", "last_line"), "")
    return {"exception": match["name"], "message": match["message"] or "", **empty, "frames": "0", "bare": "true"}
