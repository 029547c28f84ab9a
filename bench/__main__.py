"""`python -m bench`: measure, print, and with --write put the tables into docs/performance.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from bench import commands, json_view, trace_cost

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "examples" / "destiny"


def main() -> None:
    subprocess.run([sys.executable, str(SAMPLE / "manage.py"), "migrate", "--verbosity", "0"], check=True)
    parts = [
        "# Performance\n\n<!-- Written by `make bench ARGS=--write`; do not edit. -->\n",
        f"One run on {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}. "
        "Absolute figures are noisy on shared machines: trust ratios.\n",
        "## What Portico itself costs\n\n| | measured | at most |\n|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in commands.rows(SAMPLE)),
        f"\n## The sample's JSON view\n\n{json_view.ROUNDS} interleaved rounds of {json_view.REQUESTS} requests over "
        f"{json_view.CLIENTS} keep-alive connections; CPU is user and system time of all server processes from /proc; "
        "the ratio is the median of the rounds' ratios with quartiles.\n",
        "| | CPU per request | ratio | requests | memory (PSS) |\n|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in json_view.rows(SAMPLE)),
        "\n## What the possibility to trace costs other requests\n",
        "| | CPU per request | ratio | requests | memory (PSS) |\n|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in trace_cost.rows(SAMPLE)),
    ]
    text = "\n".join(parts) + "\n"
    print(text)
    if "--write" in sys.argv[1:]:
        (ROOT / "docs" / "performance.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
