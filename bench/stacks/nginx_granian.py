"""nginx in front of granian over a unix socket, with kept connections between them.

A unix socket, because its workers then take connections from one queue (with TCP each has its own, and the few that nginx
keeps may all be one worker's). What nginx keeps is far below the number that granian accepts, as its documentation asks.
"""

from __future__ import annotations

import signal

from bench.stacks import granian, nginx, processes
from bench.stacks.base import Ground, Running, Stack
from bench.stacks.processes import Server

#: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive
_PASSING = """\
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_pass http://app_server;"""


def front(ground: Ground) -> nginx.Front:
    return nginx.Front(f"server unix:{ground.folder}/granian.sock;\nkeepalive 32;", _PASSING)


def _start(ground: Ground) -> Running:
    socket = ground.folder / "granian.sock"
    # nginx's workers are of another account where root starts them.
    argv = granian.app_server(ground, "--uds", str(socket), "--uds-permissions", "666")
    server = Server("granian", argv, socket, processes.environ(ground), ground.site)
    return nginx.before(ground, front(ground), server, signal.SIGHUP)


def _version(ground: Ground) -> str:
    return f"{granian.version(ground)}, {nginx.version(ground)}"


STACK = Stack(
    key="nginx_granian",
    title="nginx + granian",
    packages=("granian>=2.8",),
    apt=(),
    static=True,
    start=_start,
    version=_version,
    source="https://github.com/emmett-framework/granian#sockets-and-backlog, "
    "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive",
)
