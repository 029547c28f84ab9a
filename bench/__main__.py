"""`python -m bench`: Portico beside what else serves a Django project, measured in one run and reported."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from bench import guard, install, postgres, report, results
from bench.options import Options, parsed
from bench.run import EARLY, ROOT, STORED, run
from bench.stage import Stage, installed, stacks

DOCS = ROOT / "docs"


def main(argv: list[str]) -> int:
    options = parsed(argv)
    if options.install:
        return _install(options)
    if options.report:
        if not STORED.exists():
            raise SystemExit(f"nothing was measured yet: there is no {STORED}")
        return _report(results.load(STORED), options)
    if guard.FOLDER not in os.environ:
        return guard.guarded(argv)
    guard.follow_guard()
    folder = Path(os.environ[guard.FOLDER])
    try:
        found = run(options, folder)
    finally:
        # The guard removes it too, unless it was killed.
        shutil.rmtree(folder, ignore_errors=True)
    return _report(found, options)


def _install(options: Options) -> int:
    stage = Stage(stacks(options.stacks))
    installed(stage, _say)
    try:
        postgres.programs(_say)
    except install.Missing as error:
        stage.missing["postgres"] = str(error)
    for key, text in stage.missing.items():
        _say(f"{key}: {text}")
    return 1 if stage.missing else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _report(found: results.Results, options: Options) -> int:
    print(report.text(found))
    if EARLY in found.machine:
        print(f"{found.machine[EARLY]}: nothing is written into {DOCS}" if options.write else "")
        return 130
    if options.write:
        report.write(found, DOCS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
