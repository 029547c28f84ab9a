"""One uWSGI instance of a release: started, watched while it loads, asked whether it answers well."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portico.actions import probe, supervise
from portico.actions.places import Places
from portico.actions.start_failure import explain_uwsgi
from portico.export.supervisor import Daemon
from portico.hops.uwsgi import commands as uwsgi
from portico.hops.uwsgi.facts import Stats, parse_stats
from portico.model.plan import Plan, UwsgiPlan
from portico.system import files, sockets
from portico.system.accounts import Account, to_become
from portico.system.clock import wait_for_sign
from portico.system.supervisor import Supervisor


@dataclass(frozen=True)
class Release:
    """A staged release: its plan, its folder, and the application's environment (secrets: never printed or logged)."""

    plan: Plan
    folder: Path
    environ: Mapping[str, str]
    app: Account

    @property
    def number(self) -> int:
        return self.plan.uwsgi.instance

    @property
    def user(self) -> str:
        """The account supervisord starts it as, empty when that is ourselves."""
        return to_become(self.app)

    @property
    def names(self) -> frozenset[str]:
        """What its instances are called among the daemons."""
        return frozenset(instance.name for instance in self.plan.uwsgi.each())


def start(where: Places, client: Supervisor, release: Release, instance: UwsgiPlan) -> None:
    """Start it and wait until the application has loaded; raises PorticoError with the cause when it does not."""
    wait_loaded(where, client, release, instance, begin(where, client, release, instance))


def begin(where: Places, client: Supervisor, release: Release, instance: UwsgiPlan) -> int:
    """Start it; returns how long its log was before, for `wait_loaded`."""
    log_offset = files.size(Path(instance.log))
    supervise.install(where, client, _daemon(where, release, instance))
    return log_offset


def wait_loaded(where: Places, client: Supervisor, release: Release, instance: UwsgiPlan, log_offset: int) -> None:
    """Until the application has loaded; raises PorticoError with the cause when it does not."""
    limit_s = release.plan.release.load_timeout_s
    sign = stats_socket(where, instance.name)
    outcome = wait_for_sign(sign, lambda: fate(where, client, instance.name), limit_s, every_s=0.01)
    if outcome == "died":
        output = files.tail(where.run / f"{instance.name}.out")
        raise explain_uwsgi(release.plan, log_offset, "the process ended while loading the application", output)
    if outcome is None:
        raise explain_uwsgi(release.plan, log_offset, f"the application did not finish loading in {limit_s:.0f} s")


def prove(release: Release, instance: UwsgiPlan, before_answered: bool) -> probe.Probe:
    """One request straight to it. Raises PorticoError when nothing comes back, and when what comes back is no healthy
    answer, although the configuration says what one is or the release before it gives one (`before_answered`)."""
    plan = release.plan
    log_offset = files.size(Path(instance.log))
    seen = probe.uwsgi(plan, instance.instance_socket, plan.health.timeout_s)
    if not seen.answered:
        raise explain_uwsgi(plan, log_offset, f"{plan.site.health_path}: {seen.error or f'it answered {seen.status}'}")
    reason = probe.healthy(plan.health, seen)
    if reason and (plan.health.strict or before_answered):
        raise explain_uwsgi(plan, log_offset, f"{plan.site.health_path}: {reason}")
    return seen


def fate(where: Places, client: Supervisor, name: str) -> str | None:
    """`loaded`, `died`, or None while it is still loading: uWSGI opens its stats socket after the application has loaded."""
    with contextlib.suppress(OSError):
        sockets.exchange(f"unix:{stats_socket(where, name)}", b"", 2)
        return "loaded"
    return "died" if client.has_died(name) else None


def stats(where: Places, name: str) -> Stats | None:
    """What the instance says of itself; None when it does not answer."""
    with contextlib.suppress(OSError):
        return parse_stats(sockets.exchange(f"unix:{stats_socket(where, name)}", b"", 2).decode("utf-8", "replace"))
    return None


def stats_socket(where: Places, name: str) -> Path:
    return where.run / "ctl" / f"stats-{name.removeprefix('uwsgi-')}.sock"


def _daemon(where: Places, release: Release, instance: UwsgiPlan) -> Daemon:
    plan = release.plan
    folder = str(release.folder)
    return Daemon(
        name=instance.name,
        argv=uwsgi.serve_argv(plan, f"{folder}/{instance.ini}", f"{folder}/uwsgi_launcher.py"),
        environ=release.environ,
        cwd=plan.site.directory,
        python=plan.interpreter.base,
        user=release.user,
        stop_signal="TERM",
        stop_wait_s=instance.graceful_s + 5,
        comms=supervise.COMMS["uwsgi"],
        log=instance.log,
        group_file=str(supervise.group_file(where, instance.name)),
    )
