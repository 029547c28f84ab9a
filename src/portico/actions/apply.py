"""Make a staged release live: start it beside the old one, prove it, switch by one rename, prove again, else switch back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from portico.actions import front, probe, stage, supervise
from portico.actions.places import Places
from portico.actions.start_failure import explain_uwsgi, front_failed
from portico.export.supervisor import Daemon
from portico.hops.uwsgi import commands as uwsgi
from portico.model.file import File
from portico.model.plan import Plan
from portico.system import files, sockets
from portico.system.accounts import Account
from portico.system.clock import wait_for
from portico.system.supervisor import Supervisor, Unreachable

#: How long an application may take to import. An import that hangs is the user's to see, not to wait for without end.
LOAD_LIMIT_S = 120.0
#: How long the requests in an old instance's queue may take to reach its workers.
DRAIN_LIMIT_S = 30.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Release:
    """A staged release: its plan, its folder, and the application's environment (secrets: never printed or logged)."""

    plan: Plan
    folder: Path
    environ: Mapping[str, str]
    app: Account

    @property
    def name(self) -> str:
        return f"uwsgi-{self.plan.uwsgi.instance}"

    @property
    def user(self) -> str:
        """The account supervisord starts it as, empty when that is ourselves."""
        return self.app.name if os.geteuid() == 0 and self.app.uid != 0 else ""


def go_live(where: Places, release: Release, say: Say, commit: Callable[[], None]) -> probe.Probe:
    """The whole transaction. Returns the last probe; raises PorticoError after putting everything back.

    `commit` is called when the release is proven and before the old one is stopped.
    """
    with supervise.needed(where):
        client = supervise.ensure(where)
        before = _Before.look(where, client)
        try:
            through = _replace(where, client, release, before, say)
            commit()
        except BaseException:
            with contextlib.suppress(Unreachable):
                _put_back(where, client, release, before)
            raise
        if release.plan.nginx is None:
            supervise.retire(where, client, "nginx")
        retire_others(where, client, release.name)
    stage.forget_old(where, release.plan.uwsgi.instance)
    return through


def _replace(where: Places, client: Supervisor, release: Release, before: _Before, say: Say) -> probe.Probe:
    plan = release.plan
    limit_s = max(10, plan.uwsgi.harakiri_s)
    log_offset = files.size(Path(plan.uwsgi.log))
    if plan.front == "none" and before.front == "nginx":
        _park(where, client, "nginx")
    supervise.install(where, client, _uwsgi_daemon(where, release))
    _wait_loaded(where, client, release, log_offset)
    straight = probe.uwsgi(plan, plan.uwsgi.instance_socket, limit_s)
    if not straight.answered:
        raise explain_uwsgi(plan, log_offset, straight.error or f"it answered {straight.status}")
    if straight.status >= 500 and before.serving and probe.uwsgi(plan, before.instance_socket, limit_s).status < 500:
        raise explain_uwsgi(plan, log_offset, f"{plan.site.health_path} answered {straight.status}")
    say(f"uWSGI answers on its socket: {straight.status}")
    _switch(where, client, release, before)
    through = probe.front(plan, limit_s)
    if not through.answered:
        raise front_failed(plan, through)
    return through


@dataclass(frozen=True)
class _Before:
    """What was live: where the links pointed, what nginx ran with and was started from, the uWSGI instance that serves, and
    the front; empty is none or unknown. `lived` is false when there is nothing to go back to."""

    lived: bool
    conf: str
    socket: str
    nginx: str
    serving: str
    instance_socket: str
    front: str
    nginx_files: tuple[File, ...]

    @staticmethod
    def look(where: Places, client: Supervisor) -> _Before:
        conf, link = where.state / "conf", where.run / "app" / "app.sock"
        socket = str(link.readlink()) if link.is_symlink() else ""
        live = supervise.observe(where)
        name = socket.replace("app-", "uwsgi-").removesuffix(".sock")
        return _Before(
            lived=bool(socket and (live.programs or live.left_over)),
            conf=str(conf.readlink()) if conf.is_symlink() else "",
            socket=socket,
            nginx=front.loaded(where),
            serving=name if live.groups.get(name) else "",
            instance_socket=str(link.parent / socket),
            front="nginx" if "nginx" in {*live.left_over, *(program.name for program in live.programs)} else "none",
            nginx_files=supervise.installed(where, "nginx"),
        )


def _uwsgi_daemon(where: Places, release: Release) -> Daemon:
    plan = release.plan
    folder = str(release.folder)
    return Daemon(
        name=release.name,
        argv=uwsgi.serve_argv(plan, f"{folder}/uwsgi.ini", f"{folder}/uwsgi_launcher.py"),
        environ=release.environ,
        cwd=plan.site.directory,
        python=plan.interpreter.base,
        user=release.user,
        stop_signal="TERM",
        stop_wait_s=plan.uwsgi.graceful_s + 5,
        comms=supervise.COMMS["uwsgi"],
        log=plan.uwsgi.log,
        group_file=str(supervise.group_file(where, release.name)),
    )


