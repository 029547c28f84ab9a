"""nginx in front of gunicorn's threaded workers over a unix socket: what most guides to Django have.

Workers and threads are what its settings page gives: (2 x cores) + 1 workers to begin with, threads in the range of 2 to 4
for each core, of which the upper end lets most requests wait at once and costs nothing while they do not. The application
is loaded by each worker (no --preload), as it is by default, because HUP then reloads its code.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from bench.stacks import nginx, processes
from bench.stacks.base import Ground, Running, Stack
from bench.stacks.processes import Server

#: Its heartbeat files belong into memory (https://gunicorn.org/faq, on os.fchmod).
_MEMORY = Path("/dev/shm")

#: https://gunicorn.org/deploy
SERVER = "client_max_body_size 4G;\nkeepalive_timeout 5;"
_PASSING = """\
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header Host $http_host;
proxy_redirect off;
proxy_pass http://app_server;"""


def front(ground: Ground) -> nginx.Front:
    return nginx.Front(f"server unix:{socket(ground)} fail_timeout=0;", _PASSING, SERVER)


def app_server(ground: Ground, *more: str) -> Server:
    """gunicorn on its unix socket. HUP reloads and TERM ends it gracefully (https://gunicorn.org/signals)."""
    heartbeat = ("--worker-tmp-dir", str(_MEMORY)) if os.access(_MEMORY, os.W_OK) else ()
    argv = (
        processes.program(ground, "gunicorn"),
        "--bind",
        f"unix:{socket(ground)}",
        "--workers",
        str(2 * ground.cores + 1),
        "--worker-class",
        "gthread",
        "--threads",
        str(4 * ground.cores),
        *heartbeat,
        # Its default is one path for all gunicorns of an account.
        "--control-socket",
        str(ground.folder / "gunicorn.ctl"),
        *more,
        f"{processes.application(ground)}:application",
    )
    return Server("gunicorn", argv, socket(ground), processes.environ(ground), ground.site)


def socket(ground: Ground) -> Path:
    return ground.folder / "gunicorn.sock"


def run(ground: Ground, front: nginx.Front, *more: str) -> Running:
    """Both, nginx with this front, gunicorn with these arguments more."""
    return nginx.before(ground, front, app_server(ground, *more), signal.SIGHUP)


def version(ground: Ground) -> str:
    said = subprocess.run([processes.program(ground, "gunicorn"), "--version"], capture_output=True, text=True, check=True)
    return f"gunicorn {said.stdout.split()[-1].rstrip(')')}, {nginx.version(ground)}"


def _start(ground: Ground) -> Running:
    return run(ground, front(ground))


STACK = Stack(
    key="gunicorn",
    title="nginx + gunicorn (gthread)",
    packages=("gunicorn>=25.1",),
    apt=(),
    static=True,
    start=_start,
    version=version,
    source="https://gunicorn.org/deploy and https://gunicorn.org/design",
)
