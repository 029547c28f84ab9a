"""What came of it, in short, and said as plainly where Portico is not first."""

from __future__ import annotations

from collections import Counter

from bench.results import Results, StackSeen, Workload
from bench.verdict import (
    FLOOR,
    LEAST_ROUNDS,
    NEAR,
    NO_RIVALS,
    PORTICO,
    TUNED,
    Spread,
    Verdict,
    hasty,
    lacking,
    over_floor,
    paired,
    standing,
    verdict,
)
from bench.words import FIGURES, called, cell, listed, shown, table, times

_OVERHEAD, _USUAL, _TARGET = "json", "gunicorn", 0.5
_FEW = f"Fewer than {LEAST_ROUNDS} rounds tell a difference from chance badly, and every outcome below says by how many."
_SAYS = {
    "first": "**first**",
    "near": "within 3 % of the first",
    "tie": "no difference measured",
    "behind": "**not first**",
    "alone": "no other did it",
    "absent": "**not measured**",
}

_COUNTED = {
    "first": "first",
    "tie": "not measurably different from the first",
    "near": "within 3 % of the first",
    "behind": "more than 3 % behind",
    "alone": "without another that qualifies",
    "absent": "not measured",
}


def paragraphs(results: Results) -> list[str]:
    verdicts = [(one, verdict(results, one)) for one in results.workloads]
    return [
        "## In short",
        *(["**A quick run: read no verdict into it.** " + _FEW] if hasty(results) else []),
        "![Each stack's cost as a ratio to Portico's, workload by workload](performance/overview.svg)",
        _counted(results, verdicts),
        *_behind(results, verdicts),
        *_overhead(results),
        "\n".join(_table(results, verdicts)),
        *_unqualified(results),
        *_other_figures(results),
    ]


def _counted(results: Results, verdicts: list[tuple[Workload, Verdict]]) -> str:
    stacks = [one for one in results.stacks if one.key not in NO_RIVALS]
    able = [one.title for one in stacks if not lacking(one) and not one.missing]
    count = Counter(found.outcome for _, found in verdicts)
    qualities = "serve static files, survive slow clients and reload without loss"
    among = (
        f"Compared with are the stacks that {qualities}: {listed(able)}."
        if able
        else f"There are no others that {qualities}."
    )
    unknown = [one.title for one in results.stacks if one.key not in (TUNED, FLOOR) and not one.missing and _unknown(one)]
    doubt = f" Not all of that was measured of {listed(unknown)}; they count as if they did." if unknown else ""
    mine = [why for one in results.stacks if one.key == PORTICO for why in lacking(one)]
    own = f" **Portico itself {listed(mine)}.**" if mine else ""
    outcomes = [f"{_COUNTED[name]} in {count[name]}" for name in _COUNTED if count[name] or name in ("first", "behind")]
    return f"{among}{doubt}{own} Of {len(verdicts)} workloads, Portico's default is {listed(outcomes)}."


def _unknown(stack: StackSeen) -> bool:
    return not lacking(stack) and None in (stack.static, stack.slow_clients, stack.reload)


def _behind(results: Results, verdicts: list[tuple[Workload, Verdict]]) -> list[str]:
    rows = [
        f"- {one.title}, {called(one.figure)}: {_title(results, found.best)} "
        f"{shown(one.figure, results.median(one.key, found.best, one.figure))}, Portico "
        f"{shown(one.figure, results.median(one.key, PORTICO, one.figure))}, a ratio of "
        f"{times(_as_is(results, one, found))}.{_tuned(results, one)}"
        for one, found in verdicts
        if found.outcome == "behind"
    ]
    return ["**Where Portico is neither first nor within 3 % of the first:**\n\n" + "\n".join(rows)] if rows else []


def _tuned(results: Results, workload: Workload) -> str:
    """What Portico does there when it is set up for the application, where that was measured."""
    figure = results.median(workload.key, TUNED, workload.figure)
    return f" {_title(results, TUNED)}: {shown(workload.figure, figure)}." if figure is not None else ""