def _wait_loaded(where: Places, client: Supervisor, release: Release, log_offset: int) -> None:
    """Until the stats server is there, which uWSGI's master opens after the application has loaded, or the process died."""

    outcome = wait_for(lambda: _fate(where, client, release.name), LOAD_LIMIT_S, every_s=0.05)
    if outcome == "died":
        output = files.tail(where.run / f"{release.name}.out")
        raise explain_uwsgi(release.plan, log_offset, "the process ended while loading the application", output)
    if outcome is None:
        raise explain_uwsgi(release.plan, log_offset, f"the application did not finish loading in {LOAD_LIMIT_S:.0f} s")


def _fate(where: Places, client: Supervisor, name: str) -> str | None:
    """`loaded`, `died`, or None while it is still loading."""
    with contextlib.suppress(OSError):
        sockets.exchange(f"unix:{where.run}/ctl/stats-{name.removeprefix('uwsgi-')}.sock", b"", 2)
        return "loaded"
    program = client.program(name)
    return "died" if program is None or program.state in ("BACKOFF", "FATAL", "EXITED") else None


def _switch(where: Places, client: Supervisor, release: Release, before: _Before) -> None:
    plan = release.plan
    if plan.nginx and before.front == "none" and before.serving:
        _park(where, client, before.serving)
    if (files.read_text(release.folder / "nginx.conf") or "") != before.nginx:
        front.forget(where)
    files.swap_link(where.run / "app" / "app.sock", Path(plan.uwsgi.instance_socket).name)
    files.swap_link(where.state / "conf", f"releases/{plan.uwsgi.instance}")
    if plan.nginx:
        front.apply(where, client, plan)


def _park(where: Places, client: Supervisor, name: str) -> None:
    """Stop, without forgetting it, a daemon that holds the public port and cannot share it; `_put_back` starts it again."""
    client.stop(name)
    left_over = supervise.observe(where).left_over
    supervise.stop_left_over(where, {name: left_over.get(name, ())}, timeout_s=30)


def _put_back(where: Places, client: Supervisor, release: Release, before: _Before) -> None:
    """As it was: the old links and nginx configuration, the new instance gone; where nothing served before, nothing."""
    if not before.lived:
        supervise.stop_supervisor(where, supervise.STOP_LIMIT_S + release.plan.uwsgi.graceful_s)
        return
    files.swap_link(where.run / "app" / "app.sock", before.socket)
    if before.conf:
        files.swap_link(where.state / "conf", before.conf)
    if before.front == "nginx":
        front.put_back(where, client, release.plan, before.nginx_files, before.nginx)
    else:
        supervise.retire(where, client, "nginx")
    supervise.retire(where, client, release.name)
    for name in [program.name for program in client.programs() if not program.pid]:
        client.start(name)
        if name == "nginx":
            front.wait_started(where, client)
        else:
            wait_for(lambda name=name: _fate(where, client, name), LOAD_LIMIT_S)  # type: ignore[misc]
    if not client.programs():
        # What serves outlived its supervisor, and cannot be given to this one.
        supervise.stop_supervisor(where, supervise.STOP_LIMIT_S)


def is_live(where: Places, release: int) -> bool:
    """Whether both links point to that release and nginx runs with its configuration."""
    conf, socket = where.state / "conf", where.run / "app" / "app.sock"
    try:
        linked = (str(conf.readlink()), str(socket.readlink())) == (f"releases/{release}", f"app-{release}.sock")
    except OSError:
        return False
    return linked and (files.read_text(conf / "nginx.conf") or "") == front.loaded(where)


def retire_others(where: Places, client: Supervisor, name: str) -> None:
    """Stop every uWSGI instance but that one: the last release, and what an interrupted command left."""
    # uWSGI drops what waits in its socket's queue when it stops, and nginx sends no POST a second time.
    wait_for(lambda: not _queued(where, name), DRAIN_LIMIT_S)
    others = {n: pids for n, pids in supervise.observe(where).left_over.items() if n.startswith("uwsgi-") and n != name}
    supervise.stop_left_over(where, others, timeout_s=30)
    files_left = (*where.run.glob("uwsgi-*.json"), *where.run.glob("programs/uwsgi-*.conf"))
    for other in {program.name for program in client.programs()} | {path.stem for path in files_left}:
        if other.startswith("uwsgi-") and other != name:
            supervise.retire(where, client, other)


def _queued(where: Places, name: str) -> int:
    """Requests that wait for a worker of any instance but that one."""
    app = f"{where.run}/app/app-"
    kept = app + name.removeprefix("uwsgi-") + ".sock"
    return sum(length for path, length in sockets.queue_lengths().items() if path.startswith(app) and path != kept)
