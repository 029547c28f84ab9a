"""What Portico itself costs: measured beside the workloads, in the same run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import commands, json_view, trace_cost
from bench.effort import CLIENTS, Effort
from bench.results import Table
from bench.sides import REQUESTS

SAMPLE = Path(__file__).parent.parent / "examples" / "destiny"
#: About, in a full run.
SECONDS = 95.0
_ROUNDS, _TRACE_ROUNDS = 7, 11
_HEAD = ("", "CPU per request", "ratio", "requests", "memory (PSS)")


def tables(effort: Effort, say: Callable[[str], None]) -> Iterator[Table]:
    """One after the other, each when it is measured; a quick run has only the first. The sample is started for each."""
    subprocess.run([sys.executable, str(SAMPLE / "manage.py"), "migrate", "--verbosity", "0"], check=True)
    say("what Portico's own commands cost")
    yield Table(
        "commands",
        "What Portico itself costs",
        "CPU is user and system time of a command and its children.",
        ("", "measured", "at most"),
        tuple(commands.rows(SAMPLE, 1 if effort.quick else 5)),
    )
    if effort.quick:
        return
    say("Portico beside a pair tuned by hand")
    yield Table(
        "handtuned",
        "Beside nginx and uWSGI tuned by hand",
        f"The sample's JSON view in {_ROUNDS} interleaved rounds of {REQUESTS} requests over {CLIENTS} "
        "connections; the ratio is the median of the rounds' ratios with quartiles.",
        _HEAD,
        tuple(json_view.rows(SAMPLE, _ROUNDS)),
    )
    say("what the possibility to trace costs")
    yield Table(
        "trace",
        "What the possibility to trace costs other requests",
        f"As above, in {_TRACE_ROUNDS} rounds: the same stack with and without it.",
        _HEAD,
        tuple(trace_cost.rows(SAMPLE, _TRACE_ROUNDS)),
    )
