"""nginx's part of going live: start it, let it read its file again, or hand over to another one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portico.actions import slots, supervise
from portico.actions.places import Places
from portico.actions.probe import Probe
from portico.actions.start_failure import front_failed
from portico.export.supervisor import Daemon
from portico.hops.nginx import commands as nginx
from portico.hops.nginx.facts import emerg_reason
from portico.hops.nginx.render import TRACE_MAP
from portico.model.file import File
from portico.model.plan import Plan
from portico.system import files, processes
from portico.system.clock import wait_for, wait_for_sign
from portico.system.supervisor import Supervisor

START_LIMIT_S = 15.0
RELOAD_LIMIT_S = 10.0


def loaded(where: Places) -> str:
    """The text of the configuration that nginx runs with; empty when that is not certain."""
    return files.read_text(where.state / "nginx.loaded") or ""


def is_live(where: Places, release: int, uwsgi_plan: Mapping[str, Any]) -> bool:
    """Whether all links point to that release and nginx runs with its configuration."""
    conf = where.state / "conf"
    if not conf.is_symlink() or str(conf.readlink()) != f"releases/{release}":
        return False
    if slots.targets(where) != slots.wanted(uwsgi_plan, release):
        return False
    return (files.read_text(conf / "nginx.conf") or "") == loaded(where)


def forget(where: Places) -> None:
    """Before the live configuration changes: whoever is killed from here on leaves it uncertain what nginx runs with."""
    with contextlib.suppress(FileNotFoundError):
        (where.state / "nginx.loaded").replace(where.state / "nginx.earlier")


def _remember(where: Places, text: str) -> None:
    """What `forget` put aside comes back where it fits, because going back must not need room on a full disk."""
    earlier = where.state / "nginx.earlier"
    if files.read_text(earlier) == text:
        earlier.replace(where.state / "nginx.loaded")
    else:
        files.write(where.state, File("nginx.loaded", text, 0o600))
        files.remove(earlier)


def apply(where: Places, client: Supervisor, plan: Plan) -> None:
    """Make nginx run with the live configuration. Raises PorticoError when it keeps the old one; whether it has started is
    for a request to show."""
    text = files.read_text(where.state / "conf" / "nginx.conf") or ""
    daemon = _daemon(where, plan)
    program = client.program("nginx")
    if program and program.pid and supervise.is_installed(where, daemon):
        if (loaded(where) != text or _has_new_token(where)) and (reason := _reload(client, program.pid, plan)):
            raise front_failed(plan, Probe("nginx", 0, "", error=reason))
    else:
        if program and program.pid:
            supervise.hand_over(client, "nginx")
        supervise.install(where, client, daemon)
        wait_started(where, client)
    _remember(where, text)


def _has_new_token(where: Places) -> bool:
    """Whether the file that names traced requests was made after nginx last read its configuration."""
    read, made = (files.modified_ns(path) for path in (where.state / "nginx.loaded", where.run / TRACE_MAP))
    return made > read


def put_back(where: Places, client: Supervisor, failed: Plan, saved: tuple[File, ...], text: str) -> None:
    """Back to the nginx that was started from the files `saved` (none: they are gone) and ran with the configuration `text`
    (empty: unknown), to which the live link points again."""
    program = client.program("nginx")
    if program is None:
        return
    if saved and supervise.installed(where, "nginx") != saved:
        supervise.hand_over(client, "nginx")
        supervise.restore(where, client, "nginx", saved)
        wait_started(where, client)
    elif program.pid and loaded(where) != text:
        _reload(client, program.pid, failed)
    if text:
        _remember(where, text)


def _reload(client: Supervisor, master: int, plan: Plan) -> str:
    """HUP, then wait for workers with the new configuration; returns why there are none, empty when there are."""
    log = Path(plan.nginx.error_log) if plan.nginx else Path()
    since = files.size(log)
    old = {fact.pid for fact in processes.tree(master)} - {master}
    client.signal("nginx", "HUP")

    def settled() -> str | None:
        workers = {fact.pid: fact.command for fact in processes.tree(master) if fact.pid != master}
        # An old worker's title says when it takes no more connections.
        accepting = [pid for pid in old if pid in workers and "shutting down" not in workers[pid]]
        if workers.keys() - old and not accepting:
            return "reloaded"
        reason = emerg_reason(files.tail(log, since))
        return f"nginx keeps its old configuration: {reason}" if reason else None

    outcome = wait_for(settled, RELOAD_LIMIT_S) or f"nginx has read no new configuration in {RELOAD_LIMIT_S:.0f} s"
    return "" if outcome == "reloaded" else outcome


def wait_started(where: Places, client: Supervisor) -> None:
    """Until nginx has written its process id, which it does when it listens, or has failed."""

    sign = where.run / "nginx.pid"

    def settled() -> bool:
        program = client.program("nginx")
        if program is None or program.has_ended:
            return True
        return bool(program.pid) and (files.read_text(sign) or "").strip() == str(program.pid)

    wait_for_sign(sign, settled, START_LIMIT_S, every_s=0.005)


def _daemon(where: Places, plan: Plan) -> Daemon:
    return Daemon(
        name="nginx",
        argv=nginx.serve_argv(plan, str(where.state / "conf" / "nginx.conf")),
        environ={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        cwd="/",
        python=sys.executable,
        user="",
        stop_signal="QUIT",
        stop_wait_s=plan.uwsgi.graceful_s + 5,
        comms=supervise.COMMS["nginx"],
        log="",
        group_file=str(supervise.group_file(where, "nginx")),
    )
