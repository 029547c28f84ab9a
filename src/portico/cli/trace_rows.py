"""Rows of a terminal: clipped to its width, in columns, in hexadecimal, as bars; nothing in them that a terminal obeys."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

#: A colour for each hop, here and in the waterfall.
COLOURS = {"client": "white", "nginx": "green", "uwsgi": "yellow", "wsgi": "cyan", "django": "magenta"}
_STYLE = re.compile(r"(\x1b\[[0-9;]*m)")
_RESET = "\x1b[0m"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"


def harmless(value: Any) -> Any:
    """The same data, in which no text moves the cursor, rings or colours: white space becomes a space, anything else that
    does not print is written as its escape. Keys of a mapping, too."""
    if isinstance(value, str):
        return value if value.isprintable() else "".join(map(_printable, value))
    if isinstance(value, Mapping):
        return {harmless(key): harmless(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(one) for one in value]
    return value


def _printable(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def width_of(text: str) -> int:
    """Columns a text takes: none for combining marks, two for wide letters."""
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def clip(line: str, width: int) -> str:
    """A line with its styles, cut to `width` columns, the last of which then is an ellipsis."""
    if width_of(_STYLE.sub("", line)) <= width:
        return line
    kept, left = [], width - 1
    for part in _STYLE.split(line):
        if _STYLE.fullmatch(part):
            kept.append(part)
            continue
        for letter in part:
            left -= _columns(letter)
            if left < 0:
                return "".join(kept) + "…" + (_RESET if "\x1b" in line else "")
            kept.append(letter)
    raise AssertionError("unreachable")


def padded(text: str, width: int) -> str:
    """A text without styles in a column of `width`: clipped or filled up."""
    text = clip(text, width)
    return text + " " * (width - width_of(text))


def table(rows: Iterable[Sequence[str]], indent: str, limits: Sequence[int]) -> list[str]:
    """Rows in columns, each as wide as its longest cell but at most its limit; the last column takes what is left."""
    rows = [list(row) for row in rows]
    widths = [min(limit, max((width_of(row[at]) for row in rows), default=0)) for at, limit in enumerate(limits)]
    return [
        (indent + "  ".join([*(padded(cell, width) for cell, width in zip(row, widths, strict=False)), row[-1]])).rstrip()
        for row in rows
    ]


def flowing(label: str, text: str, width: int, column: int = 11, colour: str | None = None) -> list[str]:
    """A sentence on as many rows as it needs, beside its label in a column of its own."""
    rows = textwrap.wrap(text, max(20, width - column), break_on_hyphens=False) or [""]
    return [
        dim(padded("" if place else label, column)) + (click.style(row, fg=colour) if colour else row)
        for place, row in enumerate(rows)
    ]


def wrapped(words: Sequence[str], label: str, indent: str, width: int) -> list[str]:
    """`label` and words, separated by commas, on as many rows as they need; further rows stand below the first word."""
    rows, row = [], indent + label
    start = " " * width_of(row)
    for at, word in enumerate(words):
        piece = word + ("," if at < len(words) - 1 else "")
        if width_of(row) + width_of(piece) + 1 > width and row.strip() != label.strip() and row.strip():
            rows.append(row)
            row = start
        row += " " + piece
    return [*rows, row]


def hex_dump(packet_hex: str, rows: int) -> Iterator[str]:
    """The first bytes of a packet, sixteen in a row: offset, bytes, and the letters among them."""
    try:
        packet = bytes.fromhex(packet_hex[: rows * 32])
    except ValueError:
        return
    for offset in range(0, len(packet), 16):
        part = packet[offset : offset + 16]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        digits = part[:8].hex(" ") + ("  " + part[8:].hex(" ") if len(part) > 8 else "")
        yield f"{offset:04x}  {digits:<48}  {letters}"


def bar(started_us: int, duration_us: int, whole_us: int, width: int, full: str = _FULL) -> str:
    """A bar to scale in `width` columns: it begins in the column of its begin, its length is exact to an eighth of one, and
    however short it can be seen."""
    whole = max(whole_us, 1)
    start = min(width - 1, max(0, started_us) * width // whole)
    eighths = min(max(1, round(duration_us * width * 8 / whole)), (width - start) * 8)
    body = full * (eighths // 8)
    rest = eighths % 8
    body += (_EIGHTHS[rest] if full == _FULL else full) if rest else ""
    return (" " * start + body).ljust(width)


def hop_colour(hop: str, text: str, bold: bool = False) -> str:
    """A text in the colour of a hop."""
    return click.style(text, fg=COLOURS.get(hop), bold=bold or None)


def dim(text: str) -> str:
    """A text that matters less."""
    return click.style(text, dim=True) if text else ""


def bold(text: str) -> str:
    """A text that matters more."""
    return click.style(text, bold=True)


def labelled(label: str, text: str, colour: str | None = None) -> str:
    """A label in a column of its own before a text; the text in `colour`."""
    return f"{dim(padded(label, 10))} {click.style(text, fg=colour) if colour else text}"
