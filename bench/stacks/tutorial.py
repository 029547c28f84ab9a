"""The two files that a widely followed guide to Django on uWSGI behind nginx has its readers write.

Only the paths, the ports, the module's name and where nginx may write differ: the main part is nginx's own conf/nginx.conf,
whose server block the guide replaces. It names no way to reload code.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from bench.stacks import daemons, nginx, processes, uwsgi
from bench.stacks.base import Ground, Running, Stack

#: The upper half is nginx's default (https://github.com/nginx/nginx/blob/master/conf/nginx.conf), its comments left out.
_NGINX_CONF = """\
worker_processes  1;

events {{
    worker_connections  1024;
}}

http {{
    include       mime.types;
    default_type  application/octet-stream;

    sendfile        on;

    keepalive_timeout  65;

    client_body_temp_path  {folder}/body;
    proxy_temp_path        {folder}/proxy;
    uwsgi_temp_path        {folder}/uwsgi;
    fastcgi_temp_path      {folder}/fastcgi;
    scgi_temp_path         {folder}/scgi;

    server {{
        listen 127.0.0.1:{port};
        server_name localhost;
        charset     utf-8;
        access_log      {folder}/nginx_access.log;
        error_log       {folder}/nginx_error.log;
        client_max_body_size 75M;

        location /static {{
            alias {collected};
        }}

        location / {{
            include     {params};
            uwsgi_pass  127.0.0.1:{spare};
        }}
    }}
}}
"""

_UWSGI_INI = """\
[uwsgi]
socket = 127.0.0.1:{spare}
chdir={site}
module={module}
master = true
processes=2
threads=2
max-requests=2000
chmod-socket=664
vacuum=true
daemonize = {folder}/uwsgi.log
"""


def nginx_conf(ground: Ground) -> str:
    """The guide's destiny.conf."""
    return _NGINX_CONF.format(
        folder=ground.folder,
        port=ground.port,
        spare=ground.spare,
        collected=ground.collected,
        params=nginx.UWSGI_PARAMS,
    )


def uwsgi_ini(ground: Ground) -> str:
    """The guide's uwsgi.ini."""
    return _UWSGI_INI.format(
        spare=ground.spare, site=ground.site, module=processes.application(ground), folder=ground.folder
    )


def _start(ground: Ground) -> Running:
    folder, marks = ground.folder, (ground.folder / "nginx.pid", ground.folder / "uwsgi.pid")
    (folder / "destiny.conf").write_text(nginx_conf(ground), encoding="utf-8")
    (folder / "uwsgi.ini").write_text(uwsgi_ini(ground), encoding="utf-8")
    shutil.copyfile(nginx.TEMPLATES / "mime.types", folder / "mime.types")
    try:
        daemons.launch(ground, *_uwsgi(ground, marks[1]))
        daemons.launch(ground, *_nginx(ground, marks[0]))
        pids = tuple(daemons.wait_for(mark) for mark in marks)
    except BaseException:
        _stop(marks)
        raise
    return Running(roots=lambda: pids, stop=lambda: _stop(marks))


def _uwsgi(ground: Ground, mark: Path) -> tuple[str, ...]:
    return processes.program(ground, "uwsgi"), "--ini", str(ground.folder / "uwsgi.ini"), "--pidfile", str(mark)


def _nginx(ground: Ground, mark: Path) -> tuple[str, ...]:
    # Root's nginx works as another account; the guide has the static files given to it.
    directives = f"pid {mark}; {nginx.user(ground).strip()}"
    log = str(ground.folder / "nginx_error.log")
    return str(ground.nginx), "-e", log, "-g", directives, "-c", str(ground.folder / "destiny.conf")


def _stop(marks: tuple[Path, Path]) -> None:
    """nginx first, gracefully, then uWSGI."""
    front, application = marks
    daemons.end(front, signal.SIGQUIT)
    daemons.end(application, signal.SIGINT)


def _version(ground: Ground) -> str:
    return f"{uwsgi.version(ground)}, {nginx.version(ground)}"


STACK = Stack(
    key="tutorial",
    title="nginx + uWSGI, as a guide has it",
    packages=uwsgi.STACK.packages,
    apt=uwsgi.STACK.apt,
    static=True,
    start=_start,
    version=_version,
    source="a guide to Django on uWSGI behind nginx: its nginx.conf and uwsgi.ini, unchanged",
)
