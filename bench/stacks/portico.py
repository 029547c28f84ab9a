"""Portico as `portico up` starts it where nothing was configured.

Because the project has a PostgreSQL database, a worker has 20 threads here; without a database server it has 64.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from bench.stacks import daemons, nginx, processes
from bench.stacks.base import Ground, Running, Stack
from portico import __version__

#: The interpreter of this process has Portico.
_PORTICO = (sys.executable, "-m", "portico")


def up(ground: Ground) -> tuple[str, ...]:
    """The flags: where to listen and whose packages; nothing that tunes."""
    return ("up", "-d", "--listen", f"127.0.0.1:{ground.port}", *project(ground))


def project(ground: Ground) -> tuple[str, ...]:
    """The flags that say whose packages, and give root's consent where it is needed."""
    consent = ("--allow-root-app",) if os.geteuid() == 0 else ()
    return ("--python", str(ground.python), *consent)


def start(ground: Ground) -> Running:
    try:
        supervisor = told(ground, up(ground))["supervisor"]["pid"]
    except BaseException:
        _run(ground, ("down",))
        raise
    return Running(lambda: (supervisor,), stop=lambda: _stop(ground, supervisor), reload=lambda: _reload(ground))


def _stop(ground: Ground, supervisor: int) -> None:
    told(ground, ("down",))
    daemons.gone((supervisor,))


def _reload(ground: Ground) -> None:
    told(ground, ("reload",))


def _run(ground: Ground, verb: Sequence[str]) -> subprocess.CompletedProcess[str]:
    argv = [*_PORTICO, "-C", str(ground.site), *verb, "--json"]
    return subprocess.run(
        argv, env=processes.environ(ground), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def told(ground: Ground, verb: Sequence[str]) -> dict[str, Any]:
    """The Result; raises RuntimeError with the findings when the verb did not do its work."""
    done = _run(ground, verb)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"portico {verb[0]}: {(done.stderr or done.stdout).strip()[-1000:]}") from None
    if not answer["result"] or done.returncode > 1:
        found = " | ".join(f"{one['id']} {one['title']}: {' '.join(one['evidence'])}" for one in answer["findings"])
        raise RuntimeError(f"portico {verb[0]} ended with {done.returncode}: {found[-1000:]}")
    return dict(answer["result"])


def version_of(ground: Ground) -> str:
    return f"Portico {__version__}, uWSGI {version('pyuwsgi').removesuffix('.post1')}, {nginx.version(ground)}"


STACK = Stack(
    key="portico",
    title="Portico (nginx + uWSGI)",
    packages=(),
    apt=(),
    static=True,
    start=start,
    version=version_of,
    source="portico up, without a portico.toml",
)
