"""A uwsgi packet as a hex view: every byte with what it is and which variable it belongs to. Pure.

The format: a head of four bytes (modifier1, size of the rest in little endian, modifier2), then for each variable a length
of two bytes, the name, a length, the value (https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_HEAD_BYTES = 4
_ROW_BYTES = 16
_HEX = re.compile(r"[0-9a-fA-F]+")


@dataclass(frozen=True)
class Run:
    """Bytes `start` to `end` (exclusive) that are one thing: `kind` is head, length, name, value or rest.

    `variable` counts the packet's variables from 0; None where the bytes belong to none.
    """

    start: int
    end: int
    kind: str
    variable: int | None = None


@dataclass(frozen=True)
class Cells:
    """What one row shows of one run: two hex digits a byte, and the bytes as text, `.` for what has no ASCII letter."""

    kind: str
    variable: int | None
    pairs: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Row:
    """Sixteen bytes at `offset`, in two halves of eight."""

    offset: str
    second: str
    halves: tuple[tuple[Cells, ...], tuple[Cells, ...]]


@dataclass(frozen=True)
class Variable:
    """One variable: its name and value, the bytes of its value in the packet, and who set it, if that is known."""

    index: int | None
    name: str
    value: str
    start: int | None
    end: int | None
    by: str
    where: str
    written: str


@dataclass(frozen=True)
class Packet:
    """The hex view: rows of bytes, the variables in the packet's order, and whether the head is part of the bytes."""

    size: int
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    broken: bool


def packet(hop: Mapping[str, Any]) -> Packet:
    """The hex view of a trace's uwsgi hop; without `packet_hex` only the variables. Bytes that do not keep the format
    are shown as what they are: `rest`."""
    asked = hop.get("in") or {}
    data = _bytes(asked.get("packet_hex"))
    runs = tuple(_runs(data, _HEAD_BYTES if _has_head(data) else 0))
    return Packet(
        size=len(data),
        rows=tuple(_rows(data, runs)),
        variables=tuple(_variables(data, runs, hop.get("vars") or {}, hop.get("vars_from") or {})),
        broken=any(run.kind == "rest" for run in runs),
    )


def _bytes(digits: object) -> bytes:
    if not isinstance(digits, str) or len(digits) % 2 or not _HEX.fullmatch(digits):
        return b""
    return bytes.fromhex(digits)


def _has_head(data: bytes) -> bool:
    return len(data) >= _HEAD_BYTES and int.from_bytes(data[1:3], "little") == len(data) - _HEAD_BYTES


def _runs(data: bytes, at: int) -> Iterator[Run]:
    if at:
        yield Run(0, at, "head")
    variable = 0
    while at < len(data):
        found = _variable_runs(data, at, variable)
        if not found:
            yield Run(at, len(data), "rest")
            return
        yield from found
        at, variable = found[-1].end, variable + 1


def _variable_runs(data: bytes, at: int, variable: int) -> tuple[Run, ...]:
    """Length, name, length, value from `at` on; nothing when the packet ends before they do."""
    runs: list[Run] = []
    for kind in ("name", "value"):
        begin = at + 2
        end = begin + int.from_bytes(data[at:begin], "little")
        if begin > len(data) or end > len(data):
            return ()
        runs += [Run(at, begin, "length", variable), Run(begin, end, kind, variable)]
        at = end
    return tuple(runs)


def _rows(data: bytes, runs: tuple[Run, ...]) -> Iterator[Row]:
    half = _ROW_BYTES // 2
    cells = {start: tuple(_cells(data, runs, start)) for start in range(0, len(data) + half, half)}
    for start in range(0, len(data), _ROW_BYTES):
        second = f"{start + half:04x}" if start + half < len(data) else ""
        yield Row(f"{start:04x}", second, (cells[start], cells.get(start + half, ())))


def _cells(data: bytes, runs: tuple[Run, ...], start: int) -> Iterator[Cells]:
    end = min(start + _ROW_BYTES // 2, len(data))
    for run in runs[_first(runs, start) :]:
        if run.start >= end:
            return
        part = data[max(run.start, start) : min(run.end, end)]
        if part:
            text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
            yield Cells(run.kind, run.variable, tuple(f"{byte:02x}" for byte in part), text)


def _first(runs: tuple[Run, ...], offset: int) -> int:
    """The index of the first run that ends behind `offset`."""
    low, high = 0, len(runs)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if runs[middle].end <= offset else (low, middle)
    return low


def _variables(
    data: bytes, runs: tuple[Run, ...], values: Mapping[str, Any], origins: Mapping[str, Any]
) -> Iterator[Variable]:
    """Those of the bytes first, in their order; then those that only the decoded list has. The decoded value is shown,
    because it is the one that has been masked."""
    names = [run for run in runs if run.kind == "name"]
    seen = set()
    for name_run, value_run in zip(names, (run for run in runs if run.kind == "value"), strict=False):
        name = data[name_run.start : name_run.end].decode("latin-1")
        value = values.get(name, data[value_run.start : value_run.end].decode("latin-1"))
        seen.add(name)
        yield _variable(name, value, origins, value_run)
    for name, value in values.items():
        if name not in seen:
            yield _variable(str(name), value, origins, None)


def _variable(name: str, value: object, origins: Mapping[str, Any], run: Run | None) -> Variable:
    origin = origins.get(name) or {}
    return Variable(
        index=run.variable if run else None,
        name=name,
        value=str(value),
        start=run.start if run else None,
        end=run.end if run else None,
        by=str(origin.get("by") or ""),
        where=str(origin.get("where") or ""),
        written=str(origin.get("as") or ""),
    )
