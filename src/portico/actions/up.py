"""`portico up` and `portico reload`: from a folder to a site that answers, and from one release to the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from portico.actions import (
    apply,
    beside,
    chain,
    collect,
    done,
    environment,
    folders,
    front,
    history,
    hooks,
    retire,
    stage,
    state,
    supervise,
    trace_token,
)
from portico.actions.begin import Begun
from portico.actions.history import Record
from portico.actions.instance import Release
from portico.actions.options import Options, find_places
from portico.actions.places import Places
from portico.actions.ports import all_port_findings
from portico.actions.prepare import Prepared, finish, next_release, prepare
from portico.actions.source import Source, source_of
from portico.actions.state import State
from portico.hops.django.kinds import NO_HOSTS
from portico.hops.uwsgi.checks import BACKLOG, SOCKET_PATH
from portico.hops.wsgi.kinds import DEAD_THREADS
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding
from portico.model.result import Result
from portico.system import clock, lock, processes
from portico.system.aside import orderly
from portico.system.supervisor import Supervisor

Say = Callable[[str], None]
_NOBODY_SERVED = (NO_HOSTS.id, BACKLOG.id, SOCKET_PATH.id)


def up(options: Options, say: Say, begun: Begun | None = None) -> Result:
    """Start the stack, or make a release of what changed: the code, the configuration, the environment; says so when nothing
    did. The Result's data is that of `status`, with `changed`, `headline`, `command`, `hooks` and `memory`; findings that
    are mere information are left to `check`. `begun`: what has been begun of it already (`begin.early`)."""
    with orderly():
        return _up(options, say, "up", begun, again=False)


def reload(options: Options, say: Say, verb: str = "reload", begun: Begun | None = None) -> Result:
    """Make a new release, whether or not anything changed."""
    with orderly():
        return _up(options, say, verb, begun, again=True)


def _up(options: Options, say: Say, verb: str, begun: Begun | None, again: bool) -> Result:
    prepared = _prepared(options, begun)
    say(prepared.headline)
    _refuse(prepared)
    folders.make_state(prepared.where, prepared.machine)
    with lock.exclusive(prepared.where.lock):
        if next_release(prepared.where) != prepared.plan.uwsgi.instance:
            prepared = _prepared(options)
            _refuse(prepared)
        try:
            return _locked(prepared, say, verb, again)
        except PorticoError as error:
            discreet = environment.discreet(error, prepared.environ)
            history.failed(prepared.where, prepared.plan.uwsgi.instance, discreet.findings[0].cause)
            raise PorticoError(discreet.findings[0], discreet.code, (*discreet.findings[1:], *_perhaps(prepared))) from error


def _perhaps(prepared: Prepared) -> list[Finding]:
    """What was known before and may be why a release does not answer."""
    return [finding for finding in prepared.findings if finding.id == DEAD_THREADS.id]


def _prepared(options: Options, begun: Begun | None = None) -> Prepared:
    """`prepare`; where a site serves already, code that does not load is a release that was refused, not wrong usage."""
    try:
        return finish(begun) if begun else prepare(options)
    except PorticoError as error:
        code_is_broken = error.code == Exit.USAGE and error.findings[0].hop in ("wsgi", "django")
        if code_is_broken and state.read(find_places(options.project)):
            raise PorticoError(error.findings[0], Exit.ROLLED_BACK, error.findings[1:]) from error
        raise


def _locked(prepared: Prepared, say: Say, verb: str, again: bool) -> Result:
    where, plan = prepared.where, prepared.plan
    live = supervise.observe(where)
    code = source_of(where.project, plan.site, plan.interpreter)
    base = stage.fingerprint(plan, environment.digest(prepared.environ), prepared.machine.app, where)
    known = state.read(where)
    if known and known.digest == f"{base} {code.digest}" and not again and _whole(where, live, known):
        retire.retire_others(where, Supervisor(where.supervisor_socket), known.names | known.warm.keys())
        return _result(prepared, verb, "Already running, and nothing has changed.", {"changed": False})
    if known and plan.release.fast and chain.can(known, base) and _whole(where, live, known):
        return _fast(prepared, known, code, base, say, verb)
    if known and plan.release.fast and live.running:
        say("this release needs memory for two: what runs was not started with --fast, or more than the code has changed")
    folders.make_rest(where, prepared.machine, plan)
    supervise.make_run(where, prepared.machine.app, prepared.machine.worker)
    with beside.supervisord(where, live):
        return _release(prepared, known, code, base, say, verb, running=live.running)


def _release(prepared: Prepared, known: State | None, code: Source, base: str, say: Say, verb: str, running: bool) -> Result:
    """A new instance of the code beside the old one, and then in its place."""
    where, plan = prepared.where, prepared.plan
    number, before = plan.uwsgi.instance, known.release if known else 0
    trace_token.ensure(where)
    kept = stage.forget_old(where, plan.release.keep, {before, known.previous if known else 0})
    forget_static = collect.forget_static(where, kept)
    try:
        folder = stage.stage(where, plan, prepared.machine.app)
    except PorticoError:
        # The disk may be full: then there is more room for the next attempt.
        forget_static()
        raise
    record = _record(prepared, code, base, verb)
    history.write(where, record)
    stage.prove_nginx(plan, folder)
    if plan.nginx:
        version = ".".join(map(str, plan.nginx.binary.version))
        say(f"nginx -t accepts the configuration (nginx {version}, {plan.nginx.binary.origin})")
    runs = hooks.run_hooks(prepared, folder, before, code.revision, say)
    if runs:
        # They may have made files of their own: style sheets, translations.
        code = source_of(where.project, plan.site, plan.interpreter)
    record = replace(record, digest=f"{base} {code.digest}", hooks=[asdict(run) for run in runs])
    history.write(where, record)

    def commit(warm: dict[str, int]) -> None:
        previous = before if before != number else 0
        now = clock.now()
        flags, data = prepared.options.flags(), state.plan_data(plan)
        state.write(where, State(number, record.digest, now, plan.listen.url, flags, data, previous, warm))
        history.write(where, replace(record, live_at=now))

    release = Release(plan, folder, prepared.environ, prepared.machine.app)
    with collect.collecting(prepared) as collected:
        seen = apply.go_live(where, release, say, commit, beside.starting(prepared, collected, forget_static, say))
    extra = {**done.switched(plan, seen, say), "hooks": record.hooks}
    if seen.warm:
        say(f"release {before} sleeps, ready for `portico rollback`")
    headline = "The new release is live." if running else f"{plan.site.name} is up."
    return _result(prepared, verb, headline, extra, done.broken(release, seen.through))


def _fast(prepared: Prepared, known: State, code: Source, base: str, say: Say, verb: str) -> Result:
    """The workers of the running instance replaced one by one."""
    where = prepared.where
    live = stage.as_numbered(prepared.plan, where, known.release)
    prepared = replace(prepared, plan=live)
    runs = hooks.run_hooks(prepared, where.release_dir(known.release), known.previous, code.revision, say)
    if collected := collect.collect_static(prepared):
        say(collected)
    release = Release(live, where.release_dir(known.release), prepared.environ, prepared.machine.app)
    seen = chain.reload(where, release, say)
    say(done.answered(live, seen))
    state.write(where, replace(known, digest=f"{base} {code.digest}", started=clock.now()))
    if record := history.read(where, known.release):
        ran = [asdict(run) for run in runs]
        history.write(
            where, replace(record, digest=f"{base} {code.digest}", source=asdict(code), hooks=ran, live_at=clock.now())
        )
    headline = "The workers were replaced one by one; there is no way back to the code before."
    extra = {"changed": True, "hooks": [asdict(run) for run in runs]}
    return _result(prepared, verb, headline, extra, done.broken(release, seen))


def _record(prepared: Prepared, code: Source, base: str, verb: str) -> Record:
    plan = prepared.plan
    values = json.loads(json.dumps(dict(prepared.values), default=str))
    return Record(
        number=plan.uwsgi.instance,
        created=clock.now(),
        verb=verb,
        digest=f"{base} {code.digest}",
        url=plan.listen.url,
        source=asdict(code),
        values=values,
        flags=prepared.options.flags(),
        plan=state.plan_data(plan),
    )


def _whole(where: Places, live: supervise.Live, known: State) -> bool:
    """Whether what runs is what the state says: a command that was killed may have left it halfway."""
    if not front.is_live(where, known.release, known.plan["uwsgi"]) or any(map(processes.lost_its_folder, live.pids)):
        return False
    wanted = known.names | ({"nginx"} if known.plan["nginx"] else set())
    return live.supervisor_pid is not None and wanted <= {program.name for program in live.programs if program.pid}


def _refuse(prepared: Prepared) -> None:
    """Stop, before anything is written, when it is certain that nobody could be served; every other finding is shown
    beside the running site."""
    errors = [finding for finding in prepared.findings if finding.id in _NOBODY_SERVED]
    errors += all_port_findings(prepared)
    if errors:
        raise PorticoError(errors[0], Exit.USAGE, errors[1:])


def _result(
    prepared: Prepared, verb: str, headline: str, extra: Mapping[str, Any], broken: tuple[Finding, ...] = ()
) -> Result:
    told = tuple(finding for finding in prepared.findings if finding.severity != "info")
    return done.result(prepared.where, prepared.options.project, verb, headline, extra, broken, told)
