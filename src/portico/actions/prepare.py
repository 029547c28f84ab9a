"""From a folder and flags to a plan: configuration, the project asked about itself, the machine, then one frozen plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.actions import stage, state
from portico.actions.ask import Question
from portico.actions.begin import Begun, begun
from portico.actions.configure import Loaded
from portico.actions.inspect import Inspection, inspect, no_application
from portico.actions.machine import Machine, survey
from portico.actions.options import Options
from portico.actions.places import Places
from portico.actions.resolve import Resolved, resolve
from portico.hops.django import checks as django_checks
from portico.hops.django.facts import DjangoFacts
from portico.hops.django.static import kept_elsewhere
from portico.hops.nginx import checks as nginx_checks
from portico.hops.uwsgi import checks as uwsgi_checks
from portico.hops.uwsgi import extra_lines
from portico.hops.wsgi.kinds import DEAD_THREADS
from portico.model.finding import CouldNotTell, Finding
from portico.model.plan import Listen, Plan
from portico.model.site import application_name
from portico.seams import nginx_django, nginx_uwsgi
from portico.system import limits


@dataclass(frozen=True)
class Prepared:
    """A plan and all that led to it. `environ` holds secrets and is never shown; `request` is the common part of what
    the `inside` scripts are asked; `directory` is the folder with manage.py. `django` is None for another application;
    `unknown` are the checks that came to no answer."""

    where: Places
    options: Options
    plan: Plan
    machine: Machine
    environ: Mapping[str, str]
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    values: Mapping[str, Any]
    config_file: str
    headline: str
    directory: Path
    request: Mapping[str, Any]
    collects: bool
    django: DjangoFacts | None = None
    unknown: tuple[CouldNotTell, ...] = ()

    def question(self, script: str, request: Mapping[str, Any], why: str, limit_s: float) -> Question:
        """To the project's own Python, as the site itself will run."""
        python = self.plan.interpreter.executable
        return Question(script, request, python, self.environ, self.directory, self.machine.app, why, limit_s)


def prepare(options: Options, loaded: Loaded | None = None, where: Places | None = None) -> Prepared:
    """Read and ask; change nothing. Raises PorticoError when there is no plan to be made. `loaded` stands for the project's
    own configuration, `where` for the places of its stack: for one that runs aside."""
    with begun(options, loaded, where) as beginning:
        return finish(beginning)


def finish(beginning: Begun) -> Prepared:
    """What `prepare` does when the project has been asked."""
    options, loaded, where, config = beginning.options, beginning.loaded, beginning.where, beginning.loaded.config
    machine = survey(
        options.project,
        beginning.accounts,
        front="none" if beginning.role == "app" else options.front or config.front or "nginx",
        nginx=options.nginx or config.nginx.binary or "auto",
    )
    stage.compile_templates()
    located, asked = beginning.located, beginning.asked
    seen = inspect(options, located, where, asked) if located and asked else no_application(options.project)
    resolved = resolve(options, loaded, seen, machine, where, next_release(where), _ours(where))
    stage.prove_writable(resolved.plan, resolved.layers.values)
    findings, unknown = _findings(resolved, seen, machine)
    collect = resolved.layers.pick("collect_static", True)
    return Prepared(
        where=where,
        options=options,
        plan=resolved.plan,
        machine=machine,
        environ=seen.environ,
        findings=findings,
        checked=_checked(seen, resolved.plan),
        values=resolved.layers.values,
        config_file=loaded.file,
        headline=_headline(seen, resolved.plan),
        directory=seen.directory,
        request=seen.request,
        collects=collect and _can_collect(seen, loaded),
        django=seen.django,
        unknown=unknown,
    )


def next_release(where: Places) -> int:
    """One more than any release this stack has had. The folder with the releases may have been deleted under a running
    stack, whose instances are known in the runtime directory."""
    root = where.state / "releases"
    names = [path.name for path in root.iterdir()] if root.is_dir() else []
    names += [path.stem.removeprefix("uwsgi-").partition(".")[0] for path in where.run.glob("uwsgi-*.json")]
    known = state.read(where)
    return max([*(int(name) for name in names if name.isdigit()), known.release if known else 0]) + 1


def _ours(where: Places) -> Listen | None:
    """Where the running stack listens: `--listen auto` keeps that."""
    known = state.read(where)
    return Listen(known.plan["listen"]["host"], known.plan["listen"]["port"]) if known else None


def _can_collect(seen: Inspection, loaded: Loaded) -> bool:
    django = seen.django
    return bool(django and django.staticfiles_installed and django.static_storage_local and loaded.config.static is None)


def _findings(
    resolved: Resolved, seen: Inspection, machine: Machine
) -> tuple[tuple[Finding, ...], tuple[CouldNotTell, ...]]:
    """All that the plan itself has wrong, errors first, and what could not be told."""
    plan = resolved.plan
    found: list[Finding] = [*_while_imported(seen, plan), *resolved.findings]
    if seen.django:
        found += django_checks.check(seen.django, plan) + nginx_django.transport(seen.django, plan)
    own = [*uwsgi_checks.backlog(plan, machine.somaxconn), *uwsgi_checks.socket_paths(plan)]
    found += [entry for entry in own if isinstance(entry, Finding)] + extra_lines.check(plan)
    # Root raises its own limit.
    found += nginx_checks.descriptors(plan, None if machine.us.uid == 0 else limits.open_files())
    found += nginx_uwsgi.check(plan)
    found += nginx_django.check(plan, resolved.closed)
    order = {"error": 0, "warning": 1, "info": 2}
    unknown = tuple(entry for entry in own if isinstance(entry, CouldNotTell))
    return tuple(sorted(found, key=lambda finding: order[finding.severity])), unknown


def _while_imported(seen: Inspection, plan: Plan) -> tuple[Finding, ...]:
    """Where every worker imports the application itself, its threads live."""
    lazy = plan.uwsgi.lazy_apps or not extra_lines.names(plan.uwsgi.extra).isdisjoint(("lazy", "lazy-apps"))
    return tuple(finding for finding in seen.findings if not (lazy and finding.id == DEAD_THREADS.id))


def _headline(seen: Inspection, plan: Plan) -> str:
    if not seen.django and not seen.module and not seen.file:
        return f"{plan.site.name}: nginx for {', '.join(server.address for server in plan.upstream.servers)}"
    what = f"Django {seen.django.version}, settings {seen.django.settings}" if seen.django else "WSGI"
    target = application_name(plan.site.module, plan.site.file, plan.site.callable)
    return f"{plan.site.name}: {what}, {target}, Python {plan.interpreter.version} ({plan.interpreter.executable})"


def _checked(seen: Inspection, plan: Plan) -> tuple[str, ...]:
    rows = [_headline(seen, plan), f"public address {plan.listen}"]
    rows += [f"{static.kind} {static.url} -> {static.root} (by {static.served_by})" for static in plan.site.maps]
    if seen.django and (told := kept_elsewhere(seen.django)):
        rows.append(told)
    if plan.nginx:
        rows.append(f"nginx {'.'.join(map(str, plan.nginx.binary.version))} ({plan.nginx.binary.path})")
    uwsgi = plan.interpreter.uwsgi
    if plan.uwsgi.instances:
        rows.append(f"uWSGI {uwsgi.version or uwsgi.kind} ({uwsgi.path})")
    rows += [f"application on {server.address}" for server in plan.upstream.servers if plan.nginx]
    return tuple(rows)
