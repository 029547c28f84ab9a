"""The application is not loaded: which of the many reasons it is, from uWSGI's log and the examination together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from portico.hops.django.faults import start_kinds as django
from portico.hops.wsgi.faults import load_kinds as wsgi
from portico.model.evidence import Evidence, PathSeen, UwsgiSeen
from portico.model.finding import Finding, Kind
from portico.seams.faults import load_fixes as fixes
from portico.seams.faults.app_seen import asked_for, examined, is_loaded, restart, start_failure
from portico.seams.faults.load_told import Told, of_examination, of_log
from portico.seams.faults.said_of_database import kind_of

#: Those that uWSGI loads all the same; they fail at the first request.
_LATER = ("not-callable", "asgi", "wrong-arguments")
#: With these uWSGI is beyond the import, or has ended.
_COME_FURTHER = ("app-ready", "request", "request-json", "worker-died", "worker-done", "segfault", "stopping", "goodbye")
_KINDS: dict[str, Kind] = {
    "module-not-found": wsgi.MODULE_NOT_FOUND,
    "file-missing": wsgi.FILE_MISSING,
    "unreadable": wsgi.CLOSED,
    "wrong-callable": wsgi.NO_CALLABLE,
    "missing-dependency": wsgi.MISSING_PACKAGE,
    "own-module": wsgi.OWN_MODULE_MISSING,
    "stdlib": wsgi.STDLIB_MISSING,
    "missing-variable": wsgi.MISSING_VARIABLE,
    "syntax": wsgi.SYNTAX,
    "exception": wsgi.IMPORT_RAISES,
    "exit": wsgi.EXITS,
    "hang": wsgi.HANGS,
    "settings": django.SETTINGS_NOT_FOUND,
    "settings-variable": django.SETTINGS_VARIABLE,
    "settings-refused": django.SETTINGS_REFUSED,
    "setup": django.SETUP_RAISES,
    "driver": django.DRIVER_MISSING,
}


def not_loaded(evidence: Evidence) -> Iterator[Finding]:
    """Of a uWSGI that has no application, or that ended for want of one."""
    state = is_loaded(evidence)
    load = examined(evidence).load
    failure = start_failure(evidence.instance) if evidence.instance else None
    if state is True:
        if failure:
            # One that is mounted beside the one that answers.
            yield _found(evidence, of_log(evidence, failure))
        elif load.ok is False and load.kind not in _LATER:
            yield _next_start(evidence)
        return
    told = _told(evidence)
    if told is not None:
        yield _found(evidence, told)


def _told(evidence: Evidence) -> Told | None:
    seen, load = evidence.instance, examined(evidence).load
    failure = start_failure(seen) if seen else None
    if failure:
        return of_log(evidence, failure)
    dead = seen is not None and seen.master is None
    if load.ok is False and load.kind not in _LATER and (dead or is_loaded(evidence) is False or _still_loads(evidence)):
        from_environment = load.kind in ("missing-variable", "settings") and dead
        return of_examination(load, certainty="likely" if from_environment else "certain")
    return _silent(evidence)


def _still_loads(evidence: Evidence) -> bool:
    """It runs, and has not come to an end with loading."""
    seen = evidence.instance
    return bool(seen and seen.master and seen.saw("mode") and not seen.saw("app-ready", "worker-spawned", "request"))


def _silent(evidence: Evidence) -> Told | None:
    """Where the log ends with the beginning of the import: the process ended in it, or still is there."""
    seen = evidence.instance
    if seen is None or not seen.saw("mode") or seen.saw(*_COME_FURTHER) or (seen.saw("worker-spawned") and not _lazy(seen)):
        return None
    last = seen.events[-1].text
    if seen.master is None:
        why = "the log of uWSGI ends where the import of the application begins"
        return Told("exit", message=why, rows=(last, why), certainty="likely")
    # What its log says was read after the request, which may have waited for it.
    waited_s = evidence.visit.exchange.duration_s if evidence.visit else 0.0
    age_s = evidence.now_s + waited_s - seen.master.started_s
    if age_s < 5.0:
        return None
    why = f"uWSGI was started {age_s:.0f} s ago and is still importing the application"
    return Told("hang", message=why, rows=(seen.master.line, last), basis="state", certainty="likely")


def _lazy(seen: UwsgiSeen) -> bool:
    """Whether each worker loads the application itself, and one that runs does so."""
    return seen.is_on("lazy-apps", "lazy") and seen.master is not None


def _found(evidence: Evidence, told: Told) -> Finding:
    for special in (_shadowed, _closed, _database):
        if finding := special(evidence, told):
            return finding
    kind = _KINDS.get(told.what, wsgi.IMPORT_RAISES)
    cause, fix = fixes.of(evidence, told)
    return _as_finding(evidence, kind, told, cause, fix)


def _as_finding(evidence: Evidence, kind: Kind, told: Told, cause: str, fix: Sequence[str]) -> Finding:
    again = examined(evidence).load.ok
    well = told.basis == "log" and again is True and is_loaded(evidence) is not True
    healed = ["the application can be loaded now, so that the cause may be gone: start uWSGI anew"] if well else []
    return kind.found(
        cause=cause,
        evidence=[*told.rows, *fixes.rows(evidence, told)],
        fix=[*healed, *fix, *([] if well else [restart(evidence)])],
        certainty=told.certainty,
        basis=told.basis,
    )


def _shadowed(evidence: Evidence, told: Told) -> Finding | None:
    """Its own file of a library's name: it is in the traceback, or the message names the module."""
    text = "\n".join((told.message, *told.rows, *told.load.failure.traceback))
    for shadow in examined(evidence).python.shadows:
        named = f"'{shadow.name}'" in told.message or f"'{shadow.name}." in told.message
        if shadow.file in text or (shadow.loaded and named):
            cause = f"{shadow.file} is imported as {shadow.name!r} instead of {shadow.hidden}: {told.says}"
            fix = [f"rename {shadow.file}, and what imports it, and remove the __pycache__ beside it"]
            return _as_finding(evidence, wsgi.SHADOWED, told, cause, fix)
    return None


