"""A run: everything up, every workload in rounds, the results kept after each, everything down."""

from __future__ import annotations

import statistics
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import facts, install, postgres, results, tables, workload
from bench.air import OnAir
from bench.merge import merged
from bench.options import TABLES, Options
from bench.progress import INSTALL, SITE, START, Progress
from bench.results import Curve, Results, StackSeen, Table, Workload
from bench.rounds import Book
from bench.stacks.base import Stack
from bench.stage import Stage, stacks, staged

ROOT = Path(__file__).parent.parent
STORED = ROOT / ".bench" / "results.json"
#: What was stored before a run that does not go into it.
BEFORE = STORED.with_name("results.before.json")
#: In the machine's facts of a run that did not come to its end.
EARLY = "Ended early"
#: The site, the cluster, and what else is done once before a run; then each stack.
_SITE_S, _UP_S = 10.0, 2.5
#: A virtual environment with Django; a package of Debian's, with those that it needs.
_INSTALL_S, _APT_S = 15.0, 20.0


@dataclass
class Run:
    """What is known so far."""

    options: Options
    stage: Stage
    progress: Progress
    machine: dict[str, str]
    book: Book = field(default_factory=Book)
    curves: list[Curve] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    kept: bool = False

    def results(self) -> Results:
        known = [one for one in map(workload.module, workload.keys()) if one and hasattr(one, "WORKLOAD")]
        return Results(
            machine={**self.machine, "Took": f"{self.progress.passed_s / 60:.0f} minutes"},
            stacks=tuple(map(self._seen, self.stage.stacks)),
            workloads=tuple(one.WORKLOAD for one in known if one.WORKLOAD.key in {*self.book.rounds, *self.book.notes}),
            rounds={key: {stack: tuple(many) for stack, many in one.items()} for key, one in self.book.rounds.items()},
            notes=self.book.notes,
            curves=tuple(self.curves),
            tables=tuple(self.tables),
        )

    def _seen(self, stack: Stack) -> StackSeen:
        abilities = next((air.abilities for air in self.stage.airs if air.key == stack.key), {})
        version, missing = self.stage.versions.get(stack.key, ""), self.stage.missing.get(stack.key, "")
        return StackSeen(stack.key, stack.title, version, missing=missing, **abilities)


def run(options: Options, folder: Path) -> Results:
    """Measure what is asked for. An interrupt ends it early: what was measured until then is kept and answered."""
    old = results.load(STORED) if options.merge and STORED.exists() else None
    wanted = stacks(options.stacks)
    progress = Progress(_plan(options, wanted))
    current: Run | None = None
    try:
        with staged(wanted, folder, progress.say, progress.done) as stage:
            current = Run(options, stage, progress, _machine(options, stage, folder))
            for key in options.only:
                _step(current, key)
                _keep(current, old)
    except KeyboardInterrupt:
        print("interrupted; what was measured until now is kept", flush=True)
        if current:
            current.machine[EARLY] = "by an interrupt, before all was measured"
    if current is None:
        raise SystemExit("nothing was measured")
    return _keep(current, old)


def _plan(options: Options, wanted: Sequence[Stack]) -> dict[str, float]:
    """Seconds of each step, about."""
    planned = {INSTALL + one.key: 0.0 if install.is_there(one) else _INSTALL_S + _APT_S * bool(one.apt) for one in wanted}
    planned |= {SITE: _SITE_S, **{START + one.key: _UP_S for one in wanted}}
    number = len(wanted)
    for key in options.only:
        one = workload.module(key)
        if one:
            planned[key] = workload.seconds(one, options.effort, number)
        elif key == TABLES:
            planned[key] = tables.SECONDS * (0.15 if options.effort.quick else 1.0)
    return planned


def _step(current: Run, key: str) -> None:
    """One workload, the curves, or the tables. What goes wrong there ends only this step."""
    try:
        if key == TABLES:
            for table in tables.tables(current.options.effort, current.progress.say):
                current.tables.append(table)
        elif hasattr(workload.module(key), "curves"):
            current.curves += workload.module(key).curves(_on(current), current.options.effort, current.progress.say)
        else:
            _rounds(current, key)
    except Exception:
        print(f"{key} was not measured to its end:\n{traceback.format_exc()}", flush=True)
    current.progress.done(key)


def _rounds(current: Run, key: str) -> None:
    one = workload.module(key)

    def said(number: int, of: int) -> None:
        current.progress.done(key, 1 / (of - number + 1))
        best = _medians(current.book, one.WORKLOAD)
        current.progress.say(f"{one.WORKLOAD.title}, round {number} of {of}: {best}")

    workload.run(one, current.stage.airs, current.stage.floor, current.options.effort, current.book, said)
    for stack, text in current.book.notes.get(key, {}).items():
        current.progress.say(f"{one.WORKLOAD.title}, {stack}: {text}")


def _medians(book: Book, kind: Workload) -> str:
    """The deciding figure of each stack until now, the best first."""
    found = {
        stack: statistics.median(figures[kind.figure] for figures in many)
        for stack, many in book.rounds.get(kind.key, {}).items()
        if many and all(kind.figure in figures for figures in many)
    }
    ordered = sorted(found, key=lambda stack: found[stack], reverse=not kind.lower)
    return f"{kind.figure}, medians: " + ", ".join(f"{stack} {found[stack]:.4g}" for stack in ordered)


def _on(current: Run) -> list[OnAir]:
    return [air for air in current.stage.airs if air.running]


def _machine(options: Options, stage: Stage, folder: Path) -> dict[str, str]:
    grounds = [air.ground for air in stage.airs] + ([stage.floor] if stage.floor else [])
    if not grounds:
        raise SystemExit("; ".join(f"{key}: {text}" for key, text in stage.missing.items()))
    effort = options.effort
    rounds = f"{effort.rounds} of {effort.seconds:g} s for each stack, interleaved, the order turning"
    found = facts.machine(grounds[0].python, grounds[0].nginx, _postgres())
    return {**found, "Rounds": rounds + (" (a quick run)" if effort.quick else "")}


def _postgres() -> str:
    try:
        return postgres.version()
    except postgres.Missing:
        return ""


def _keep(current: Run, old: Results | None) -> Results:
    new = current.results()
    found = merged(old, new) if old else new
    if not (current.kept or old) and STORED.exists():
        STORED.replace(BEFORE)
    current.kept = True
    results.save(found, STORED)
    return found
