"""uWSGI reloaded, stopped and supervised: what the signal did, who lives on, and whom the pid file names."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from portico.hops.uwsgi.faults import start_stop_kinds as kinds
from portico.hops.uwsgi.faults.start_rows import basis, has_ended, in_force, ini_of, last, row, rows
from portico.hops.uwsgi.options import application
from portico.model.command import Command
from portico.model.evidence import Evidence, ProcessSeen, UwsgiSeen
from portico.model.finding import Finding
from portico.model.log import Event
from portico.model.remedy import Remedy, Run, Step

_SCRIPT = re.compile(r"/bin/(?:py)?uwsgi$")
_RELOADERS = ("touch-reload", "py-auto-reload", "touch-chain-reload", "fs-reload", "reload-on-fd")
_NEED_MASTER = ("harakiri", "max-requests", "max-worker-lifetime", "reload-on-rss", "evil-reload-on-rss", "touch-reload")
_PID_FILES = ("pidfile", "pidfile2", "safe-pidfile", "safe-pidfile2")


def reload_lost(evidence: Evidence) -> Iterator[Finding]:
    """It executed another Python than its own and ended, or is going to."""
    for seen in evidence.uwsgi:
        gone = _after_reload(seen)
        if gone and has_ended(seen):
            yield _lost(seen, *gone)
        elif seen.master and _will_be_lost(seen):
            option = seen.option(*_RELOADERS)
            detected = last(seen, "binary-path")
            python = f"{seen.prefix}/bin/python"
            yield kinds.RELOAD_WILL_FAIL.found(
                cause=f"on a reload uWSGI executes {detected.data['path'] if detected else 'the base Python'}, "
                f"which has no pyuwsgi, instead of {python}",
                evidence=[*([detected.text] if detected else []), *([row(option)] if option else [])],
                fix=[f"binary-path = {python}   # in {ini_of(seen)}, then stop and start uWSGI"],
                basis="state",
            )


def _after_reload(seen: UwsgiSeen) -> tuple[Event, list[Event]] | None:
    """The last words of one that did not come back, and what led to them."""
    story = [*seen.history[-12:], *seen.events]
    for number in range(len(story) - 1, -1, -1):
        event = story[number]
        if event.kind in ("app-ready", "worker-spawned", "worker-respawned"):
            return None
        script = event.kind == "config-unreadable" and _SCRIPT.search(event.data["path"])
        if event.kind == "python-module-missing-pyuwsgi" or script:
            before = [one for one in story[:number] if one.kind in ("reload", "term-reload", "reload-exec")]
            return (event, before[-3:]) if before and before[-1].kind == "reload-exec" else None
    return None


def _lost(seen: UwsgiSeen, event: Event, before: list[Event]) -> Finding:
    ran = next((one.data["path"] for one in reversed(before) if one.data.get("path")), "another program")
    script = event.kind == "config-unreadable"
    term = any(one.kind == "term-reload" for one in before)
    python = _python(seen, event, ran)
    cause = f"binary-path names {ran}, which is no Python" if script else f"the reload ran {ran}, which has no pyuwsgi"
    option = seen.option("binary-path")
    return kinds.RELOAD_LOST.found(
        cause=f"{cause}: uWSGI has ended" + ("; SIGTERM is a reload without die-on-term" if term else ""),
        evidence=[*[one.text for one in before], event.text.splitlines()[-1], *([row(option)] if option else [])],
        fix=[
            f"binary-path = {python}   # in {ini_of(seen)}",
            *([f"die-on-term = true   # in {ini_of(seen)}"] if term else []),
            "then start uWSGI again",
        ],
        basis=basis(seen),
    )


def _python(seen: UwsgiSeen, event: Event, ran: str) -> str:
    """The environment's Python, as far as the log tells which environment it is."""
    script = ran if event.kind == "config-unreadable" else event.data.get("last_file", "")
    folder = script.rpartition("/")[0] if _SCRIPT.search(script) else ""
    return f"{folder or seen.prefix + '/bin' if folder or seen.prefix else '/path/to/venv/bin'}/python"


