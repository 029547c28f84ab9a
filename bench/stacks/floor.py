"""The floor under all stacks: the project's WSGI application called in a loop, one process on each core, and no server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.results import Figures
from bench.stacks import processes
from bench.stacks.base import Ground, Running, Stack

_LOOP = Path(__file__).with_name("floor_loop.py")


def measure(ground: Ground, path: str, seconds: float) -> Figures:
    """Call the application for `path` for so many seconds after a warm-up; answers cpu_us (user and system, of a call),
    per_s (of all processes together) and answers (how many calls). Raises RuntimeError when it does not answer 200."""
    argv = [str(ground.python), str(_LOOP), processes.application(ground), path, str(seconds), str(ground.cores)]
    done = subprocess.run(
        argv,
        cwd=ground.site,
        env=processes.environ(ground),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return json.loads(done.stdout)


def _start(ground: Ground) -> Running:
    raise RuntimeError("it is a loop, and serves nothing")


def _version(ground: Ground) -> str:
    return f"Django {processes.installed(ground, 'django')}"


STACK = Stack(
    key="floor",
    title="no server (the application in a loop)",
    packages=(),
    apt=(),
    static=False,
    start=_start,
    version=_version,
    source="https://peps.python.org/pep-3333/",
)
