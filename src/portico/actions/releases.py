"""`portico releases`: what was live when, of which code, and what changed."""

from __future__ import annotations

from typing import Any

from portico.actions import history, retire, state
from portico.actions.history import Record
from portico.actions.places import Places
from portico.actions.state import State
from portico.model.result import Result
from portico.system.supervisor import Supervisor, Unreachable


def releases(where: Places) -> Result:
    """`result.releases`, newest first: number, when, code, hooks, what changed in the plan since the one before, and its
    state: `live`, `warm` (asleep: an instant rollback), `kept` (on disk) or `failed`."""
    known = state.read(where)
    records = history.every(where)
    warm = warm_releases(where, known)
    rows = [
        {
            "release": record.number,
            "state": _state(record, known, warm),
            "created": record.created,
            "live_at": record.live_at or None,
            "verb": record.verb,
            "revision": record.source.get("revision") or None,
            "subject": record.source.get("subject") or None,
            "dirty": bool(record.source.get("dirty")),
            "hooks": record.hooks,
            "failed": record.failed or None,
            "changed": _changed(record, records),
        }
        for record in records
    ]
    data: dict[str, Any] = {
        "project": str(where.project),
        "live": known.release if known else None,
        "previous": known.previous or None if known else None,
        "releases": rows,
    }
    return Result("releases", data)


def warm_releases(where: Places, known: State | None) -> frozenset[int]:
    """Releases whose instances all sleep and hold the code they were started with."""
    if not known or not known.warm:
        return frozenset()
    try:
        still = retire.warm_still(where, Supervisor(where.supervisor_socket), known.warm)
    except Unreachable:
        return frozenset()
    return frozenset({known.previous}) if still.keys() == known.warm.keys() else frozenset()


def _state(record: Record, known: State | None, warm: frozenset[int]) -> str:
    if known and record.number == known.release:
        return "live"
    if record.number in warm:
        return "warm"
    return "kept" if record.live_at else "failed"


def _changed(record: Record, records: tuple[Record, ...]) -> dict[str, list[Any]]:
    """What of the plan differs from the last release before it that was live; nothing for the first."""
    older = next((other for other in records if other.number < record.number and other.live_at), None)
    return history.changes(older.values, record.values) if older else {}
