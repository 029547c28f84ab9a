"""python -m catalogue [--write]: provoke every failure, ask the doctor, and print (or write) docs/doctor-report.md.

Run with PYTHONPATH=tests; `make doctor-report` does it.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "doctor-report.md"
_INTRO = """# What the doctor says

<!-- Written by `make doctor-report`; do not edit. -->

Each row is a failure that people meet with uWSGI behind nginx, provoked for real by a test (named in the last column): real
nginx, real uWSGI, a Django project. The doctor is then asked, and this is its first finding. ✓ means that it names the
cause.

"""


def rows() -> list[dict[str, str]]:
    """One row for each question to the doctor, in the order of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "rows.jsonl"
        environ = {**os.environ, "PORTICO_REPORT": str(report)}
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", str(HERE)], env=environ, check=False
        )
        found = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    return sorted(found, key=lambda row: (row["failure"], row["test"]))


def page(found: list[dict[str, str]]) -> str:
    """The whole page."""
    right = sum(row["id"] in row["wanted"] for row in found)
    names = {row["failure"] for row in found}
    wrong = sum(row["id"] not in row["wanted"] and row["certainty"] == "certain" for row in found)
    parts = [
        _INTRO,
        f"{len(found)} questions about {len(names)} failures, {right} answered with the cause first, {wrong} with a "
        f"wrong cause "
        f"and certainty. {platform.system()} {platform.machine()}, Python {platform.python_version()}.\n\n",
        "| failure | | the doctor's first finding | because | test |\n|---|---|---|---|---|\n",
    ]
    for row in found:
        mark = "✓" if row["id"] in row["wanted"] else "✗"
        finding = f"[{row['id']}](findings/{row['id']}.md) {row['title']}" if row["id"] else "nothing"
        likely = " (likely)" if row["certainty"] == "likely" else ""
        test = row["test"].rpartition("/")[2].replace("::", " ")
        parts.append(
            f"| {row['failure']} | {mark} | {_cell(finding)}{likely} | {_cell(_plain(row['cause']))} | `{test}` |\n"
        )
    return "".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _plain(cause: str) -> str:
    """Without what changes from run to run: folders, ports, numbers of processes."""
    import re

    text = re.sub(r"/tmp/pk-\w+", "/srv/site", cause)
    text = re.sub(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT", text)
    text = re.sub(r"\bpid:? \d+", "pid N", text)
    return text if len(text) <= 220 else text[:217] + "..."


def main() -> int:
    text = page(rows())
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 1 if "| ✗ |" in text else 0


if __name__ == "__main__":
    sys.exit(main())
