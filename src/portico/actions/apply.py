"""Make a release live: start it beside the old one, prove it, switch by rename, prove again, else switch back.

With several instances the walk is one at a time: each new one is proven and takes over its slot, then the old one of that
slot goes to sleep, so that memory is needed for one more than there are. Asleep is not gone: everything can be put back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from portico.actions import collect, front, memory, pool, probe, retire, slots, state, supervise
from portico.actions import instance as uwsgi
from portico.actions.instance import Release
from portico.actions.places import Places
from portico.actions.start_failure import front_failed
from portico.model.file import File
from portico.model.plan import Plan, UwsgiPlan
from portico.model.units import human_bytes
from portico.system import files
from portico.system.clock import wait_for
from portico.system.supervisor import Supervisor, Unreachable

Say = Callable[[str], None]
Start = Callable[[Places, Supervisor, Release, UwsgiPlan], None]


@dataclass(frozen=True)
class Live:
    """What `go_live` has done: the last request through the whole path, the memory of all uWSGI processes at the most and
    afterwards, and the earlier instances that sleep, with their masters' pids."""

    through: probe.Probe
    peak_bytes: int
    now_bytes: int
    warm: dict[str, int]


def go_live(
    where: Places,
    release: Release,
    say: Say,
    commit: Callable[[dict[str, int]], None],
    start: Start = uwsgi.start,
) -> Live:
    """The whole transaction. Raises PorticoError after putting everything back.

    `commit` is called when the release is proven and before the old one is stopped, and once more with the instances that
    sleep and are kept. `start` brings an instance up: by starting it, or by nothing where it only sleeps.
    """
    with supervise.needed(where):
        client = supervise.ensure(where)
        before = _Before.look(where, client)
        peak = _Peak()
        try:
            through = _replace(where, client, release, before, start, peak, say)
            commit({})
        except BaseException:
            with contextlib.suppress(Unreachable):
                _put_back(where, client, release, before)
            raise
        kept = _keep_warm(where, client, release, before)
        if kept:
            commit(kept)
        if release.plan.nginx is None:
            supervise.retire(where, client, "nginx")
        slots.drop_others(where, {link for instance in release.plan.uwsgi.each() for link in instance.links})
        retire.retire_others(where, client, release.names | kept.keys())
        pool.retire_unused(where, client, release.plan)
    return Live(through, peak.bytes, memory.uwsgi_bytes(where), kept)


class _Peak:
    """The most memory seen."""

    bytes = 0

    def look(self, where: Places) -> None:
        self.bytes = max(self.bytes, memory.uwsgi_bytes(where))


@dataclass(frozen=True)
class _Before:
    """What was live: where the links pointed, what nginx ran with and was started from, the daemons that serve, and the
    front; empty is none or unknown. `names` are all instances of the release before, if they run: after a killed command
    others may serve in their place. `lived` is false when there is nothing to go back to. `sleepy`: what serves listens
    on nothing but its own unix socket; on a shared one a request for the new release would wake it up."""

    lived: bool
    sleepy: bool
    conf: str
    links: dict[str, str]
    static: str
    nginx: str
    serving: tuple[str, ...]
    names: frozenset[str]
    front: str
    nginx_files: tuple[File, ...]

    @staticmethod
    def look(where: Places, client: Supervisor) -> _Before:
        conf = where.state / "conf"
        links = slots.targets(where)
        live = supervise.observe(where)
        known = state.read(where)
        running = {*live.left_over, *(program.name for program in live.programs)}
        return _Before(
            lived=bool((links or "nginx" in running) and (live.programs or live.left_over)),
            sleepy=bool(known and known.plan["nginx"] and known.plan["uwsgi"]["address"].startswith("unix:")),
            conf=str(conf.readlink()) if conf.is_symlink() else "",
            links=links,
            static=collect.live_static(where),
            nginx=front.loaded(where),
            serving=tuple(name for name in dict.fromkeys(map(slots.daemon_of, links.values())) if live.groups.get(name)),
            names=known.names if known and all(map(live.groups.get, known.names)) else frozenset(),
            front="nginx" if "nginx" in running else "none",
            nginx_files=supervise.installed(where, "nginx"),
        )

    def answered(self, where: Places, plan: Plan) -> bool:
        """Whether the release before gives a healthy answer."""
        if not self.serving or "app.sock" not in self.links:
            return False
        seen = probe.uwsgi(plan, str(where.run / "app" / self.links["app.sock"]), plan.health.timeout_s)
        return not probe.healthy(plan.health, seen)


