"""What a run measured, as it is kept (`.bench/results.json`) and reported: plain values, no logic of measuring."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: One round's figures of one stack: {"cpu_us": 412.0, "per_s": 2211.0, "p50_ms": 3.1, "p99_ms": 9.0, "lost": 0.0, ...}.
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Workload:
    """`key` on the command line and in the results. `figure` decides who is first ("cpu_us", "per_s", "p99_ms", "seconds",
    "pss_mb", "lost"); `lower` says which way is better. `about`: one sentence for the table's head. `columns`: the figures
    that are shown, in order."""

    key: str
    title: str
    about: str
    figure: str
    lower: bool
    columns: tuple[str, ...]


@dataclass(frozen=True)
class StackSeen:
    """A stack as it was measured. `static`, `slow_clients`, `reload`: what it can, as measured (None: not measured)."""

    key: str
    title: str
    version: str
    static: bool | None = None
    slow_clients: bool | None = None
    reload: bool | None = None
    missing: str = ""


@dataclass(frozen=True)
class Curve:
    """`points[stack key]`: (x, y) pairs, y the median of the rounds."""

    key: str
    title: str
    x: str
    y: str
    points: Mapping[str, tuple[tuple[float, float], ...]]
    log_x: bool = True


@dataclass(frozen=True)
class Table:
    """A plain table beside the workloads, such as what Portico's own commands cost. `rows`: cells as they are shown, one
    for each of `columns`; `about`: a sentence above it."""

    key: str
    title: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Results:
    """Everything of one run. `rounds[workload key][stack key]`: the figures of each round; a stack that cannot do a
    workload is absent from it, and `notes[workload key][stack key]` says why."""

    machine: Mapping[str, str]
    stacks: tuple[StackSeen, ...]
    workloads: tuple[Workload, ...]
    rounds: Mapping[str, Mapping[str, tuple[Figures, ...]]]
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    tables: tuple[Table, ...] = ()

    def median(self, workload: str, stack: str, figure: str) -> float | None:
        found = [one[figure] for one in self.rounds.get(workload, {}).get(stack, ()) if figure in one]
        return statistics.median(found) if found else None


def save(results: Results, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    data = json.loads(path.read_text(encoding="utf-8"))
    return Results(
        machine=data["machine"],
        stacks=tuple(StackSeen(**one) for one in data["stacks"]),
        workloads=tuple(Workload(**{**one, "columns": tuple(one["columns"])}) for one in data["workloads"]),
        rounds={key: {stack: tuple(many) for stack, many in one.items()} for key, one in data["rounds"].items()},
        notes=data["notes"],
        curves=tuple(
            Curve(**{**one, "points": {key: tuple(map(tuple, many)) for key, many in one["points"].items()}})
            for one in data["curves"]
        ),
        tables=tuple(
            Table(**{**one, "columns": tuple(one["columns"]), "rows": tuple(map(tuple, one["rows"]))})
            for one in data["tables"]
        ),
    )
