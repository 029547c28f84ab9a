"""uWSGI alone: its workers speak HTTP/1.1 themselves and serve the static files.

http11-socket has the least between a client and the application. uWSGI's own advice for an open network is its router in
front of them, or better a web server (https://uwsgi-docs.readthedocs.io/en/latest/HTTP.html): slow clients show why. The
number of processes and threads has no rule of theirs ("things to know" says to experiment): a process for each core, and
two threads in each, as in its quickstart.
"""

from __future__ import annotations

import signal
import subprocess

from bench.stacks import processes, rights
from bench.stacks.base import Ground, Running, Stack
from bench.stacks.processes import Server

_INI = """\
[uwsgi]
strict = true
http11-socket = 127.0.0.1:{port}
chdir = {site}
module = {module}
master = true
need-app = true
single-interpreter = true
processes = {cores}
threads = 2
vacuum = true
die-on-term = true
buffer-size = 32768
static-map = /static={collected}
offload-threads = {cores}
{account}"""


def ini(ground: Ground) -> str:
    """The configuration."""
    return _INI.format(
        port=ground.port,
        site=ground.site,
        module=processes.application(ground),
        cores=ground.cores,
        collected=ground.collected,
        account=_account(ground),
    )


def version(ground: Ground) -> str:
    """`uWSGI 2.0.31`."""
    said = subprocess.run([processes.program(ground, "uwsgi"), "--version"], capture_output=True, text=True, check=True)
    return f"uWSGI {said.stdout.strip()}"


def _start(ground: Ground) -> Running:
    path = ground.folder / "uwsgi.ini"
    path.write_text(ini(ground), encoding="utf-8")
    argv = (processes.program(ground, "uwsgi"), "--ini", str(path))
    server = Server("uwsgi", argv, ground.port, processes.environ(ground), ground.site, stop=signal.SIGINT)
    return processes.start(ground, server, reload=processes.signalling("uwsgi", signal.SIGHUP))


def _account(ground: Ground) -> str:
    """Root gives up its rights, as "things to know" asks for, where the other account can read what it needs."""
    other = rights.other()
    return f"uid = {other.uid}\ngid = {other.gid}\n" if other and rights.reads(other, ground) else ""


STACK = Stack(
    key="uwsgi",
    title="uWSGI alone (http11-socket)",
    packages=("uwsgi>=2.0.30",),
    apt=("build-essential",),
    static=True,
    start=_start,
    version=version,
    source="https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html and HTTP.html, StaticFiles.html, Management.html",
)