def _will_be_lost(seen: UwsgiSeen) -> bool:
    detected = last(seen, "binary-path")
    outside = detected is not None and bool(seen.prefix) and not detected.data["path"].startswith(seen.prefix + "/")
    return seen.kind == "pyuwsgi" and outside and bool(seen.option(*_RELOADERS)) and not seen.option("binary-path")


def term_reloads(evidence: Evidence) -> Iterator[Finding]:
    """SIGTERM, and it came back."""
    for seen in evidence.uwsgi:
        story = [*seen.history[-12:], *seen.events]
        ends = [number for number, event in enumerate(story) if event.kind == "term-reload"]
        # A reload begins with a start line of its own, which has the time.
        came_back = seen.saw("master-respawned")
        started = last(seen, "start")
        young = started is None or not started.time_s or started.time_s >= evidence.since_s
        if not ends or not (young or seen.saw("term-reload")) or seen.is_on("die-on-term"):
            continue
        if not came_back and not _after_reload(seen):
            continue
        executed = next((event for event in story[ends[-1] :] if event.kind == "reload-exec"), None)
        yield kinds.TERM_RELOADS.found(
            cause="uWSGI got SIGTERM and reloaded, because die-on-term is not set",
            evidence=[
                story[ends[-1]].text,
                *([executed.text] if executed else []),
                *[event.text for event in came_back[-1:]],
                *([seen.master.line] if seen.master else []),
            ],
            fix=[
                f"die-on-term = true   # in {ini_of(seen)}",
                *([f"now: kill -INT {seen.master.pid}   # stops it"] if seen.master else []),
            ],
            basis="state" if seen.master else "log",
        )


def daemonized(evidence: Evidence) -> Iterator[Finding]:
    """It went into the background, and was started again all the same."""
    told: set[str] = set()
    for seen in evidence.uwsgi:
        option = seen.option("daemonize", "daemonize2")
        if option is None or not seen.master or option.value in told:
            continue
        failures = [e for e in (*seen.history, *seen.events) if e.kind == "bind-failed" and e.data["errno"] == _IN_USE]
        twins = [one for one in evidence.uwsgi if one.master and one is not seen and _is_twin(seen, one)]
        astray = _names_another(seen)
        if not failures and not twins:
            continue
        told.add(option.value)
        yield kinds.DAEMONIZED.found(
            cause=f"`daemonize` puts uWSGI into the background, and it was started again {len(failures) or len(twins)} "
            f"time{'s' if (len(failures) or len(twins)) > 1 else ''} while pid {seen.master.pid} still runs",
            evidence=[
                row(option),
                seen.master.line + (", its parent is pid 1" if seen.master.ppid == 1 else ""),
                *[event.text for event in failures[-1:]],
                *[one.master.line for one in twins[:2] if one.master],
                *([astray] if astray else []),
            ],
            fix=[
                f"remove the line: {option.where}; a supervisor needs uWSGI in the foreground, and takes its log",
                f"kill -INT {seen.master.pid}   # the one left over, then let the supervisor start it",
            ],
            basis="state",
            certainty="certain" if astray or len(failures) + len(twins) > 1 else "likely",
        )


_IN_USE = str(errno.EADDRINUSE)


def _is_twin(seen: UwsgiSeen, other: UwsgiSeen) -> bool:
    """Started alike, on the same unix socket."""
    mine = {one.address for one in seen.listeners if one.address.startswith("unix:")}
    theirs = {one.address for one in other.listeners}
    return bool(mine & theirs) and application(seen.options) == application(other.options)


