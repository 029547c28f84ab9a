"""Render a plan into its release folder and prove it with the real nginx, before anything live is touched."""

from __future__ import annotations

import ast
import hashlib
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from portico.actions import history
from portico.actions.places import Places
from portico.actions.resolve_uwsgi import as_release
from portico.actions.resolve_workers import UNGATED_THREADS
from portico.hops.nginx import commands as nginx
from portico.hops.nginx.facts import emerg_reason
from portico.hops.nginx.raw_lines import KEYS
from portico.hops.nginx.render import compile_templates as nginx_templates
from portico.hops.nginx.render import files as nginx_files
from portico.hops.uwsgi.render import compile_templates as uwsgi_templates
from portico.hops.uwsgi.render import files as uwsgi_files
from portico.hops.uwsgi.render import pool_files
from portico.hops.wsgi.render import files as wsgi_files
from portico.model.errors import Exit, PorticoError
from portico.model.file import File
from portico.model.finding import Kind
from portico.model.origin import Origin
from portico.model.plan import Plan
from portico.model.site import StaticMap
from portico.system import files
from portico.system.accounts import Account, by_name, can_enter, ourselves
from portico.system.run import run

INSIDE = Path(__file__).parent.parent / "inside"
#: What records a traced request: one package, whose modules import each other.
TRACING = tuple(f"trace_{name}.py" for name in ("record", "wsgi", "layers", "hooks", "django", "parts", "sql"))

REJECTED = Kind(
    "nginx.E001",
    "nginx",
    "nginx rejects the configuration",
    "nginx refuses to start, or keeps its old configuration at a reload, when one directive is wrong.",
    "https://nginx.org/en/docs/switches.html",
    shows="`portico up` ends with exit status 2, and what was live goes on. Without Portico `nginx -t` fails and `nginx -s "
    "reload` changes nothing.",
    example='nginx: [emerg] unknown directive "gzip_statc" in /etc/nginx/site.conf:12',
    cure="Correct that line and test again with `nginx -t`. Raw lines come from `extra_main`, `extra_http`, "
    "`extra_server` and `extra_location` of `[nginx]`; a directive of a module that this nginx lacks is unknown to it "
    "(`nginx -V`).",
)
NOT_RENDERABLE = Kind(
    "config.E005",
    "config",
    "A value cannot be written into a configuration file",
    "A line break or a control character in a value would become configuration of its own.",
    shows="`up`, `render` and `config` end with exit status 2 and name the value and where it comes from. Nothing is "
    "written.",
    example='server_name = ["example.com;"]',
    cure="Change the value, or rename the folder it comes from: no line breaks and control characters anywhere, and in a "
    "server name only what a server name may have.",
)


def render(plan: Plan) -> tuple[File, ...]:
    """Every file of a release. Raises PorticoError when a value can be written into no file safely."""
    try:
        return _files(plan)
    except ValueError as error:
        fix = ["change that value, or the name of the folder it comes from"]
        raise PorticoError(NOT_RENDERABLE.found(cause=str(error), evidence=[str(error)], fix=fix), Exit.USAGE) from None


def _files(plan: Plan) -> tuple[File, ...]:
    rendered = (nginx_files(plan) if plan.nginx else ()) + uwsgi_files(plan)
    return rendered + wsgi_files(plan) if plan.uwsgi.entry else rendered


def compile_templates() -> None:
    """What rendering begins with, for whoever has the time now."""
    nginx_templates()
    uwsgi_templates()


def prove_writable(plan: Plan, values: Mapping[str, Any]) -> None:
    """Raise before anything is written when a value can stand in no configuration file; `values` are the plan's by their
    names in portico.toml, so that the message can say where the value came from."""
    try:
        _files(plan)
    except ValueError as error:
        origins = {key: plan.origins[key] for key in _named(str(error), values) if key in plan.origins}
        fix = [_change(key, origin) for key, origin in origins.items() if origin.kind in ("file", "flag")]
        finding = NOT_RENDERABLE.found(
            cause=str(error),
            evidence=[f"{key}: {origin}" for key, origin in origins.items()]
            or [f"the project lies in {plan.paths.project!r}"],
            fix=fix or [f"rename the folder, or move the project: {shlex.quote(plan.paths.project)}"],
        )
        raise PorticoError(finding, Exit.USAGE) from None


