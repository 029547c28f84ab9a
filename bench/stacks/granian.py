"""granian alone, serving the static files itself.

As many workers as cores and every other number left alone, which is what its documentation advises: the size of the thread
pool should not be tuned, and the limit of connections ("backpressure") has to stay above the number of kept connections. On
two cores it warns that each worker may then start up to 256 threads. They come only as requests wait at the same time, which
serves the view that waits best.
"""

from __future__ import annotations

import signal
import subprocess

from bench.stacks import processes
from bench.stacks.base import Ground, Running, Stack
from bench.stacks.processes import Server


def app_server(ground: Ground, *binding: str) -> tuple[str, ...]:
    """Its command, bound as said."""
    return (
        processes.program(ground, "granian"),
        "--interface",
        "wsgi",
        *binding,
        "--workers",
        str(ground.cores),
        f"{processes.application(ground)}:application",
    )


def version(ground: Ground) -> str:
    said = subprocess.run([processes.program(ground, "granian"), "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def _start(ground: Ground) -> Running:
    argv = app_server(
        ground,
        "--host",
        "127.0.0.1",
        "--port",
        str(ground.port),
        "--static-path-route",
        "/static",
        "--static-path-mount",
        str(ground.collected),
    )
    # HUP starts new workers one after the other and then ends the old ones.
    server = Server("granian", argv, ground.port, processes.environ(ground), ground.site)
    return processes.start(ground, server, reload=processes.signalling("granian", signal.SIGHUP))


STACK = Stack(
    key="granian",
    title="granian",
    packages=("granian>=2.8",),
    apt=(),
    static=True,
    start=_start,
    version=version,
    source="https://github.com/emmett-framework/granian#workers-and-threads and #static-files",
)
