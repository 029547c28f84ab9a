"""Tracebacks of the application in uWSGI's log. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

HEADER = "Traceback (most recent call last):"
#: What an exception group begins with; its lines have a margin (https://docs.python.org/3/library/exceptions.html#exception-groups).
_GROUP = "  + Exception Group " + HEADER
_MARGIN = "  | "
#: So many lines may stand between a traceback and the word that it led to another.
_GAP = 3
_FRAME = re.compile(r'\s+File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
#: A class that was made in a function has `<locals>` in its name; behind an empty first line of a message stands no space.
_EXCEPTION = re.compile(r"(?P<name>(?:(?:[^\W\d]\w*|<locals>)\.)*[^\W\d]\w*)(?::(?: (?P<message>.*))?)?$")
_LONE = re.compile(
    r"(?P<name>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Iteration))(?:: (?P<message>.*))?$"
)
_LONGEST_NAME = 200
#: Between the tracebacks of exceptions that led to one another.
_CHAINED = ("The above exception was the direct cause", "During handling of the above exception")
_LIBRARY = re.compile(r"^<|/(?:site|dist)-packages/|/lib(?:64)?/python\d[\d.]*/|/lib-dynload/|\.zip/|/entry\.py$")


def begins(line: str) -> bool:
    """Whether a traceback begins with that line."""
    return line in (HEADER, _GROUP)


def end_of(lines: Sequence[str], start: int) -> int:
    """The index after the last line of the traceback whose header is `lines[start]`, with all that it is chained to."""
    at = _end_of_one(lines, start)
    while (following := _chained(lines, at, at + _GAP)) is not None:
        at = _end_of_one(lines, following)
    return at


def _chained(lines: Sequence[str], at: int, limit: int) -> int | None:
    """The index of the header of the traceback that the one before `at` led to, where that is said before `limit`."""
    for number in range(at, min(limit, len(lines))):
        if lines[number].startswith(_CHAINED):
            ahead = number + 1
            while ahead < len(lines) and not lines[ahead].strip():
                ahead += 1
            return ahead if ahead < len(lines) and begins(lines[ahead]) else None
        if lines[number].strip() and limit == at + _GAP:
            return None
    return None


def _end_of_one(lines: Sequence[str], start: int) -> int:
    at = _after_indented(lines, start + 1)
    if lines[start] == _GROUP or at >= len(lines) or not (found := _EXCEPTION.match(lines[at])):
        return at
    goes_on = lines[at].rstrip().endswith(":")
    at += 1
    if goes_on and not found["message"] and at < len(lines) and lines[at][:1].strip() and not _quotes(lines, at):
        # The first line of the message is empty.
        at += 1
    if at < len(lines) and _quotes(lines, at):
        return min(end_of(lines, at + 1) + 1, len(lines))
    if goes_on and at < len(lines) and begins(lines[at]):
        return end_of(lines, at)
    # The further lines of a message of more than one, as libpq's are.
    while at < len(lines) and lines[at].startswith((" ", "\t")) and lines[at].strip() and not lines[at].startswith(" ***"):
        at += 1
    return at


def _after_indented(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and lines[at].startswith((" ", "\t")):
        at += 1
    return at


def _quotes(lines: Sequence[str], at: int) -> bool:
    """Whether a message tells the traceback of another process there, as those of concurrent.futures do."""
    return lines[at] == '"""' and at + 1 < len(lines) and begins(lines[at + 1])


def every(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where each traceback of a log begins, and where it ends, with all that it is chained to."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(lines):
        if begins(lines[at]):
            found.append((at, end_of(lines, at)))
            at = found[-1][1]
        else:
            at += 1
    return found


def pieces(lines: Sequence[str]) -> list[list[str]]:
    """The tracebacks of a chain, each with the lines up to that of its exception."""
    plain = without_margin(lines)
    return [plain[begin:end] for begin, end in ends(plain)]


def facts(lines: Sequence[str]) -> dict[str, str]:
    """What a traceback says: `exception` (its full name) and `message`, `frames` (how many), the place in the project's own
    code (`file`, `line`, `function`; empty: none), `last_file` and `last_line`, and `first`, the exception it began with.
    The traceback of another process that a message tells counts as text, and so do the exceptions of a group."""
    lines = without_margin(lines)
    found_at = ends(lines)
    frames = [found for begin, end in found_at for line in lines[begin:end] if (found := _FRAME.match(line))]
    named = [(found, end) for _, end in found_at if end < len(lines) and (found := _EXCEPTION.match(lines[end]))]
    first, (last, at) = (named[0][0], named[-1]) if named else (None, (None, len(lines)))
    own = next((match for match in reversed(frames) if not _LIBRARY.search(match["file"])), None)
    after = [line.strip() for line in lines[at + 1 :] if line.strip()]
    return {
        "exception": last["name"] if last else "",
        "message": "\n".join([(last and last["message"]) or "", *after]).strip(),
        "first": f"{first['name']}: {first['message'] or ''}".rstrip(": ") if first and len(named) > 1 else "",
        "file": own["file"] if own else "",
        "line": own["line"] if own else "",
        "function": (own["function"] or "") if own else "",
        "last_file": frames[-1]["file"] if frames else "",
        "last_line": frames[-1]["line"] if frames else "",
        "frames": str(len(frames)),
        "bare": "",
    }


def ends(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where each traceback of a chain begins, and where the line with its exception stands; of lines without margin."""
    found: list[tuple[int, int]] = []
    begin: int | None = 0
    while begin is not None and begin < len(lines):
        found.append((begin, _after_indented(lines, begin + 1)))
        begin = _chained(lines, _end_of_one(lines, begin), len(lines))
    return found


def without_margin(lines: Sequence[str]) -> list[str]:
    """With an exception group written as any other exception, what is in it being set in."""
    plain: list[str] = []
    inside = False
    for line in lines:
        inside = line == _GROUP or (inside and line.startswith(" "))
        inner = line.removeprefix(_MARGIN) if inside else line
        plain.append(HEADER if line == _GROUP else inner)
    return plain


def bare(line: str) -> dict[str, str] | None:
    """The same of an exception in one line without a traceback, which is what uWSGI itself writes when it cannot import the
    module that it was given; None when the line is none."""
    match = _LONE.match(line) if len(line.partition(":")[0]) <= _LONGEST_NAME else None
    if match is None:
        return None
    empty = dict.fromkeys(("first", "file", "line", "function", "last_file", "last_line"), "")
    return {"exception": match["name"], "message": match["message"] or "", **empty, "frames": "0", "bare": "true"}