def _named(message: str, values: Mapping[str, Any]) -> list[str]:
    """The keys whose value is the one that the message starts with, or the last part of that path."""
    match = re.match(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", message)
    bad = f"/{str(ast.literal_eval(match[0])).strip('/') if match else ''}/"
    return [key for key, value in values.items() if any(bad.endswith(f"/{text}/") for text in _texts(value))]


def _texts(value: Any) -> list[str]:
    """The texts of a value, of a list's items or of a table's keys and values, without slashes at their ends."""
    several = [text for pair in value.items() for text in pair] if isinstance(value, Mapping) else value
    texts = several if isinstance(several, (list, tuple)) else [several]
    return [stripped for text in texts if isinstance(text, str) and (stripped := text.strip("/"))]


def _change(key: str, origin: Origin) -> str:
    return f"change {key} in {origin.detail}" if origin.kind == "file" else f"give another {origin.detail}"


def scripts() -> tuple[File, ...]:
    """The modules that run in the project's Python: copied into the release, so that an upgrade of Portico cannot change
    a running stack."""
    names = ("entry.py", "gate.py", "request_body.py", "uwsgi_launcher.py", *TRACING)
    return tuple(File(name, (INSIDE / name).read_text(encoding="utf-8"), 0o640) for name in names)


def fingerprint(plan: Plan, environ_digest: str, app: Account, where: Places) -> str:
    """A digest of all a release is made of but its code and number: the same plan, account and environment give the same."""
    same = as_release(plan, where.paths(0), 0)
    programs = (plan.interpreter.executable, plan.interpreter.uwsgi.path, plan.nginx.binary.path if plan.nginx else "")
    # The log is in no file of the release: the guard opens it.
    parts = [environ_digest, app.name, plan.uwsgi.log, *programs]
    parts += [f"{file.path}\n{file.text}" for file in (*render(same), *pool_files(same), *scripts())]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def as_numbered(plan: Plan, where: Places, number: int) -> Plan:
    """The same plan as another release."""
    return as_release(plan, where.paths(number), number)


def stage(where: Places, plan: Plan, app: Account) -> Path:
    """Write the release folder and return it. As root it belongs to root and the application's account may read it."""
    us = ourselves()
    folder = where.release_dir(plan.uwsgi.instance)
    files.remove(folder)
    group = app.gid if us.uid == 0 else -1
    try:
        files.make_dir(folder, 0o750, gid=group)
        files.write_all(folder, (*render(plan), *scripts()), group)
    except BaseException:
        files.remove(folder)
        raise
    return folder


def prove_nginx(plan: Plan, folder: Path) -> None:
    """`nginx -t` on the staged files; raises PorticoError with nginx's own reason."""
    if plan.nginx is None:
        return
    outcome = run(nginx.prove(plan, str(folder / "nginx.conf")))
    if outcome.ok:
        return
    reason = emerg_reason(outcome.stderr + outcome.stdout)
    said = [line for line in (outcome.stderr + outcome.stdout).splitlines() if line.strip()][-4:]
    fix = [f"{shlex.join(outcome.command.argv)}   # repeat the test"]
    if reason and reason.file and reason.line:
        said.insert(0, _line(Path(reason.file), reason.line))
    raw = [key for key in KEYS if getattr(plan.nginx, key)]
    if raw:
        places = ", ".join(f"{key} ({plan.origins[f'nginx.{key}'].detail})" for key in raw)
        fix.insert(0, f"correct the raw lines of [nginx], which are copied as they are: {places}")
    finding = REJECTED.found(
        cause=str(reason) if reason else (said[-1] if said else "nginx -t failed"), evidence=said, fix=fix
    )
    raise PorticoError(finding, Exit.USAGE)


def _line(path: Path, number: int) -> str:
    """That line of a file, with its place."""
    lines = (files.read_text(path) or "").splitlines()
    return f"{path.name}:{number}: {lines[number - 1].strip()[:160] if number <= len(lines) else ''}"


def forget_old(where: Places, keep: int, needed: Collection[int]) -> frozenset[int]:
    """Remove release folders that are neither `needed` nor among the last `keep` that were live, nor the last failure, whose
    hooks' output somebody may want to read. Returns those of the kept that were live."""
    live = {record.number for record in history.every(where) if record.live_at}
    kept = {*sorted(live)[-keep:], *needed}
    there = history.numbers(where)
    for number in set(there) - kept - set(there[-1:]):
        files.remove(where.release_dir(number))
    return frozenset(kept)


def control_dir(folder: Path, app: Account) -> Path:
    """Where a stand-alone uWSGI makes what it makes after giving up root: `folder` stays with whoever renders."""
    return folder if app.uid == ourselves().uid else folder / "ctl"


def stand_alone(plan: Plan, folder: Path, app: Account) -> Plan:
    """The same plan as files that run without Portico from `folder`: no entry module, no release number, all paths there,
    and static files from where no release is needed.

    The socket stays in the runtime directory's place only if `folder` is too long for a unix socket.
    """
    here = str(folder)
    address = plan.uwsgi.address
    if address.startswith("unix:"):
        address = f"unix:{here}/app.sock"
    uwsgi = replace(
        plan.uwsgi,
        address=address,
        instance_socket=f"{here}/app.sock",
        stats_socket=f"{control_dir(folder, app)}/stats.sock",
        fifo=f"{control_dir(folder, app)}/uwsgi.fifo",
        entry="",
        user=app.name if ourselves().uid == 0 else "",
        group=app.group if ourselves().uid == 0 else "",
        log="" if plan.uwsgi.daemonize else f"{here}/uwsgi.log",
        threads=_ungated(plan),
    )
    nginx_plan = plan.nginx
    if nginx_plan:
        own = (f"{plan.paths.log}/", f"{plan.paths.run}/log/")
        access, error = (
            f"{here}/{Path(path).name}" if path.startswith(own) else path
            for path in (nginx_plan.access_log, nginx_plan.error_log)
        )
        nginx_plan = replace(nginx_plan, access_log=access, error_log=error)
    paths = replace(plan.paths, conf=here, log=here, tmp=here, run=here)
    site = replace(plan.site, maps=tuple(_without_releases(found, plan) for found in plan.site.maps))
    return replace(plan, site=site, uwsgi=uwsgi, nginx=nginx_plan, paths=paths)


def _ungated(plan: Plan) -> int:
    """Threads where no entry module lets only a few requests in at once."""
    chosen = plan.origins.get("uwsgi.threads")
    return plan.uwsgi.threads if chosen and chosen.kind != "default" else min(plan.uwsgi.threads, UNGATED_THREADS)


def _without_releases(found: StaticMap, plan: Plan) -> StaticMap:
    """From STATIC_ROOT, where the project has one, else from what the live release has collected."""
    link = Path(found.root)
    if found.root == found.of_release(plan.paths.static, 0):
        return found
    root = found.source or (str(link.parent / link.readlink()) if link.is_symlink() else found.root)
    worker = by_name(plan.nginx.user) if plan.nginx and plan.nginx.user else None
    closed = worker is not None and can_enter(worker, Path(root)) and Path(root).exists()
    return replace(found, root=root, served_by="uwsgi" if closed else found.served_by)
