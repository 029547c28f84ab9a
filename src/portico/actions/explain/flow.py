"""`portico explain`: the hops of this project, what passes between them, and where everything lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portico.actions.explain import roles
from portico.actions.explain.between import between
from portico.actions.explain.path_table import look, path_table
from portico.actions.explain.roles import Role
from portico.actions.explain.subject import Subject
from portico.model.plan import Plan
from portico.system import accounts

Hop = dict[str, Any]


def flow(about: Subject) -> dict[str, Any]:
    """`result`: `running`, `url`, `hops` in the order of the way, `between` neighbours, and the table of `paths`."""
    hops = _hops(about)
    plan = about.plan
    return {
        "project": str(about.where.project),
        "name": plan.site.name,
        "running": about.is_live,
        "release": about.release or None,
        "url": None if plan.front == "elsewhere" else plan.listen.url,
        "front": plan.front,
        "hops": hops,
        "between": between(plan, [hop["hop"] for hop in hops]),
        "paths": path_table(about),
    }


def _hops(about: Subject) -> list[Hop]:
    plan = about.plan
    hops = [_hop("client", roles.CLIENT, about, process={"here": False, "says": "on any machine that reaches the address"})]
    if plan.front != "none":
        hops.append(_nginx(about) if plan.nginx else _elsewhere(about))
    hops.append(_uwsgi(about) if plan.uwsgi.instances else _remote(about))
    if not plan.uwsgi.instances:
        return hops
    django = plan.site.framework == "django"
    hops.append(_wsgi(about, django))
    return [*hops, _django(about)] if django else hops


def _hop(name: str, role: Role, about: Subject, process: Mapping[str, Any], **more: Any) -> Hop:
    base: Hop = {"hop": name, "title": role.title, "role": role.role, "why": role.why, "process": dict(process)}
    paths: dict[str, Any] = {"files": [], "sockets": [], **more}
    return {**base, **paths}


def _nginx(about: Subject) -> Hop:
    plan = about.plan
    nginx = plan.nginx
    if nginx is None:
        raise AssertionError("asked only where nginx runs here")
    us = accounts.ourselves().name
    would = f"a master as {us}, {nginx.worker_processes} workers as {nginx.user or us}"
    named = [(name, text.path) for name, text in about.texts.items() if name in ("nginx.conf", "uwsgi_params", "mime.types")]
    logs = [("access log", nginx.access_log), ("error log", nginx.error_log)]
    serves = [{"url": one.url, "folder": one.root, "kind": one.kind} for one in plan.site.maps if one.served_by == "nginx"]
    serves += [{"url": "/", "folder": nginx.public, "kind": "public"}] if nginx.public else []
    return _hop(
        "nginx",
        roles.NGINX,
        about,
        _process(about, "nginx", would),
        version=".".join(map(str, nginx.binary.version)),
        binary=nginx.binary.path,
        files=[{"what": what, "path": str(path)} for what, path in [*named, *logs] if str(path) != "off"],
        sockets=[{"what": "browsers connect here", "address": str(plan.listen), "mode": "", "exists": about.is_live}],
        serves=serves,
    )


def _elsewhere(about: Subject) -> Hop:
    says = f'on another machine: servers = ["{about.plan.uwsgi.address}"] in its portico.toml'
    return _hop("nginx", roles.NGINX_ELSEWHERE, about, {"here": False, "says": says})


def _remote(about: Subject) -> Hop:
    servers = [server.address for server in about.plan.upstream.servers]
    sockets = [{"what": "nginx connects here", "address": one, "mode": "", "exists": None} for one in servers]
    says = f"on {', '.join(servers)}: portico up --role app there"
    return _hop("uwsgi", roles.UWSGI_ELSEWHERE, about, {"here": False, "says": says}, sockets=sockets)


def _uwsgi(about: Subject) -> Hop:
    plan = about.plan
    uwsgi = plan.uwsgi
    each = f"a master and {uwsgi.processes} workers of {uwsgi.threads} threads as {about.application}"
    would = each if uwsgi.instances == 1 else f"{uwsgi.instances} instances, each {each}"
    inis = [(name, text.path) for name, text in about.texts.items() if name.endswith(".ini")]
    return _hop(
        "uwsgi",
        _uwsgi_role(plan),
        about,
        _process(about, "uwsgi", would),
        version=plan.interpreter.uwsgi.version,
        binary=plan.interpreter.uwsgi.path,
        files=[{"what": what, "path": str(path)} for what, path in [*inis, ("entry.py", uwsgi.entry), ("log", uwsgi.log)]],
        sockets=_sockets(plan),
        serves=[
            {"url": one.url, "folder": one.root, "kind": one.kind} for one in plan.site.maps if one.served_by == "uwsgi"
        ],
        others=[server.address for server in plan.upstream.servers],
    )


def _uwsgi_role(plan: Plan) -> roles.Role:
    if plan.front == "none":
        return roles.UWSGI_DIRECT
    return roles.UWSGI_CHOSEN if plan.uwsgi.worker_sockets else roles.UWSGI


def _sockets(plan: Plan) -> list[dict[str, Any]]:
    rows: list[tuple[str, str]] = []
    if plan.front == "none":
        rows.append(("browsers connect here", str(plan.listen)))
    elif not plan.uwsgi.address.startswith("unix:"):
        rows.append(("nginx connects here", plan.uwsgi.address))
    for one in plan.uwsgi.each():
        linked = plan.uwsgi.address.startswith("unix:") and plan.front == "nginx"
        for number, (link, path) in enumerate(zip(one.links, one.sockets, strict=True), start=1):
            worker = f"worker {number}'s" if one.worker_sockets else "its"
            which = f", for worker {number} when it has the fewest requests" if one.worker_sockets else ""
            if linked:
                rows.append((f"nginx connects here{which}; leads to {path.rpartition('/')[2]}", _link(link, plan)))
            rows.append((f"{worker} own, of this release", path))
        rows.append(("numbers about its workers, as JSON", one.stats_socket))
    return [_socket(what, address) for what, address in rows]


def _link(name: str, plan: Plan) -> str:
    return f"{plan.paths.run}/app/{name}"


def _socket(what: str, address: str) -> dict[str, Any]:
    if not address.startswith("/"):
        return {"what": what, "address": address, "mode": "", "exists": None}
    seen = look(address)
    return {"what": what, "address": address, **seen}


def _process(about: Subject, name: str, would: str) -> dict[str, Any]:
    """The processes of that hop as `status` saw them: of several instances the first, and all of them in `each`."""
    seen = [hop for hop in about.running["hops"] if hop["hop"] == name] if about.is_live else []
    each = [
        {
            "name": hop.get("instance", name),
            **{key: hop[key] for key in ("state", "pid", "pids", "user")},
            "workers": [worker["pid"] for worker in hop.get("workers") or ()],
        }
        for hop in seen
    ]
    running = bool(each) and all(one["state"] == "running" for one in each)
    first = each[0] if each else {"state": "not started", "pid": None, "pids": [], "user": None}
    main = {key: first[key] for key in ("state", "pid", "pids", "user")}
    return {"here": True, "running": running, **main, "would": would, "each": each}


def _wsgi(about: Subject, django: bool) -> Hop:
    plan = about.plan
    says = "none of its own: a function in each worker of uWSGI"
    target = f"{plan.site.module or plan.site.file}:{plan.site.callable}"
    return _hop(
        "wsgi",
        roles.WSGI if django else roles.WSGI_APPLICATION,
        about,
        {"here": True, "running": about.is_live, "says": says},
        callable=target,
        python=plan.interpreter.executable,
        python_version=plan.interpreter.version,
        files=[{"what": "Python", "path": plan.interpreter.executable}],
    )


def _django(about: Subject) -> Hop:
    plan = about.plan
    says = "none of its own: code that the callable runs in each worker of uWSGI"
    return _hop(
        "django",
        roles.DJANGO,
        about,
        {"here": True, "running": about.is_live, "says": says},
        settings=plan.site.settings,
        directory=plan.site.directory,
        files=[{"what": "project", "path": plan.site.directory}],
    )