def _overhead(results: Results) -> list[str]:
    ratio = over_floor(results, _OVERHEAD, PORTICO, _USUAL)
    if ratio is None:
        return []
    held = _by_few("held" if ratio.median <= _TARGET else "**missed**", ratio)
    cpu = {key: results.median(_OVERHEAD, key, "cpu_us") for key in (FLOOR, PORTICO, _USUAL)}
    return [
        f"What is not Django: called in a loop without any server, the JSON view costs {shown('cpu_us', cpu[FLOOR])} a "
        f"request; behind Portico {shown('cpu_us', cpu[PORTICO])}, behind {_title(results, _USUAL)} "
        f"{shown('cpu_us', cpu[_USUAL])}. What Portico adds is {times(ratio)} of what that adds (target: at most "
        f"{_TARGET}, {held})."
    ]


def _table(results: Results, verdicts: list[tuple[Workload, Verdict]]) -> list[str]:
    head = ["workload", "by", "Portico", "best other that qualifies", "", "Portico / other", ""]
    rows = [
        [
            f"[{cell(one.title)}](#{anchor(one.title)})",
            called(one.figure),
            shown(one.figure, results.median(one.key, PORTICO, one.figure)),
            cell(_title(results, found.best)),
            shown(one.figure, results.median(one.key, found.best, one.figure)),
            times(_as_is(results, one, found)),
            _said(found),
        ]
        for one, found in verdicts
    ]
    return table(head, rows, frozenset({2, 4, 5}))


def _said(found: Verdict) -> str:
    says = _SAYS[found.outcome]
    return _by_few(says, found.behind) if found.behind else says


def _by_few(says: str, ratio: Spread) -> str:
    """Of fewer rounds than a verdict needs, with their number and without emphasis."""
    if ratio.count >= LEAST_ROUNDS:
        return says
    return f"{says.replace('*', '')}, by {ratio.count} {'round' if ratio.count == 1 else 'rounds'}"


def _as_is(results: Results, workload: Workload, found: Verdict) -> Spread | None:
    """The ratio of the figures as they stand, also where more is better."""
    rounds = results.rounds.get(workload.key, {})
    return paired(rounds.get(PORTICO, ()), rounds.get(found.best, ()), workload.figure)


def _unqualified(results: Results) -> list[str]:
    """Stacks that do not qualify, and where one of them is nevertheless better than Portico."""
    rows = []
    for stack in results.stacks:
        why = lacking(stack)
        if stack.key in NO_RIVALS or not why:
            continue
        better = [
            f"{one.title} ({times(ratio)})" for one in results.workloads if (ratio := _better(results, one, stack.key))
        ]
        rows.append(f"- {stack.title} {listed(why)}." + (f" Better than Portico: {', '.join(better)}." if better else ""))
    if not rows:
        return []
    told = (
        "**Stacks that do not qualify**, and where they are more than 3 % better than Portico all the same (with the ratio):"
    )
    return [told + "\n\n" + "\n".join(rows)]


def _better(results: Results, workload: Workload, stack: str) -> Spread | None:
    rounds = results.rounds.get(workload.key, {})
    turned = paired(rounds.get(PORTICO, ()), rounds.get(stack, ()), workload.figure, workload.lower)
    if turned is None or turned.median <= NEAR or turned.low <= 1:
        return None
    return paired(rounds.get(stack, ()), rounds.get(PORTICO, ()), workload.figure)


def _other_figures(results: Results) -> list[str]:
    """Figures that do not decide and by which Portico is behind: who looks only at these must find them here."""
    rows = []
    for workload in results.workloads:
        for figure in workload.columns:
            if figure == workload.figure or figure not in FIGURES:
                continue
            found = standing(results, workload, figure, FIGURES[figure][2])
            if found.outcome == "behind":
                rows.append(
                    f"- {workload.title}, {called(figure)}: {shown(figure, results.median(workload.key, PORTICO, figure))}, "
                    f"{_title(results, found.best)} {shown(figure, results.median(workload.key, found.best, figure))}"
                )
    if not rows:
        return []
    return [
        "**By figures that do not decide** Portico is more than 3 % behind the best that qualifies in:\n\n" + "\n".join(rows)
    ]


def _title(results: Results, key: str) -> str:
    return next((one.title for one in results.stacks if one.key == key), key)


def anchor(title: str) -> str:
    """The anchor GitHub gives a heading: lower case, without punctuation, hyphens for spaces."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")
