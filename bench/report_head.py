"""The page's head: where and how it was measured, and how much of a difference is noise. Its end: how to run it again."""

from __future__ import annotations

import statistics

from bench.results import Results
from bench.verdict import PORTICO, paired
from bench.words import cell, table


def paragraphs(results: Results) -> list[str]:
    """Machine, method, spread."""
    return [
        "What Portico's default costs beside what one would run instead, measured in one run on one machine.",
        "\n".join(table(["", ""], [[cell(name), cell(value)] for name, value in results.machine.items()])),
        _method(results),
        _noise(results),
    ]


def _method(results: Results) -> str:
    counts = sorted({len(many) for of in results.rounds.values() for many in of.values()})
    said = f"{counts[0]} to {counts[-1]} rounds" if len(counts) > 1 else f"{counts[0] if counts else 0} rounds"
    return (
        "All stacks run at the same time, idle but for the one that is being asked. A workload is measured in rounds "
        f"({said}), in each of which every stack has its turn, so that what else the machine does hits all alike. CPU is "
        "user and system time of all processes of a stack, from /proc, for each request that was answered. A cell is the "
        "median of the rounds with quartiles in brackets (of fewer than four rounds: the smallest and the largest). Ratios "
        "are taken round by round, then their median and quartiles. Absolute figures are this machine's: trust ratios."
    )


def _noise(results: Results) -> str:
    widths = sorted(100 * one for one in _half_widths(results))
    if not widths:
        return "No two stacks were measured in more than one round, so how much of a difference is noise is unknown."
    most = widths[min(len(widths) - 1, int(0.9 * len(widths)))]
    return (
        f"Noise: the quartiles of a ratio by the figure that decides lay {statistics.median(widths):.1f} % to either side "
        f"of its median in the middle of all {len(widths)} ratios, and within {most:.1f} % in nine of ten. Where they "
        "enclose 1.00, this page speaks of no difference."
    )


def _half_widths(results: Results) -> list[float]:
    found = []
    for workload in results.workloads:
        rounds = results.rounds.get(workload.key, {})
        for key, many in rounds.items():
            ratio = paired(many, rounds.get(PORTICO, ()), workload.figure, workload.lower)
            if key != PORTICO and ratio is not None and ratio.count > 1:
                found.append(ratio.half_width)
    return found


def again() -> list[str]:
    """How to run it again."""
    return [
        "## Run it again",
        "```sh\n"
        "make bench                # installs every stack into an environment of its own, measures, prints this page\n"
        "make bench ARGS=--write   # and writes it with its pictures\n"
        "make bench ARGS=--help    # shorter runs, some stacks or workloads only\n"
        "```",
        "The stacks go into `~/.cache/portico-bench/` (or below `$XDG_CACHE_HOME`), never into Portico's own environment. "
        "Where a stack cannot be installed, the page says so and the others are measured.",
    ]
