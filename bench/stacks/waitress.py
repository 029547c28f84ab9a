"""nginx in front of waitress over a unix socket: one process, with its default of four threads.

It has no way to reload: it is stopped and started again.
"""

from __future__ import annotations

from pathlib import Path

from bench.stacks import nginx, processes
from bench.stacks.base import Ground, Running, Stack
from bench.stacks.processes import Server

#: https://docs.pylonsproject.org/projects/waitress/en/stable/reverse-proxy.html
_PASSING = """\
proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_pass http://app_server;"""


def front(ground: Ground) -> nginx.Front:
    return nginx.Front(f"server unix:{_socket(ground)};", _PASSING)


def app_server(ground: Ground) -> Server:
    argv = (
        processes.program(ground, "waitress-serve"),
        f"--unix-socket={_socket(ground)}",
        # nginx's workers are of another account where root starts them.
        "--unix-socket-perms=666",
        "--trusted-proxy=localhost",
        "--trusted-proxy-count=1",
        "--trusted-proxy-headers=x-forwarded-for x-forwarded-proto",
        f"{processes.application(ground)}:application",
    )
    return Server("waitress", argv, _socket(ground), processes.environ(ground), ground.site)


def _socket(ground: Ground) -> Path:
    return ground.folder / "waitress.sock"


def _start(ground: Ground) -> Running:
    return nginx.before(ground, front(ground), app_server(ground))


def _version(ground: Ground) -> str:
    return f"waitress {processes.installed(ground, 'waitress')}, {nginx.version(ground)}"


STACK = Stack(
    key="waitress",
    title="nginx + waitress",
    packages=("waitress>=3",),
    apt=(),
    static=True,
    start=_start,
    version=_version,
    source="https://docs.pylonsproject.org/projects/waitress/en/stable/reverse-proxy.html",
)
