"""Why a release did not come up, from what its processes wrote."""

from __future__ import annotations

import errno
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from portico.actions.env_files import env_file_names
from portico.actions.probe import Probe
from portico.hops.nginx.facts import emerg_reason
from portico.model.command import Outcome
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import Plan
from portico.system import files, sockets

if TYPE_CHECKING:
    from portico.hops.uwsgi.load_failure import LoadFailure

DID_NOT_LOAD = Kind(
    "wsgi.E001",
    "wsgi",
    "The application does not load",
    "uWSGI imports the application once before it takes requests; when that fails nobody could be served.",
    "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#need-app",
    shows="`portico up` or `reload` ends with exit status 4, and what was live serves on. Without Portico every page is "
    "500 `Internal Server Error` in plain text.",
    example="unable to load app 0 (mountpoint='') (callable not found or import error)",
    cure="The traceback above that line in uWSGI's log is the reason. To see it alone, in the project's folder and with "
    "its Python: `.venv/bin/python -c 'import mysite.wsgi'`.",
)
NO_ANSWER = Kind(
    "uwsgi.E005",
    "uwsgi",
    "The new uWSGI instance does not answer",
    "A release goes live only after it has answered a real request over the uwsgi protocol.",
    "https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html",
    shows="`portico up` or `reload` ends with exit status 4 and the release before serves on. The application has loaded, "
    "but the health path got no healthy answer in time.",
    example='/: answered 500, wanted 200-299                      # health_status = ["2xx"]',
    cure="Read the end of uWSGI's log, whose last exception is in the message. Another page than `/` is asked with "
    "`health_path`; `health_timeout` gives a slow first request longer.",
)
NOT_STARTED = Kind(
    "uwsgi.E006",
    "uwsgi",
    "uWSGI does not start",
    "It refused its configuration or could not get what it needs, before it came to the application.",
    "https://uwsgi-docs.readthedocs.io/en/latest/Options.html",
    shows="`portico up` ends with exit status 4, and what was live serves on.",
    example="bind(): Address already in use [core/socket.c line 769]\n[strict-mode] unknown config directive: proceses",
    cure="uWSGI's own line is in the message: correct the option in `extra` of `[uwsgi]`, free the address (`ss -ltnp`), "
    "or let the application's account write where the log lies.",
)
FRONT_SILENT = Kind(
    "nginx.E002",
    "nginx",
    "No answer came back through the whole path",
    "uWSGI answers on its own socket, so what is between it and a browser is at fault.",
    source="https://nginx.org/en/docs/debugging_log.html",
    shows="`portico up` ends with exit status 4 and the release before serves on; a browser would see no answer or a 502.",
    example="nginx: [emerg] bind() to 0.0.0.0:8000 failed (98: Address already in use)",
    cure="`portico logs --hop nginx` says what nginx met, `sudo ss -ltnp 'sport = :8000'` who else holds the port.",
)
#: Failures of the code that is loaded; the others come before it is.
_OF_THE_APPLICATION = ("traceback", "no-app", "hang", "killed", "silent")
#: The port in `bind() to 0.0.0.0:80 failed`, `bind() to [::]:80 failed`.
_BOUND = re.compile(r"bind\(\) to \S+:(\d+) failed")
#: The last line of a traceback.
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)\b.*", re.MULTILINE)


def explain_uwsgi(plan: Plan, log_offset: int, what: str, output: str = "") -> PorticoError:
    """The error for a uWSGI instance that died or gave no good answer: its log since the start has the real cause."""
    from portico.hops.uwsgi.load_failure import load_failure

    log = Path(plan.uwsgi.log)
    less = f"less +G {shlex.quote(str(log))}   # all that it wrote"
    text = files.tail(log, log_offset) + output
    failure = load_failure(text)
    if failure is None:
        last = [line for line in text.splitlines() if line.strip()][-6:]
        raised = _RAISED.findall(text)
        cause = f"{what}; the last exception is {raised[-1]}" if raised else what
        return PorticoError(NO_ANSWER.found(cause=cause, evidence=last, fix=[less]), Exit.ROLLED_BACK)
    kind = DID_NOT_LOAD if failure.kind in _OF_THE_APPLICATION else NOT_STARTED
    fix = [*failure.fix, *_remedy(failure, plan), less]
    cause = f"{what}: {failure.cause}" if failure.kind == "hang" else failure.cause
    return PorticoError(kind.found(cause=cause, evidence=failure.evidence, fix=fix), Exit.ROLLED_BACK)