def _names_another(seen: UwsgiSeen) -> str:
    """The row that tells that its pid file names another process."""
    content = ((seen.pid_file and seen.pid_file[1]) or "").strip()
    if not seen.master or not content or content == str(seen.master.pid):
        return ""
    return f"{seen.pid_file[0] if seen.pid_file else ''}: {content}, and uWSGI is pid {seen.master.pid}"


def pid_file(evidence: Evidence) -> Iterator[Finding]:
    """A pid file that names nobody, or a stranger."""
    told: set[str] = set()
    for seen in evidence.uwsgi:
        file, content = seen.pid_file or ("", None)
        number = (content or "").strip()
        if number.isdigit() and file not in told and not _is_own(evidence, number, seen.pid_process):
            told.add(file)
            yield _stale(seen, file, number)
        for event in seen.saw("call-failed", "open-failed") if not told else ():
            if why := _no_signal(seen, event):
                yield kinds.STALE_PID_FILE.found(
                    cause=why,
                    evidence=[event.text],
                    fix=[
                        "remove the pid file, if there is one: uWSGI has ended",
                        "pgrep -af uwsgi   # whether another one runs",
                    ],
                    basis="log",
                )


def _no_signal(seen: UwsgiSeen, event: Event) -> str:
    """What `uwsgi --stop FILE` or `--reload FILE` failed with."""
    if event.data["call"] == "signal_pidfile" and event.data["errno"] == str(errno.ESRCH):
        return "the pid file that uWSGI was told to signal names a process that is gone"
    if event.data.get("what") == "config" and event.data["path"].endswith(".pid") and not seen.options:
        return f"the pid file that uWSGI was told to signal, {event.data['path']}, is not there"
    return ""


def _is_own(evidence: Evidence, number: str, process: ProcessSeen | None) -> bool:
    members = [one.master for one in (*evidence.uwsgi, *evidence.others)]
    return process is not None and any(one and one.pid == int(number) for one in members)


def _stale(seen: UwsgiSeen, file: str, number: str) -> Finding:
    stranger = seen.pid_process
    steps: tuple[Step, ...] = (Run(Command(("rm", "--", file), "remove the pid file that names no uWSGI")),)
    running = f"; uWSGI is pid {seen.master.pid}" if seen.master else ""
    return kinds.STALE_PID_FILE.found(
        cause=f"{file} names pid {number}, which "
        + (f"is another program ({stranger.line})" if stranger else "does not exist")
        + running,
        evidence=[f"{file}: {number}", *rows(seen, *_PID_FILES), *([seen.master.line] if seen.master else [])],
        fix=[f"rm {file}", *([f"echo {seen.master.pid} > {file}   # instead"] if seen.master else [])],
        basis="state",
        remedy=Remedy(f"remove {file}", steps),
    )


def no_master(evidence: Evidence) -> Iterator[Finding]:
    """Nobody starts a worker again."""
    for seen in evidence.uwsgi:
        warned, done = last(seen, "no-master"), last(seen, "worker-done")
        if warned and done and has_ended(seen):
            yield kinds.LAST_WORKER_GONE.found(
                cause="the worker ended as it was told to, and no master was there to start another",
                evidence=[warned.text.strip(), done.text, *rows(seen, "max-requests", "max-worker-lifetime", "master")],
                fix=[f"master = true   # in {ini_of(seen)}", "then start uWSGI again"],
                basis=basis(seen),
            )
        elif (warned or (seen.options and has_ended(seen))) and not seen.is_on("master"):
            needy = [option for name in _NEED_MASTER if (option := seen.option(name))]
            if needy and (seen.master or not evidence.visits):
                yield kinds.NO_MASTER.found(
                    cause=f"`{needy[0].name}` needs the master, and `master` is not set",
                    evidence=[row(option) for option in needy] + ([warned.text.strip()] if warned else []),
                    fix=[f"master = true   # in {ini_of(seen)}, then start uWSGI again"],
                    basis=in_force(seen),
                )


RULES = (reload_lost, term_reloads, daemonized, pid_file, no_master)
