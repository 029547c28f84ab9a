"""What a running application said of itself, put together: uWSGI's log of this start, the answers, the examination."""

from __future__ import annotations

from dataclasses import dataclass

from portico.hops.uwsgi.options import application
from portico.hops.wsgi.examination import Examination, parse
from portico.model.evidence import Evidence, Exchange, UwsgiSeen
from portico.model.log import Event

_FAILED = ("app-not-loaded", "game-over", "no-app-dynamic")
_REASONS = ("traceback", "open-python-file-failed", "no-callable")


def examined(evidence: Evidence) -> Examination:
    """The examination; one that could tell nothing where there was none."""
    return parse(evidence.project.answer if evidence.project else None)


def as_the_account(evidence: Evidence) -> bool:
    """Whether the application was examined with the rights of uWSGI's account, so that what may be written holds for it."""
    project = evidence.project
    return project is not None and (evidence.machine.root or evidence.machine.user == project.account)


def answers(evidence: Evidence) -> tuple[Exchange, ...]:
    """Answers of uWSGI to what was asked: through the whole path, and directly."""
    visit, backend = evidence.visit, evidence.backend
    passed = visit is not None and (visit.route is None or visit.route.action in ("uwsgi", "proxy"))
    made = [visit.exchange] if visit and passed else []
    direct = [backend.uwsgi, backend.http] if backend else []
    return tuple(one for one in (*made, *direct) if one and one.status and one.maker != "nginx")


def is_loaded(evidence: Evidence) -> bool | None:
    """Whether the uWSGI that runs has its application; None: it does not run, or nothing shows it."""
    makers = [one.maker for one in answers(evidence)]
    if "uwsgi" in makers:
        return False
    if makers:
        return True
    seen = evidence.instance
    if seen is None or seen.master is None:
        return None
    return True if seen.saw("app-ready") and start_failure(seen) is None else False if start_failure(seen) else None


@dataclass(frozen=True)
class StartFailure:
    """What uWSGI's log says of an application that could not be loaded. `reason` is the event before it that says why, None
    where it says nothing; `end` the line that says so."""

    reason: Event | None
    end: Event


def start_failure(seen: UwsgiSeen) -> StartFailure | None:
    """Of the last start, unless the same application was loaded afterwards."""
    ready = {event.data.get("mountpoint", "") for event in seen.saw("app-ready")}
    ends = [n for n, event in enumerate(seen.events) if event.kind in _FAILED and not _is_mended(event, ready)]
    if not ends:
        return None
    at = ends[0]
    if seen.events[at].kind == "no-app-dynamic":
        # It was not told of any application, or has no Python: nothing was tried.
        return None
    # The line that names the application comes first, those that say what follows from it after it.
    for event in reversed(seen.events[:at]):
        if event.kind in _REASONS:
            return StartFailure(event, seen.events[at])
        if event.kind in ("mode", "start", "app-ready", "request"):
            break
    return StartFailure(None, seen.events[at])


def _is_mended(event: Event, ready: set[str]) -> bool:
    return event.data.get("mountpoint", "") in ready if event.kind == "app-not-loaded" else bool(ready)


def asked_for(seen: UwsgiSeen | None) -> list[str]:
    """Rows for the options that say which application it is."""
    names = ("module", "wsgi-file", "callable", "chdir", "pythonpath", "mount")
    return [
        f"{entry.where}: {entry.name} = {entry.value}" for entry in (seen.options if seen else ()) if entry.name in names
    ]


def target(evidence: Evidence) -> tuple[str, str, str]:
    """The module, the file and the callable that uWSGI was told to load; empty where that is not known."""
    seen, project = evidence.instance, evidence.project
    if seen and seen.options:
        return application(seen.options)
    return (project.module, project.file, project.callable) if project else ("", "", "")


def python_of(evidence: Evidence) -> str:
    """The interpreter whose packages the application sees, for commands."""
    said = examined(evidence).python.executable
    return said or (evidence.project.python if evidence.project else "") or "python"


def restart(evidence: Evidence) -> str:
    """How uWSGI is started again, as a line of a fix."""
    if evidence.managed:
        return "portico up"
    seen = evidence.instance
    if seen and seen.master:
        return f"then restart uWSGI (pid {seen.master.pid}): it has imported the old code"
    return "then start uWSGI"


def asked_exchange(evidence: Evidence) -> Exchange | None:
    """The request under examination."""
    return evidence.visit.exchange if evidence.visit else None


def answers_well(evidence: Evidence) -> bool:
    """Whether the page that was asked for came from the application, and is no error of it."""
    asked = asked_exchange(evidence)
    return asked is not None and 0 < asked.status < 500 and asked.maker != "nginx"
