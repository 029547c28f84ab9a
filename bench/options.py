"""What can be asked of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import stage, workload
from bench.effort import QUICK, Effort

#: What Portico's own commands cost: no workload, but asked for in the same way.
TABLES = "tables"


@dataclass(frozen=True)
class Options:
    """`only` and `stacks`: keys, in the order in which they are measured; `whole`: nothing was left out."""

    only: tuple[str, ...]
    stacks: tuple[str, ...]
    effort: Effort
    write: bool
    report: bool
    install: bool
    merge: bool
    whole: bool


def parsed(argv: Sequence[str]) -> Options:
    """Ends the program on what it does not know."""
    parser = _parser()
    args = parser.parse_args(argv)
    workloads = (*workload.keys(), TABLES)
    only = _chosen(parser, "--only", args.only, workloads)
    stacks = _chosen(parser, "--stacks", args.stacks, stage.STACKS)
    effort = QUICK if args.quick else Effort()
    if args.rounds:
        effort = replace(effort, rounds=args.rounds)
    whole = only == workloads and stacks == stage.STACKS
    if args.write and not (whole or args.merge or args.report):
        parser.error("--write needs all workloads and stacks, or --merge with what was measured before")
    return Options(only, stacks, effort, args.write, args.report, args.install, args.merge, whole)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Portico beside other ways to serve a Django project."
    )
    parser.add_argument("--only", metavar="KEY,...", help=f"workloads: {', '.join((*workload.keys(), TABLES))}")
    parser.add_argument("--stacks", metavar="KEY,...", help=f"stacks: {', '.join(stage.STACKS)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each workload (default 5; 2 with --quick)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: about 6 minutes instead of 30")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its pictures")
    parser.add_argument("--report", action="store_true", help="measure nothing: report what was measured last")
    parser.add_argument("--install", action="store_true", help="only install the stacks")
    parser.add_argument("--merge", action="store_true", help="put what is measured into the results of before")
    return parser


def _chosen(parser: argparse.ArgumentParser, flag: str, given: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if not given:
        return known
    asked = [key.strip() for key in given.split(",")]
    unknown = [key for key in asked if key not in known]
    if unknown:
        parser.error(f"{flag}: no {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(key for key in known if key in asked)
