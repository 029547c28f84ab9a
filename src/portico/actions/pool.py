"""The process that holds the TCP socket of a site for all its releases: uWSGI's zerg pool.

With a socket of its own, a uWSGI that stops resets the connections that wait in its queue; with SO_REUSEPORT too
(https://uwsgi-docs.readthedocs.io/en/latest/Zerg.html).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from portico.actions import supervise
from portico.actions.places import Places
from portico.actions.start_failure import explain_uwsgi
from portico.export.supervisor import Daemon
from portico.hops.uwsgi import commands as uwsgi
from portico.hops.uwsgi.render import pool_files, zerg_path
from portico.model.file import File
from portico.model.plan import Plan
from portico.system import files, sockets
from portico.system.accounts import Account, to_become
from portico.system.clock import wait_for
from portico.system.supervisor import Supervisor

START_LIMIT_S = 15.0
NAME = "pool"


def ensure(where: Places, client: Supervisor, plan: Plan, folder: Path, app: Account) -> None:
    """Start it where the plan has a TCP address, unless the one that runs was started from the same files. Raises
    PorticoError when it does not come to listen."""
    rendered = pool_files(plan)
    if not rendered:
        return
    launcher = files.read_text(folder / "uwsgi_launcher.py") or ""
    home = where.run / "pool"
    daemon = _daemon(where, plan, home, app)
    wanted = (*rendered, File("uwsgi_launcher.py", launcher, 0o640))
    same = all(files.read_text(home / file.path) == file.text for file in wanted) and supervise.is_installed(where, daemon)
    program = client.program(NAME)
    if same and program and program.pid and sockets.is_bound(zerg_path(plan)):
        return
    _stop(where, client)
    group = app.gid if os.geteuid() == 0 else -1
    files.make_dir(home, 0o750, gid=group)
    files.write_all(home, wanted, group)
    log = Path(plan.uwsgi.log)
    offset = files.size(log)
    supervise.install(where, client, daemon)
    outcome = wait_for(lambda: _fate(client, zerg_path(plan)), START_LIMIT_S)
    if outcome != "listens":
        output = files.tail(where.run / f"{NAME}.out")
        raise explain_uwsgi(plan, offset, f"nothing listens on {plan.uwsgi.address}", output)


def retire_unused(where: Places, client: Supervisor, plan: Plan) -> None:
    """Stop it when the plan that is live now has no TCP address."""
    if not pool_files(plan) and client.program(NAME):
        _stop(where, client)
        files.remove(where.run / "pool")


def _stop(where: Places, client: Supervisor) -> None:
    """Also one that outlived its supervisor: the socket it hands out must not be taken for the next one's."""
    if client.program(NAME):
        supervise.retire(where, client, NAME)
    left_over = supervise.observe(where).left_over
    supervise.stop_left_over(where, {NAME: left_over[NAME]} if NAME in left_over else {}, timeout_s=10)
    files.remove(where.run / "ctl" / "zerg.sock")


def _fate(client: Supervisor, zerg: str) -> str | None:
    # uWSGI binds the socket it hands out from before the one that it hands out, so that only an answer says it has both.
    with contextlib.suppress(OSError):
        if sockets.exchange(f"unix:{zerg}", b"", 2):
            return "listens"
    return "died" if client.has_died(NAME) else None


def _daemon(where: Places, plan: Plan, home: Path, app: Account) -> Daemon:
    return Daemon(
        name=NAME,
        argv=uwsgi.serve_argv(plan, str(home / "pool.ini"), str(home / "uwsgi_launcher.py")),
        environ={"PATH": "/usr/bin:/bin", "LC_CTYPE": "C.UTF-8"},
        cwd="/",
        python=plan.interpreter.base,
        user=to_become(app),
        stop_signal="TERM",
        stop_wait_s=10,
        comms=supervise.COMMS["pool"],
        log=plan.uwsgi.log,
        group_file=str(supervise.group_file(where, NAME)),
        # The instances go on with the socket they have. A second one beside it would get connections that nobody accepts.
        restart=False,
    )
