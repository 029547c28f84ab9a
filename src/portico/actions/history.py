"""What is kept of each release beside its files: when, of which code, how it went. One `release.json` in each folder."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from portico.actions.places import Places
from portico.model.errors import PorticoError
from portico.model.file import File
from portico.model.plan import Plan
from portico.system import files

RECORD = "release.json"


@dataclass(frozen=True)
class Record:
    """`created` and `live_at` are epoch seconds, the latter 0 for a release that never went live, for the reason in
    `failed`.

    `verb` is the command that made it; `source` describes the code (see `source.Source`); `values` are the plan's by their
    names in portico.toml; `hooks` is what each hook did; `plan` is the whole plan as JSON-ready data.
    """

    number: int
    created: float
    verb: str
    digest: str
    url: str
    source: dict[str, Any]
    values: dict[str, Any]
    flags: dict[str, Any]
    plan: dict[str, Any]
    live_at: float = 0.0
    failed: str = ""
    hooks: list[dict[str, Any]] = field(default_factory=list)

    def load_plan(self) -> Plan:
        """The frozen plan again; raises ValueError when another version of Portico wrote it."""
        from pydantic import TypeAdapter

        return TypeAdapter(Plan).validate_python(self.plan)


def write(where: Places, record: Record) -> None:
    """Replace the record of a release atomically; its folder must be there."""
    text = json.dumps(asdict(record), indent=1, sort_keys=True) + "\n"
    files.write(where.release_dir(record.number), File(RECORD, text, 0o600))


def read(where: Places, number: int) -> Record | None:
    """The record of a release; None when it is gone, damaged or of another version."""
    try:
        return Record(**json.loads(files.read_text(where.release_dir(number) / RECORD) or ""))
    except (ValueError, TypeError):
        return None


def every(where: Places) -> tuple[Record, ...]:
    """The records there are, newest first."""
    found = (read(where, number) for number in sorted(numbers(where), reverse=True))
    return tuple(record for record in found if record)


def numbers(where: Places) -> list[int]:
    """The releases whose folders are there."""
    root = where.state / "releases"
    return sorted(int(path.name) for path in root.iterdir() if path.name.isdigit()) if root.is_dir() else []


def failed(where: Places, number: int, cause: str) -> None:
    """Remember why a release did not go live; a full disk must not hide the reason itself."""
    if record := read(where, number):
        with contextlib.suppress(PorticoError):
            write(where, replace(record, failed=cause[:2000]))


def changes(older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Keys of the configuration whose value changed, each with the old and the new value."""
    keys = sorted(older.keys() | newer.keys())
    return {key: [older.get(key), newer.get(key)] for key in keys if older.get(key) != newer.get(key)}
