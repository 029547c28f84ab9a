"""One log entry as a line of text."""

from __future__ import annotations

import time

from portico.actions.log_entries import Entry

#: ANSI colours (ECMA-48): green, blue, magenta.
_COLOURS = {"nginx": 32, "uwsgi": 34, "django": 35}
_RED, _DIM = 31, 2


def entry_text(entry: Entry, colour: bool) -> str:
    """`14:03:07.120 nginx  200 GET / 12ms ...  [request id]`; further lines of one entry are indented."""
    moment = time.strftime("%H:%M:%S", time.localtime(entry.time)) + f".{int(entry.time % 1 * 1000):03d}"
    hop = _paint(f"{entry.hop:<6}", _COLOURS[entry.hop], colour)
    first, *rest = entry.text.splitlines() or [""]
    if entry.status >= 500:
        first = _paint(first, _RED, colour)
    identity = _paint(f"  [{entry.request_id}]", _DIM, colour) if entry.request_id else ""
    return "\n".join([f"{moment} {hop} {first}{identity}", *(f"{'':<20}{line}" for line in rest)])


def _paint(text: str, code: int, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
