"""Where everything of a stack lies: what it is, who reads it and who writes it, its mode and owner, whether it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.actions.explain.subject import Subject
from portico.actions.history import RECORD
from portico.actions.instance import stats_socket
from portico.export.supervisor import CONFIGURATION
from portico.hops.nginx.render import TRACE_MAP
from portico.hops.uwsgi.render import zerg_path
from portico.model.plan import Plan, each_worker
from portico.model.site import StaticMap
from portico.system import accounts
from portico.system.look.paths import walk

YOU = "you"
PORTICO = "portico up"
NOBODY = "nobody"


@dataclass(frozen=True)
class Row:
    """One path: `name` is what `portico explain` knows it by, `what` says it in words."""

    name: str
    what: str
    path: str
    reads: str
    writes: str


@dataclass(frozen=True)
class Who:
    """The accounts of a stack, in words."""

    portico: str
    master: str
    workers: str
    application: str


def look(path: str) -> dict[str, Any]:
    """`type`, `exists` (None where this account may not look), `mode`, `owner`, `group`, and where a link leads."""
    seen = walk(path, None, "r")
    exists = None if seen.kind == "unknown" else seen.kind != "missing"
    link = Path(path).is_symlink() if exists is not None else False
    return {
        "type": "link" if link and seen.kind == "missing" else seen.kind,
        "exists": exists,
        "mode": seen.mode,
        "owner": seen.owner,
        "group": seen.group,
        "target": seen.symlink,
    }


def path_table(about: Subject) -> list[dict[str, Any]]:
    """`result.paths`: each row with its `name` and what it is, its heading `group_of`, and what `look` says."""
    who = _who(about)
    groups = {
        "The project": _project(about, who),
        "Configuration": _configuration(about, who),
        "Files that browsers get": (*_maps(about, who), *_public(about, who)),
        "Logs": _logs(about.plan, who),
        "Sockets and processes": _sockets(about, who),
        "Portico's own": _own(about, who),
    }
    return [{**vars(row), "group_of": group, **look(row.path)} for group, rows in groups.items() for row in rows if row.path]


def _who(about: Subject) -> Who:
    us = accounts.ourselves().name
    nginx = about.plan.nginx
    return Who(
        us,
        f"nginx's master ({us})",
        f"nginx's workers ({(nginx and nginx.user) or us})",
        f"the application ({about.application})",
    )


def _project(about: Subject, who: Who) -> Iterator[Row]:
    plan = about.plan
    project = about.where.project
    reads = who.application if plan.uwsgi.instances else PORTICO
    yield Row("project", "the project", str(project), reads, YOU)
    if plan.uwsgi.instances:
        if plan.site.directory != str(project):
            yield Row("directory", "where the application runs (uWSGI's chdir)", plan.site.directory, who.application, YOU)
        if (Path(plan.site.directory) / "manage.py").exists():
            yield Row("manage.py", "Django's commands", f"{plan.site.directory}/manage.py", "you, portico up", YOU)
        if plan.site.settings:
            yield Row("settings", "Django's settings", _module(plan.site.settings, plan), who.application, YOU)
        if wsgi := plan.site.file or _module(plan.site.module, plan):
            yield Row("wsgi.py", "the WSGI callable", wsgi, who.application, YOU)
        yield Row("python", "the project's Python", plan.interpreter.executable, "uWSGI, portico up", YOU)
    yield Row("portico.toml", "what you want different from the defaults", str(project / "portico.toml"), PORTICO, YOU)


def _module(dotted: str, plan: Plan) -> str:
    """The file of a module below the folders the application looks in; empty where it is none of these."""
    for folder in (plan.site.directory, *plan.site.python_path):
        base = Path(folder, *dotted.split("."))
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if dotted and file.is_file():
                return str(file)
    return ""


def _configuration(about: Subject, who: Who) -> Iterator[Row]:
    whats = {
        "nginx.conf": ("nginx's configuration", f"{who.master}, at start and reload"),
        "uwsgi_params": ("the variables nginx puts into each packet", f"{who.master}, at start and reload"),
        "mime.types": ("content types by extension", f"{who.master}, at start and reload"),
        "pool.ini": ("configuration of the process that holds the TCP socket", "uWSGI, at its start"),
        "uwsgi-mime.types": ("content types by extension, for uWSGI", "uWSGI, at its start"),
    }
    for name, text in about.texts.items():
        what, reads = whats.get(name, ("uWSGI's configuration", f"uWSGI, at its start ({who.application})"))
        params = about.plan.nginx.uwsgi_params if about.plan.nginx else ""
        yield Row(name, what, str(text.path), reads, YOU if str(text.path) == params else PORTICO)
    if about.plan.uwsgi.entry:
        reads = "uWSGI, which loads the application through it"
        yield Row("entry.py", "imports the application, before there are workers", about.plan.uwsgi.entry, reads, PORTICO)


def _maps(about: Subject, who: Who) -> Iterator[Row]:
    for one in about.plan.site.maps:
        reads = who.workers if one.served_by == "nginx" else f"uWSGI, for browsers ({who.application})"
        yield Row(f"{one.kind} {one.url}", f"files of {one.url}", one.root, reads, _filled_by(one, about, who))
        if one.source:
            yield Row("STATIC_ROOT", "Django's own STATIC_ROOT", one.source, "manage.py", "manage.py collectstatic")


def _public(about: Subject, who: Who) -> Iterator[Row]:
    if about.plan.nginx and about.plan.nginx.public:
        what = "files answered before the application is asked"
        yield Row("public", what, about.plan.nginx.public, who.workers, YOU)


def _filled_by(one: StaticMap, about: Subject, who: Who) -> str:
    if one.kind == "media":
        return f"{who.application}: uploads"
    ours = one.root == str(about.where.static_link)
    return "portico up: collectstatic, for each release" if ours else "you, or manage.py collectstatic"


def _logs(plan: Plan, who: Who) -> Iterator[Row]:
    reads = "portico logs, portico doctor, you"
    if plan.nginx:
        if plan.nginx.access_log != "off":
            yield Row("access log", "a line for each request", plan.nginx.access_log, reads, who.workers)
        yield Row("error log", "what nginx complains about", plan.nginx.error_log, reads, who.workers)
    if plan.uwsgi.instances:
        yield Row("uwsgi log", "what uWSGI and the application write", plan.uwsgi.log, reads, f"uWSGI, {who.application}")


def _sockets(about: Subject, who: Who) -> Iterator[Row]:
    plan = about.plan
    asks = "nginx's master, for reloads" if plan.nginx else ""
    for one in plan.uwsgi.each():
        end = one.suffix
        if plan.nginx and plan.uwsgi.address.startswith("unix:"):
            for link in one.links:
                path = f"{plan.paths.run}/app/{link}"
                yield Row(link, "the name nginx connects to; leads to the live release's", path, who.workers, PORTICO)
        reads = f"{who.workers}, portico" if plan.nginx else "portico"
        for name, path in zip(each_worker(f"socket{end}.sock", len(one.sockets)), one.sockets, strict=True):
            what = "where this release of uWSGI listens" + (", one worker for each socket" if one.worker_sockets else "")
            yield Row(name.removesuffix(".sock"), what, path, reads, "uWSGI makes it")
        stats = str(stats_socket(about.where, one.name)) if about.is_live else one.stats_socket
        yield Row(f"stats{end}", "numbers about the workers", stats, "portico status", "uWSGI makes it")
        yield Row(f"fifo{end}", "commands for uWSGI's master", one.fifo, "uWSGI's master", "portico reload, rollback")
        yield Row(
            f"{one.name}.json",
            "how uWSGI is started, with the application's environment: secret",
            f"{plan.paths.run}/{one.name}.json",
            "the guard that becomes uWSGI",
            PORTICO,
        )
    if zerg := zerg_path(plan):
        yield Row("zerg.sock", "hands the TCP socket to each release", zerg, "uWSGI", "the pool makes it")
    if asks:
        yield Row("nginx.pid", "the process id of nginx's master", f"{plan.paths.run}/nginx.pid", "portico up", who.master)


def _own(about: Subject, who: Who) -> Iterator[Row]:
    where, plan = about.where, about.plan
    if plan.nginx:
        yield Row("tmp", "request bodies and responses too large for memory", plan.paths.tmp, who.workers, who.workers)
        trace = f"{plan.paths.run}/{TRACE_MAP}"
        yield Row(TRACE_MAP, "the secret that a traced request carries", trace, f"{who.master}, portico trace", PORTICO)
    yield Row("state.json", "what runs, with which plan", str(where.state_file), "every portico command", PORTICO)
    if about.is_live:
        record = str(where.release_dir(about.release) / RECORD)
        yield Row(RECORD, "when and of which code this release was made", record, "portico releases, rollback", PORTICO)
    yield Row(CONFIGURATION, "configuration of the supervisor", f"{where.run}/{CONFIGURATION}", "supervisord", PORTICO)
    yield Row("supervisor.sock", "orders for the supervisor", str(where.supervisor_socket), "supervisord", "portico")
    yield Row("supervisord.log", "what it started and stopped", f"{where.run}/supervisord.log", YOU, "supervisord")
