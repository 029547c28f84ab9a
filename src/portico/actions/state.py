"""What is kept on disk about a running stack: enough for any later command to find, explain and stop it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from portico.actions.places import Places
from portico.model.file import File
from portico.model.plan import Plan, slot_suffix
from portico.system import files

FORMAT = 1


@dataclass(frozen=True)
class State:
    """`release` is the live one, `digest` fingerprints all it was rendered from, `started` is epoch seconds, `url` is where
    a browser goes. `flags` are those `up` was given, which stay in force until `down`. `plan` is kept as JSON-ready data:
    most commands need no more than that.

    `previous` is the release that was live before, 0 for none; `warm` are its instances that sleep, with their masters'
    pids. `rolled_back_from` is the release that `portico rollback` took back, 0 after anything else: the project's folder
    then holds other code than what serves.
    """

    release: int
    digest: str
    started: float
    url: str
    flags: dict[str, Any]
    plan: dict[str, Any]
    previous: int = 0
    warm: dict[str, int] = field(default_factory=dict)
    rolled_back_from: int = 0

    @property
    def names(self) -> frozenset[str]:
        """What the live uWSGI instances are called among the daemons."""
        count = int(self.plan["uwsgi"]["instances"])
        return frozenset(f"uwsgi-{self.release}{slot_suffix(slot)}" for slot in range(1, count + 1))

    def load_plan(self) -> Plan:
        """The frozen plan again; raises ValueError when the file was damaged or written by another version."""
        from pydantic import TypeAdapter

        return TypeAdapter(Plan).validate_python(self.plan)


def read(where: Places) -> State | None:
    """The state of the running stack; None when there is none, the file cannot be relied on, or it came here with a project
    that was copied or moved: its stack belongs to the other place."""
    found = _parse(files.read_text(where.state_file) or "")
    return found if found and found.plan["paths"]["project"] == str(where.project) else None


def is_damaged(where: Places) -> bool:
    """Whether there is a state file that says nothing: cut short, edited, or of another version."""
    return where.state_file.exists() and _parse(files.read_text(where.state_file) or "") is None


def project_of(folder: Path) -> str:
    """The project whose stack keeps its state in that folder; empty when this account cannot tell."""
    found = _parse(files.read_text(folder / "state.json") or "")
    return str(found.plan["paths"]["project"]) if found else ""


def _parse(text: str) -> State | None:
    try:
        data = json.loads(text)
        if data.pop("format") != FORMAT or data.pop("sum") != _sum(data):
            return None
        return State(**data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _sum(data: Mapping[str, Any]) -> str:
    """A checksum, so that what is read needs no other check than that it is what was written."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def write(where: Places, state: State) -> None:
    """Replace the state file atomically."""
    data = asdict(state)
    text = json.dumps({"format": FORMAT, "sum": _sum(data), **data}, indent=1, sort_keys=True)
    files.write(where.state, File("state.json", text + "\n", 0o644))


def clear(where: Places) -> None:
    """Forget the running stack."""
    files.remove(where.state_file)


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-ready data."""
    data = asdict(replace(plan, origins={}))
    data["origins"] = {key: asdict(origin) for key, origin in sorted(plan.origins.items())}
    if plan.nginx:
        data["nginx"]["binary"]["modules"] = sorted(plan.nginx.binary.modules)
        data["nginx"]["binary"]["version"] = list(plan.nginx.binary.version)
    return data
