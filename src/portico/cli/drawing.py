"""Boxes, arrows and wrapped text for a terminal of a given width. Widths are those of the characters as drawn."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterable

import click

_NARROWEST, _WIDEST = 60, 112


def width(narrowest: int = _NARROWEST) -> int:
    """Columns to draw in: the terminal's, COLUMNS where there is none, within what can be read."""
    return max(narrowest, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))


def cells(text: str) -> int:
    """How many columns a text takes: an East Asian wide character two, an accent of its own none."""
    plain = click.unstyle(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in plain
    )


def padded(text: str, columns: int) -> str:
    """The text with spaces to that width; a longer one stays as it is."""
    return text + " " * max(0, columns - cells(text))


def wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """The text in lines of at most that width, each with the indent; a path that is longer is not broken."""
    inner = max(20, columns - cells(indent))
    if cells(text) <= inner:
        return [indent + text]
    lines: list[str] = []
    for word in text.split():
        if lines and cells(lines[-1]) + 1 + cells(word) <= inner:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [indent + line for line in lines or [""]]


def shortened(text: str, columns: int) -> str:
    """The text, its middle left out where it is longer: of a path both ends say most."""
    if cells(text) <= columns:
        return text
    head, tail = text[: columns // 3], text[-columns:]
    while cells(head) > columns // 3:
        head = head[:-1]
    while cells(tail) > columns - 1 - cells(head):
        tail = tail[1:]
    return f"{head}…{tail}"


def box(title: str, right: str, rows: Iterable[str], columns: int) -> list[str]:
    """A box of that width; `title` and `right` stand in its upper border."""
    inner = columns - 4
    fill = "─" * max(1, columns - 6 - cells(title) - cells(right) - (2 if right else 0))
    head = f"┌─ {title} {fill}" + (f" {right} ─┐" if right else "─┐")
    body = [f"│ {padded(row, inner)} │" for row in rows]
    return [head, *body, f"└{'─' * (columns - 2)}┘"]
