"""The nginx in front of an application server, as the package and the documentation have it.

The main part is what Debian's package ships (worker_processes auto, sendfile, tcp_nopush, the combined access log), with
compression as nginx's guide shows it (https://docs.nginx.com/nginx/admin-guide/web-server/compression/), and with enough
connections for 1,000 clients. How requests are passed on differs, and each stack brings it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.stacks import processes
from bench.stacks.base import Ground, Running
from bench.stacks.processes import Server
from portico.system import accounts

TEMPLATES = Path(__file__).parents[2] / "src" / "portico" / "hops" / "nginx" / "templates"
#: nginx's own list of CGI variables, which its package installs as uwsgi_params.
UWSGI_PARAMS = TEMPLATES / "uwsgi_params"

_CONF = """\
{user}worker_processes auto;
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
daemon off;

events {{
    worker_connections 4096;
}}

http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include {types};
    default_type application/octet-stream;
    access_log {folder}/nginx-access.log combined;
    gzip on;
    gzip_min_length 1000;
    gzip_types text/plain text/css text/javascript application/javascript application/json application/xml image/svg+xml;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    uwsgi_temp_path {folder}/uwsgi;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;

    upstream app_server {{
{upstream}
    }}

    server {{
        listen 127.0.0.1:{port};
        server_name localhost;
{server}

        location /static/ {{
            alias {collected}/;
        }}

        location / {{
{passing}
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Front:
    """What an application server's documentation says about the nginx in front of it: directives, one a line. `upstream`:
    in the upstream block `app_server`; `server`: in the server block; `passing`: in `location /`."""

    upstream: str
    passing: str
    server: str = "client_max_body_size 100m;"


def conf(ground: Ground, front: Front) -> str:
    """The whole configuration."""
    return _CONF.format(
        user=user(ground),
        folder=ground.folder,
        types=TEMPLATES / "mime.types",
        port=ground.port,
        collected=ground.collected,
        upstream=_indented(front.upstream, 8),
        server=_indented(front.server, 8),
        passing=_indented(front.passing, 12),
    )


def server(ground: Ground, front: Front) -> Server:
    """Written into the ground's folder, and to be started. QUIT ends it gracefully (https://nginx.org/en/docs/control.html)."""
    path = ground.folder / "nginx.conf"
    path.write_text(conf(ground, front), encoding="utf-8")
    log = str(ground.folder / "nginx-error.log")
    argv = (str(ground.nginx), "-p", f"{ground.folder}/", "-e", log, "-c", str(path))
    return Server("nginx", argv, ground.port, stop=signal.SIGQUIT)


def before(ground: Ground, front: Front, app: Server, reload: signal.Signals | None = None) -> Running:
    """Start nginx and the application server behind it, which reloads when it is sent that signal (None: it cannot)."""
    told = processes.signalling(app.name, reload) if reload else None
    return processes.start(ground, server(ground, front), app, reload=told)


def version(ground: Ground) -> str:
    """`nginx 1.22.1`."""
    said = subprocess.run([str(ground.nginx), "-v"], capture_output=True, text=True, check=True).stderr
    return f"nginx {said.split('nginx/')[1].split()[0]}"


def user(ground: Ground) -> str:
    """`user NAME;` for root and nothing for others: the workers run as the account that the package made for them, where it
    may read the files."""
    if os.geteuid():
        return ""
    account = accounts.worker_account()
    if account is None or accounts.can_enter(account, ground.folder) or accounts.can_enter(account, ground.collected):
        return "user root;\n"
    return f"user {account.name};\n"


def _indented(lines: str, by: int) -> str:
    return "\n".join(" " * by + line for line in lines.strip().splitlines())
