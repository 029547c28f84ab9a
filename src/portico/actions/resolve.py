"""Resolve: configuration, what the project said of itself, and the machine become one frozen plan with origins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from portico.actions import listen as address
from portico.actions.configure import Loaded
from portico.actions.inspect import Inspection
from portico.actions.layers import Layers
from portico.actions.machine import Machine
from portico.actions.options import Options
from portico.actions.places import Places
from portico.actions.resolve_nginx import resolve_nginx
from portico.actions.resolve_release import resolve_health, resolve_release
from portico.actions.resolve_role import APP_LISTEN, as_role, prove_role, role_of
from portico.actions.resolve_upstream import resolve_upstream
from portico.actions.resolve_uwsgi import resolve_uwsgi
from portico.actions.resolve_workers import engines, resolve_workers
from portico.hops.django import hosts
from portico.hops.django.static import static_maps
from portico.model.finding import Finding
from portico.model.origin import Origin
from portico.model.plan import Listen, Plan
from portico.model.site import Site, StaticMap, application_name
from portico.system.accounts import can_enter


@dataclass(frozen=True)
class Resolved:
    """The plan, the plain values by configuration name, findings met on the way, and static roots that nginx's workers
    cannot enter (root to the folder that stops them)."""

    plan: Plan
    layers: Layers
    findings: tuple[Finding, ...]
    closed: dict[str, str]


def resolve(
    options: Options, loaded: Loaded, seen: Inspection, machine: Machine, where: Places, release: int, ours: Listen | None
) -> Resolved:
    """Pure but for looking at the permissions of static folders. `ours` is where the running stack listens."""
    layers = Layers(loaded.config, loaded.places)
    paths = where.paths(release)
    front = layers.pick("front", "nginx", flag=options.front, flag_name="--front")
    role = role_of(options, loaded.config.role)
    layers.pick("role", "all", flag=options.role, flag_name="--role")
    listening = _listen(layers, options, ours, APP_LISTEN if role == "app" else str(address.DEFAULT))
    prove_role(layers, role, listening, machine, front)
    release_plan = resolve_release(layers, options)
    uwsgi = resolve_uwsgi(layers, machine, paths, where.project, release, release_plan.fast)
    uwsgi = as_role(uwsgi, role, listening, layers)
    nginx = resolve_nginx(layers, machine, paths, where.project, uwsgi.harakiri_s, bool(layers.configured("servers")))
    databases = engines(seen.django.databases) if seen.django else None
    uwsgi = resolve_workers(layers, uwsgi, nginx, databases, machine.cores)
    local = uwsgi.instances if uwsgi.address.startswith("unix:") else min(1, uwsgi.instances)
    upstream = resolve_upstream(layers, local, uwsgi.worker_sockets)
    maps, findings = _maps(layers, seen, where)
    roots = {entry.root for entry in maps} | ({nginx.public} if nginx and nginx.public else set())
    closed = {} if nginx is None else _closed(roots, machine)
    if role == "all":
        maps = tuple(replace(m, served_by="uwsgi") if nginx is None or m.root in closed else m for m in maps)
    plan = Plan(
        site=_site(layers, options, seen, where, maps),
        listen=listening,
        front="elsewhere" if role == "app" else "nginx" if front == "nginx" else "none",
        interpreter=seen.interpreter,
        nginx=nginx,
        uwsgi=uwsgi,
        upstream=upstream,
        health=resolve_health(layers, uwsgi.harakiri_s),
        release=release_plan,
        paths=paths,
        environ=tuple(sorted(seen.environ)),
        origins=layers.origins,
    )
    return Resolved(plan, layers, findings, closed)


def _listen(layers: Layers, options: Options, ours: Listen | None, default: str) -> Listen:
    text = str(layers.pick("listen", default, flag=options.listen, flag_name="--listen"))
    listening = address.parse(text, ours, layers.origins["listen"].detail or "listen")
    layers.values["listen"] = str(listening)
    return listening


def _site(layers: Layers, options: Options, seen: Inspection, where: Places, maps: tuple[StaticMap, ...]) -> Site:
    django = seen.django
    names = hosts.server_names(django.allowed_hosts) if django else ()
    host = hosts.permitted_host(django.allowed_hosts, django.debug) if django else None
    layers.note("python", seen.interpreter.executable, seen.python_origin)
    layers.note("settings", django.settings if django else "", seen.settings_origin)
    layers.pick("uwsgi.pythonpath", (), why="the folder the application runs in comes first in any case")
    layers.note("uwsgi.module", application_name(seen.module, seen.file, seen.callable), seen.module_origin)
    layers.note("env", dict.fromkeys(sorted(layers.configured("env") or {}), "…"), Origin("file", "portico.toml"))
    return Site(
        name=layers.pick("name", where.project.name.strip() or "site", why="the folder's name"),
        directory=_chdir(layers, seen, where),
        python_path=seen.python_path,
        framework="django" if django else "wsgi",
        module=seen.module,
        file=seen.file,
        callable=seen.callable,
        settings=django.settings if django else "",
        server_names=tuple(layers.pick("server_name", (), detected=names or None, source="ALLOWED_HOSTS")),
        maps=maps,
        health_path=layers.pick("health_path", "/"),
        health_host=layers.pick("health_host", "localhost", detected=host, source="ALLOWED_HOSTS"),
    )


def _chdir(layers: Layers, seen: Inspection, where: Places) -> str:
    folder = layers.pick("uwsgi.chdir", str(seen.directory), why="the folder with manage.py" if seen.django else "")
    return str((where.project / folder).resolve())


def _maps(layers: Layers, seen: Inspection, where: Places) -> tuple[tuple[StaticMap, ...], tuple[Finding, ...]]:
    """Django's own static and media paths, each kind replaced as a whole by a table of that name in the configuration."""
    maps: tuple[StaticMap, ...] = ()
    findings: tuple[Finding, ...] = ()
    if seen.django:
        collects = layers.configured("collect_static") is not False
        maps, findings = static_maps(
            seen.django, project=str(seen.directory), collected=str(where.static_link), collects=collects
        )
    for kind in ("static", "media"):
        table = layers.configured(kind)
        detected = {m.url: m.root for m in maps if m.kind == kind}
        layers.pick(kind, {}, detected=detected or None, source=f"settings.{kind.upper()}_URL and _ROOT")
        if table is not None:
            # What Django says of these is not used, so neither is what is wrong with it.
            setting = f"{kind.upper()}_"
            findings = tuple(f for f in findings if not any(setting in seen_at for seen_at in f.evidence))
            configured = tuple(_configured_map(url, root, kind, where.project) for url, root in table.items())
            maps = (*(m for m in maps if m.kind != kind), *configured)
    return tuple(sorted(maps, key=lambda m: (-len(m.url), m.url))), findings


def _configured_map(url: str, root: str, kind: str, base: Path) -> StaticMap:
    prefix = "/" + url.strip("/") + "/" if url.strip("/") else "/"
    return StaticMap(prefix, str((base / root).resolve()), "media" if kind == "media" else "static")


def _closed(roots: Iterable[str], machine: Machine) -> dict[str, str]:
    closed = {}
    for root in sorted(roots):
        stopped = can_enter(machine.worker, Path(root))
        if stopped is not None and stopped.exists():
            closed[root] = str(stopped)
    return closed
