"""The page's pictures, by the name of their file."""

from __future__ import annotations

from pathlib import Path

from bench.report_workloads import picture, ranked
from bench.results import Results, StackSeen, Workload
from bench.verdict import FLOOR, NEAR, PORTICO, Spread, contenders, lacking, paired, verdict
from bench.words import called, times, unit
from portico.export.plot_scale import Scale, scale
from portico.export.plot_svg import WIDTH, environment, letters, plain, style, svg, ticks
from portico.model.plot import Bar, Bars, Line, Plot

_TOP, _ROW = 84, 26
#: Pixels for the words at the right of the overview.
_RIGHT = 280
_OUT = {"static": "no static files", "slow_clients": "no slow clients", "reload": "no lossless reload"}
#: Ratios beyond are drawn at the edge.
_LEAST, _MOST = 0.2, 20.0


def all_of(results: Results) -> dict[str, str]:
    """Every picture of the page."""
    made = {"overview.svg": overview(results)}
    for workload in results.workloads:
        if picture(results, workload):
            made[f"{workload.key}.svg"] = svg(bars(results, workload))
    titles = {stack.key: stack.title for stack in results.stacks}
    for curve in results.curves:
        lines = tuple(Line(titles.get(key, key), points, key == PORTICO) for key, points in curve.points.items())
        made[f"curve-{curve.key}.svg"] = svg(Plot(curve.title, curve.x, curve.y, lines, curve.log_x))
    return made


def bars(results: Results, workload: Workload) -> Bars:
    """The figure that decides, of each stack, the best first; what does not qualify is only outlined."""
    shown = tuple(
        Bar(
            name=stack.title,
            value=found.median,
            low=found.low if found.count > 1 else None,
            high=found.high if found.count > 1 else None,
            main=stack.key == PORTICO,
            faint=stack.key == FLOOR or bool(lacking(stack)),
            note="" if stack.key == FLOOR else _out(stack),
        )
        for stack, found in ranked(results, workload)
    )
    of = ", ".join(filter(None, (called(workload.figure), unit(workload.figure))))
    return Bars(workload.title, f"{of}: {'less' if workload.lower else 'more'} is better", shown)


def _out(stack: StackSeen) -> str:
    """In a few words why it does not qualify; all reasons are in the page's tables."""
    why = [says for name, says in _OUT.items() if getattr(stack, name) is False]
    return why[0] + (", ..." if len(why) > 1 else "") if why else ""


def overview(results: Results) -> str:
    """Every workload a row, every stack a dot at its ratio to Portico by the figure that decides, turned so that what lies
    to the right of 1 is worse."""
    dots = {one.key: _dots(results, one) for one in results.workloads}
    there = [one for one in results.workloads if dots[one.key]]
    names = [plain(one.title, 32) for one in there]
    left, right = round(34 + letters(names)), WIDTH - _RIGHT
    axis = _axis([ratio.median for one in there for _, ratio, _ in dots[one.key]])

    def across(value: float) -> float:
        return round(left + axis.share(value) * (right - left), 1)

    rows = [
        {
            "name": name,
            "y": _TOP + at * _ROW,
            "dots": [
                {"at": across(ratio.median), "out": out, "title": f"{title} {times(ratio)}"}
                for title, ratio, out in dots[one.key]
            ],
            **_best(results, one),
        }
        for at, (one, name) in enumerate(zip(there, names, strict=True))
    ]
    template = environment(Path(__file__).parent / "templates").get_template("overview.svg.j2")
    drawn = template.render(
        width=WIDTH,
        height=_TOP + max(1, len(rows)) * _ROW + 62,
        style=style(),
        left=left,
        right=right,
        top=_TOP - 14,
        bottom=_TOP + max(1, len(rows)) * _ROW - 10,
        one=across(1.0),
        near=(across(1 / NEAR), across(NEAR)),
        ticks=ticks(axis, across),
        rows=rows,
        clipped=any(not _LEAST <= ratio.median <= _MOST for one in there for _, ratio, _ in dots[one.key]),
    )
    return drawn.lstrip()


def _axis(ratios: list[float]) -> Scale:
    return scale([0.5, 2.0, *(min(_MOST, max(_LEAST, one)) for one in ratios)], log=True)


def _dots(results: Results, workload: Workload) -> list[tuple[str, Spread, bool]]:
    """Title, ratio, and whether it is out of the race; those in the race last, for they are drawn above."""
    rounds = results.rounds.get(workload.key, {})
    able = set(contenders(results, workload.key))
    found = []
    for stack in results.stacks:
        ratio = paired(rounds.get(stack.key, ()), rounds.get(PORTICO, ()), workload.figure, workload.lower)
        if ratio is not None and stack.key not in (PORTICO, FLOOR):
            found.append((stack.title, ratio, stack.key not in able))
    return sorted(found, key=lambda one: not one[2])


def _best(results: Results, workload: Workload) -> dict[str, object]:
    found = verdict(results, workload)
    title = next((stack.title for stack in results.stacks if stack.key == found.best), "")
    rounds = results.rounds.get(workload.key, {})
    ratio = paired(rounds.get(found.best, ()), rounds.get(PORTICO, ()), workload.figure, workload.lower)
    return {"best": plain(title, 34), "ratio": f"{ratio.median:.2f}" if ratio else "", "behind": found.outcome == "behind"}