def _closed(evidence: Evidence, told: Told) -> Finding | None:
    """What seems to be missing lies behind a folder that the account may not enter."""
    if told.what not in (
        "module-not-found",
        "file-missing",
        "unreadable",
        "missing-dependency",
        "own-module",
        "stdlib",
        "exception",
    ):
        return None
    account = evidence.project.account if evidence.project else "uWSGI's account"
    for closed in told.load.closed:
        mode = f"{closed.mode} {closed.owner} {closed.group} {closed.path}"
        return _shut(evidence, told, closed.path, mode, account, "")
    for path in evidence.project.paths if evidence.project else ():
        if path.closed and (told.what != "exception" or "ermission" in told.exception):
            return _shut(evidence, told, path.closed, f"{path.closed_mode} {path.closed}", account, _what(evidence, path))
    return None


def _what(evidence: Evidence, path: PathSeen) -> str:
    return "Python" if evidence.project and path.path == evidence.project.python else path.path


def _shut(evidence: Evidence, told: Told, folder: str, mode: str, account: str, what: str) -> Finding:
    kind = wsgi.STDLIB_MISSING if what == "Python" and told.what == "stdlib" else wsgi.CLOSED
    behind = f", on the way to {what}" if what and what != folder else ""
    cause = (
        f"{account}, whom uWSGI runs as, may not read {folder}{behind}: so it says {told.says or 'the file is not there'}"
    )
    fix = [
        f"sudo -u {account} ls -l {folder}   # shows the refusal",
        f"chmod o+{'r' if folder.endswith('.py') else 'rx'} {folder}   # or its group; what lies in /root or a home folder: "
        "better to /srv or /opt",
    ]
    if what == "Python":
        fix = [
            f"use a Python that {account} may read (/usr/bin/python3, /opt), and make the environment anew with it",
            fix[0],
        ]
    return _as_finding(evidence, kind, Told(**{**vars(told), "rows": (mode, *told.rows)}), cause, fix)


def _database(evidence: Evidence, told: Told) -> Finding | None:
    """A query at import: the database is the cause, and the start what follows."""
    kind = kind_of(told.exception, told.message) if told.what in ("exception", "setup", "settings-refused") else None
    if kind is None:
        return None
    cause = f"the application asks the database while it is imported, and that fails: {told.says}"
    fix = [f"see {kind.id} for the database", f"do not query at import ({told.where or 'the traceback'}): at the first use"]
    return _as_finding(evidence, wsgi.IMPORT_RAISES, told, cause, fix)


def _next_start(evidence: Evidence) -> Finding:
    load = examined(evidence).load
    where = f" in {load.failure.frame.where}" if load.failure.frame else ""
    return wsgi.NEXT_START.found(
        cause=f"what uWSGI runs is well, but imported anew the application fails: {load.failure.says}{where}",
        evidence=[*load.failure.traceback[-4:], *asked_for(evidence.instance)],
        fix=["correct it before uWSGI is reloaded or restarted"],
        certainty="likely",
        basis="state",
    )


RULES: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (not_loaded,)