def explain_trial(outcome: Outcome, limit_s: int) -> PorticoError:
    """The error for a process that only loaded the entry module, and failed or was not done after `limit_s`: what it wrote
    has the cause."""
    from portico.hops.uwsgi.load_failure import load_failure

    fix = ["correct the code; the old serves on"]
    said = [line for line in outcome.stderr.splitlines() if line.strip()]
    cause, evidence = said[-1] if said else "it ended silently", tuple(said[-8:])
    if outcome.timed_out:
        cause = f"it did not load in {limit_s} s"
        failure = load_failure(outcome.stderr)
        if failure and failure.kind == "hang":
            cause, evidence, fix = f"{cause}: {failure.cause}", failure.evidence, [*failure.fix, *fix]
    return PorticoError(DID_NOT_LOAD.found(cause=cause, evidence=evidence, fix=fix), Exit.ROLLED_BACK)


def _remedy(failure: LoadFailure, plan: Plan) -> list[str]:
    code = failure.errno or int((re.findall(r"\[Errno (\d+)\]", failure.cause) or "0")[0])
    if code in (errno.ENOSPC, errno.EDQUOT):
        return ["df -h; df -i   # free some space or inodes"]
    if failure.exception == "KeyError" and failure.frame and "environ" in failure.frame.code:
        return _variable(failure.message.strip("'"), Path(plan.paths.project))
    if repr(plan.uwsgi.log) in failure.cause:
        return [f"ls -ld {shlex.quote(str(Path(plan.uwsgi.log).parent))}   # the application's account writes its log there"]
    if failure.kind == "bind":
        origin = plan.origins.get("uwsgi.address")
        return [f"uWSGI listens on {plan.uwsgi.address} ({origin}): name a free address of this machine", "ss -ltn"]
    return []


def _variable(name: str, project: Path) -> list[str]:
    """How the application gets it: what manage.py reads from a file is its own."""
    for file, names in env_file_names(project).items():
        if name in names:
            return [f'env_files = ["{file}"]   # in portico.toml; {file} defines {name}']
    return [f'[env]\n{name} = "..."   # in portico.toml']


def front_failed(plan: Plan, probe: Probe) -> PorticoError:
    """The error for a front that gave no answer although uWSGI does."""
    evidence = [f"GET {plan.listen.url.rstrip('/')}{plan.site.health_path} -> {probe.status or probe.error}"]
    evidence += [f"{h.address} is held by {h.user}: {h.command or '(hidden)'}" for h in sockets.listeners(plan.listen.port)]
    fix = ["portico logs --hop nginx"]
    if plan.nginx:
        log = files.tail(Path(plan.nginx.error_log), limit=8192)
        evidence += [line for line in log.splitlines() if line.strip()][-3:]
        reason = emerg_reason(log)
        if reason and f"({errno.EADDRINUSE}:" in str(reason):
            port = (_BOUND.findall(str(reason)) or [str(plan.listen.port)])[0]
            fix.insert(0, f"sudo ss -ltnp 'sport = :{port}'   # who holds the port")
        fix.append(f"less +G {shlex.quote(plan.nginx.error_log)}")
    cause = probe.error or f"the front answered {probe.status} itself: it could not reach uWSGI"
    return PorticoError(FRONT_SILENT.found(cause=cause, evidence=evidence, fix=fix), Exit.ROLLED_BACK)
