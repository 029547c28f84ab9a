"""A table for each workload: every stack, the best first, and those that could not do it with the reason."""

from __future__ import annotations

from bench.results import Results, StackSeen, Workload
from bench.verdict import FLOOR, PORTICO, Spread, lacking, paired, spread
from bench.words import called, cell, shown, shown_spread, table, times


def paragraphs(results: Results) -> list[str]:
    parts = ["## The workloads", "Rows in the order of the figure that decides, which comes first."]
    for workload in results.workloads:
        parts += [f"### {workload.title}", workload.about]
        if picture(results, workload):
            parts.append(f"![{workload.title}: {called(workload.figure)} of each stack](performance/{workload.key}.svg)")
        parts.append("\n".join(_table(results, workload)))
    return parts


def picture(results: Results, workload: Workload) -> bool:
    """Whether there is something to draw: at least two stacks."""
    return len([many for many in results.rounds.get(workload.key, {}).values() if many]) > 1


def ranked(results: Results, workload: Workload) -> list[tuple[StackSeen, Spread]]:
    """Who did it, the best first."""
    rounds = results.rounds.get(workload.key, {})
    found = []
    for stack in results.stacks:
        decides = spread([one[workload.figure] for one in rounds.get(stack.key, ()) if workload.figure in one])
        if decides is not None:
            found.append((stack, decides))
    return sorted(found, key=lambda one: one[1].median if workload.lower else -one[1].median)


def _table(results: Results, workload: Workload) -> list[str]:
    others = [name for name in workload.columns if name != workload.figure and _any(results, workload, name)]
    head = ["", called(workload.figure), "to Portico", *map(called, others), ""]
    done = ranked(results, workload)
    rows = [_row(results, workload, stack, decides, others) for stack, decides in done]
    there = {stack.key for stack, _ in done}
    notes = results.notes.get(workload.key, {})
    for stack in results.stacks:
        why = notes.get(stack.key, "") or stack.missing
        if stack.key not in there and why:
            rows.append([cell(stack.title), "", "", *([""] * len(others)), f"not measured: {cell(why)}"])
    return table(head, rows, frozenset(range(1, 3 + len(others))))


def _any(results: Results, workload: Workload, figure: str) -> bool:
    """A column that has nothing but zeros (lost requests) says nothing."""
    return any(one.get(figure) for many in results.rounds.get(workload.key, {}).values() for one in many)


def _row(results: Results, workload: Workload, stack: StackSeen, decides: Spread, others: list[str]) -> list[str]:
    rounds = results.rounds[workload.key]
    ratio = None
    if stack.key != PORTICO:
        ratio = paired(rounds[stack.key], rounds.get(PORTICO, ()), workload.figure)
    name = f"**{cell(stack.title)}**" if stack.key == PORTICO else cell(stack.title)
    return [
        name,
        shown_spread(workload.figure, decides),
        times(ratio) if stack.key != PORTICO else "1",
        *(shown(figure, results.median(workload.key, stack.key, figure)) for figure in others),
        _remark(results, workload, stack),
    ]


def _remark(results: Results, workload: Workload, stack: StackSeen) -> str:
    note = results.notes.get(workload.key, {}).get(stack.key, "")
    out = ["the floor: no server"] if stack.key == FLOOR else lacking(stack)
    return cell("; ".join([*out, *([note] if note else [])]))
