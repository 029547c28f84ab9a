"""`portico up` and `portico restart`: from a folder to a site that answers."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from portico.actions import apply, environment, folders, stage, state, supervise
from portico.actions.collect import collect_static
from portico.actions.failing_page import failing_page
from portico.actions.listen import port_findings
from portico.actions.options import Options
from portico.actions.places import Places
from portico.actions.prepare import Prepared, next_release, prepare
from portico.actions.status import status
from portico.hops.django.kinds import NO_HOSTS
from portico.hops.uwsgi.checks import BACKLOG, SOCKET_PATH
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding
from portico.model.result import Result
from portico.system import clock, lock, processes
from portico.system.supervisor import Supervisor

Say = Callable[[str], None]
_NOBODY_SERVED = (NO_HOSTS.id, BACKLOG.id, SOCKET_PATH.id)


def up(options: Options, say: Say) -> Result:
    """Start the stack, or apply what changed; says so when nothing did. The Result's data is that of `status`, with
    `changed`, `headline` and `command`; findings that are mere information are left to `check`."""
    return _up(options, say, "up", again=False)


def restart(options: Options, say: Say) -> Result:
    """Start a new release of the same plan, whether or not anything changed."""
    return _up(options, say, "restart", again=True)


def _up(options: Options, say: Say, verb: str, again: bool) -> Result:
    prepared = prepare(options)
    say(prepared.headline)
    _refuse(prepared)
    folders.make_state(prepared.where, prepared.machine)
    with lock.exclusive(prepared.where.lock):
        if next_release(prepared.where) != prepared.plan.uwsgi.instance:
            prepared = prepare(options)
            _refuse(prepared)
        try:
            return _locked(prepared, options, say, verb, again)
        except PorticoError as error:
            raise environment.discreet(error, prepared.environ) from error


def _locked(prepared: Prepared, options: Options, say: Say, verb: str, again: bool) -> Result:
    where, plan = prepared.where, prepared.plan
    live = supervise.observe(where)
    digest = stage.fingerprint(plan, environment.digest(prepared.environ), prepared.machine.app, where)
    known = state.read(where)
    if known and known.digest == digest and not again and _whole(where, live, known):
        apply.retire_others(where, Supervisor(where.supervisor_socket), f"uwsgi-{known.release}")
        return _result(prepared, options, verb, "Already running, and nothing has changed.", changed=False)
    folders.make_rest(where, prepared.machine, plan)
    if collected := collect_static(prepared):
        say(collected)
    supervise.make_run(where, prepared.machine.app, prepared.machine.worker)
    stage.forget_old(where, known.release if known else 0)
    folder = stage.stage(where, plan, prepared.machine.app)
    stage.prove_nginx(plan, folder)
    if plan.nginx:
        version = ".".join(map(str, plan.nginx.binary.version))
        say(f"nginx -t accepts the configuration (nginx {version}, {plan.nginx.binary.origin})")
    release = apply.Release(plan, folder, prepared.environ, prepared.machine.app)
    flags = prepared.options.flags()
    now = state.State(plan.uwsgi.instance, digest, clock.now(), plan.listen.url, flags, state.plan_data(plan))
    seen = apply.go_live(where, release, say, commit=lambda: state.write(where, now))
    say(f"GET {plan.site.health_path} through every hop: {seen.status} in {seen.duration_s * 1000:.0f} ms")
    headline = "The new release is live." if live.running else f"{plan.site.name} is up."
    failing = (failing_page(plan, seen),) if seen.status >= 500 else ()
    broken = environment.without_secrets(failing, prepared.environ)
    return _result(prepared, options, verb, headline, changed=True, broken=broken)


def _whole(where: Places, live: supervise.Live, known: state.State) -> bool:
    """Whether what runs is what the state says: a command that was killed may have left it halfway."""
    if not apply.is_live(where, known.release) or any(map(processes.lost_its_folder, live.pids)):
        return False
    wanted = {f"uwsgi-{known.release}"} | ({"nginx"} if known.plan["nginx"] else set())
    return live.supervisor_pid is not None and wanted <= {program.name for program in live.programs if program.pid}


def _refuse(prepared: Prepared) -> None:
    """Stop, before anything is written, when it is certain that nobody could be served; every other finding is shown
    beside the running site."""
    errors = [finding for finding in prepared.findings if finding.id in _NOBODY_SERVED]
    errors += port_findings(prepared.plan.listen, supervise.observe(prepared.where).pids)
    if errors:
        raise PorticoError(errors[0], Exit.USAGE, errors[1:])


def _result(
    prepared: Prepared, options: Options, verb: str, headline: str, changed: bool, broken: tuple[Finding, ...] = ()
) -> Result:
    seen = status(prepared.where)
    data: dict[str, Any] = {
        **seen.data,
        "changed": changed,
        "headline": headline,
        "command": _command(options),
    }
    told = tuple(finding for finding in prepared.findings if finding.severity != "info")
    findings = (*broken, *told, *seen.findings)
    code = Exit.FINDINGS if broken or seen.findings else Exit.DONE
    return Result(verb, data, findings, code)


def _command(options: Options) -> str:
    """How to call portico again from where the user stands: short paths, and the `portico` on PATH where it is this one."""
    script = Path(sys.executable).parent / "portico"
    known = shutil.which("portico")
    if known and script.exists() and Path(known).samefile(script):
        program = ["portico"]
    else:
        program = [_from_here(script)] if script.exists() else [sys.executable, "-m", "portico"]
    here = options.project == Path.cwd()
    return shlex.join(program if here else [*program, "-C", _from_here(options.project)])


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
