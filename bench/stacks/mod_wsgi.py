"""Apache with mod_wsgi, as mod_wsgi-express sets it up for one application: in the foreground, under a supervisor.

Twice as many processes as cores to start with (https://flask.palletsprojects.com/en/stable/deploying/mod_wsgi/), its own
five threads in each. Touching the application's script makes the processes load the changed code
(https://modwsgi.readthedocs.io/en/develop/user-guides/reloading-source-code.html); Apache's own graceful restart would end
them at once, with the requests that they have.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bench.stacks import processes, rights
from bench.stacks.base import Ground, Running, Stack
from bench.stacks.processes import Server

_APACHE = "/usr/sbin/apache2"


def argv(ground: Ground) -> tuple[str, ...]:
    """The command."""
    return (
        *_rights(ground),
        processes.program(ground, "mod_wsgi-express"),
        "start-server",
        str(_script(ground)),
        "--host",
        "127.0.0.1",
        "--port",
        str(ground.port),
        "--processes",
        str(2 * ground.cores),
        "--url-alias",
        "/static",
        str(ground.collected),
        "--server-root",
        str(_root(ground)),
        "--log-to-terminal",
        *_account(ground),
    )


def _script(ground: Ground) -> Path:
    return ground.site / f"{processes.application(ground).replace('.', '/')}.py"


def _account(ground: Ground) -> tuple[str, ...]:
    """Root has to name another account, as which the application runs."""
    other = rights.other()
    return ("--user", other.name, "--group", other.group) if other and rights.reads(other, ground) else ()


def _rights(ground: Ground) -> tuple[str, ...]:
    """Apache refuses to be root. Where the other account cannot reach root's Python, all of it runs as that account, with
    the one right that is missing (setpriv(1), capabilities(7))."""
    other = rights.other()
    if other is None or rights.reads(other, ground):
        return ()
    account = (f"--reuid={other.uid}", f"--regid={other.gid}", "--clear-groups")
    # access(2) asks for the right of the real user, and forgets it for others than root unless no_setuid_fixup is set.
    right = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--securebits=+no_setuid_fixup")
    return ("setpriv", *account, *right)


def _start(ground: Ground) -> Running:
    root = _root(ground)
    root.mkdir(exist_ok=True)
    if other := rights.other():
        os.chown(root, other.uid, other.gid)
    server = Server("apache", argv(ground), ground.port, processes.environ(ground), ground.site)
    return processes.start(ground, server, reload=lambda _: os.utime(_script(ground)))


def _root(ground: Ground) -> Path:
    return ground.folder / "apache"


def _version(ground: Ground) -> str:
    apache = subprocess.run([_APACHE, "-v"], capture_output=True, text=True, check=True).stdout
    asked = "from importlib.metadata import version; print(version('mod_wsgi'))"
    module = subprocess.run([str(ground.python), "-c", asked], capture_output=True, text=True, check=True).stdout
    return f"mod_wsgi {module.strip()}, Apache {apache.split('Apache/')[1].split()[0]}"


STACK = Stack(
    key="mod_wsgi",
    title="Apache + mod_wsgi (mod_wsgi-express)",
    packages=("mod_wsgi>=5",),
    apt=("apache2-bin", "apache2-dev", "build-essential"),
    static=True,
    start=_start,
    version=_version,
    source="https://modwsgi.readthedocs.io/en/develop/user-guides/mod-wsgi-express-quickstart.html",
)