def _replace(
    where: Places, client: Supervisor, release: Release, before: _Before, start: Start, peak: _Peak, say: Say
) -> probe.Probe:
    plan = release.plan
    if plan.front != "nginx" and before.front == "nginx":
        _park(where, client, "nginx")
    pool.ensure(where, client, plan, release.folder, release.app)
    instances = plan.uwsgi.each()
    for instance in instances:
        start(where, client, release, instance)
        straight = uwsgi.prove(release, instance, before.answered(where, plan) if instance.slot == 1 else False)
        peak.look(where)
        which = f" {instance.slot} of {len(instances)}" if len(instances) > 1 else ""
        say(f"uWSGI{which} answers on its socket: {straight.status}")
        _switch_slot(where, client, plan, instance, before, last=instance is instances[-1])
    _switch_front(where, client, plan, release)
    return _prove_through(plan, before)


def _switch_slot(where: Places, client: Supervisor, plan: Plan, instance: UwsgiPlan, before: _Before, last: bool) -> None:
    if instance.slot == 1:
        if plan.nginx and before.front == "none":
            for name in before.serving:
                _park(where, client, name)
        # Before anything of the new release answers: its pages name its own style sheets.
        collect.switch_static(where, plan.uwsgi.instance)
    slots.point(where, instance)
    old = slots.daemon_of(before.links.get(instance.link, ""))
    if not last and before.sleepy and old in before.serving and old != instance.name:
        retire.put_to_sleep(where, client, [old], plan.uwsgi.graceful_s)


def _switch_front(where: Places, client: Supervisor, plan: Plan, release: Release) -> None:
    if not plan.uwsgi.instances:
        collect.switch_static(where, plan.uwsgi.instance)
    if (files.read_text(release.folder / "nginx.conf") or "") != front.loaded(where):
        front.forget(where)
    files.swap_link(where.state / "conf", f"releases/{plan.uwsgi.instance}")
    if plan.nginx:
        front.apply(where, client, plan)


def _prove_through(plan: Plan, before: _Before) -> probe.Probe:
    """One request through the whole path; raises PorticoError when nothing comes back."""
    seen = probe.through(plan)
    alone = plan.uwsgi.instances == 0 and not before.lived
    # nginx may be started before the application's hosts are.
    if not seen.answered and not (alone and seen.status):
        raise front_failed(plan, seen)
    return seen


def _keep_warm(where: Places, client: Supervisor, release: Release, before: _Before) -> dict[str, int]:
    """Put what was live to sleep, where the plan wants that; instances with workers of no use only take memory."""
    old = before.names - release.names
    if not release.plan.release.warm or not before.sleepy or not old:
        return {}
    asleep = retire.put_to_sleep(where, client, sorted(old), release.plan.uwsgi.graceful_s)
    return asleep if len(asleep) == len(old) else {}


def _park(where: Places, client: Supervisor, name: str) -> None:
    """Stop, without forgetting it, a daemon that holds the public port and cannot share it; `_put_back` starts it again."""
    client.stop(name)
    left_over = supervise.observe(where).left_over
    supervise.stop_left_over(where, {name: left_over.get(name, ())}, timeout_s=30)


def _put_back(where: Places, client: Supervisor, release: Release, before: _Before) -> None:
    """As it was: the old links and nginx configuration, the new instances gone; where nothing served before, nothing."""
    if not before.lived:
        supervise.stop_supervisor(where, supervise.STOP_LIMIT_S + release.plan.uwsgi.graceful_s)
        return
    slots.restore(where, before.links)
    collect.restore_static(where, before.static)
    if before.conf:
        files.swap_link(where.state / "conf", before.conf)
    if before.front == "nginx":
        front.put_back(where, client, release.plan, before.nginx_files, before.nginx)
    else:
        supervise.retire(where, client, "nginx")
    slots.drop_others(where, before.links)
    for name in release.names - set(before.serving):
        supervise.retire(where, client, name)
    for name in [program.name for program in client.programs() if not program.pid]:
        client.start(name)
        if name == "nginx":
            front.wait_started(where, client)
        else:
            limit_s = release.plan.release.load_timeout_s
            wait_for(lambda name=name: uwsgi.fate(where, client, name), limit_s)  # type: ignore[misc]
    if not client.programs():
        # What serves outlived its supervisor, and cannot be given to this one.
        supervise.stop_supervisor(where, supervise.STOP_LIMIT_S)


def memory_line(live: Live) -> str:
    """What the switch took, for people; empty where no uWSGI runs."""
    if not live.peak_bytes:
        return ""
    if live.peak_bytes <= live.now_bytes:
        return f"memory of uWSGI: {human_bytes(live.now_bytes)}"
    return f"memory of uWSGI: {human_bytes(live.peak_bytes)} during the switch, {human_bytes(live.now_bytes)} now"
