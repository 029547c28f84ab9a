"""uWSGI: which instances run or are configured, with what options, and what each wrote since its last start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from portico.actions import uwsgi_files
from portico.actions.doctor.discover import logs_beside
from portico.actions.doctor.target import Target
from portico.hops.uwsgi import events, options
from portico.hops.uwsgi.command_line import command_line
from portico.model.evidence import LogSeen, ProcessSeen, UwsgiSeen
from portico.model.log import Event
from portico.system.look.logs import tail
from portico.system.look.paths import real
from portico.system.look.processes import uwsgi_processes


def running() -> tuple[UwsgiSeen, ...]:
    """Every uWSGI on this machine, by its master (or its only process)."""
    processes = uwsgi_processes()
    pids = {process.pid for process in processes}
    return tuple(
        _of_process(master, tuple(worker for worker in processes if worker.ppid == master.pid))
        for master in processes
        if master.ppid not in pids
    )


def _of_process(master: ProcessSeen, workers: tuple[ProcessSeen, ...]) -> UwsgiSeen:
    given, named = command_line(master.command)
    paths = [_absolute(path, master.cwd) for path in named]
    seen = uwsgi_files.configured(paths, given, master.cwd)
    python = master.command[0] if master.command and Path(master.command[0]).name.startswith("python") else ""
    return replace(seen, master=master, workers=workers, python=python, kind="pyuwsgi" if python else "binary")


def configured(paths: Iterable[str]) -> tuple[UwsgiSeen, ...]:
    """Instances that only files tell of."""
    return tuple(uwsgi_files.configured([path], ()) for path in paths)


def _absolute(path: str, folder: str | None) -> str:
    return real(path, folder or "/")


def related(
    target: Target, everything: tuple[UwsgiSeen, ...], addresses: frozenset[str], pids: frozenset[int]
) -> tuple[list[UwsgiSeen], list[UwsgiSeen]]:
    """The instances of this deployment and the others: those of the processes `pids`, which listen where a client or nginx
    connects to, come first; then those that are told to listen at `addresses`, are named, or lie in the same folder."""
    ours = [seen for seen in everything if _members(seen) & pids]
    ours += [seen for seen in everything if seen not in ours and _sockets(seen) & addresses]
    ours += [seen for seen in everything if seen not in ours and _is_named(target, seen)]
    rest = [seen for seen in everything if seen not in ours]
    folders = {str(Path(address.removeprefix("unix:")).parent) for address in addresses if address.startswith("unix:")}
    folders |= {str(Path(target.conf).parent)} if target.conf else set()
    near = [seen for seen in rest if _folders(seen) & (folders - {"/tmp", "/run", "/etc/nginx", "/"})]  # noqa: S108
    return ours + near, [seen for seen in rest if seen not in near]


def _members(seen: UwsgiSeen) -> set[int]:
    return {process.pid for process in (seen.master, *seen.workers) if process}


def _sockets(seen: UwsgiSeen) -> set[str]:
    folder = seen.value("chdir") or (seen.master.cwd if seen.master else None)
    found = set()
    for _, address, _ in options.sockets(seen.options):
        path = address.removeprefix("unix:")
        relative = address.startswith("unix:") and not path.startswith("/")
        found.add(f"unix:{_absolute(path, folder)}" if relative else address)
    return found


def _is_named(target: Target, seen: UwsgiSeen) -> bool:
    if set(seen.files) & set(target.uwsgi) or (log_path(seen) and log_path(seen) in target.logs):
        return True
    if target.managed:
        return bool(seen.master and any(str(target.asked.project) in word for word in seen.master.command))
    where = seen.value("chdir") or (seen.master.cwd if seen.master else "") or ""
    return bool(where) and where == str(target.asked.project)


def _folders(seen: UwsgiSeen) -> set[str]:
    """Where its sockets and its log lie; of one whose configuration is hidden, where that lies."""
    paths = [address.removeprefix("unix:") for address in _sockets(seen) if address.startswith("unix:")]
    paths += seen.missing_files if seen.unread else ()
    return {str(Path(path).parent) for path in (*paths, log_path(seen)) if path}


def log_path(seen: UwsgiSeen) -> str:
    """The file it writes to: what its standard error is, else what its options name; empty when that is no file."""
    master = seen.master
    if master and master.log and master.log.startswith("/") and not master.log.startswith("/dev/"):
        return master.log.removesuffix(" (deleted)")
    folder = (
        seen.value("chdir") or (master.cwd if master else None) or (str(Path(seen.files[0]).parent) if seen.files else "/")
    )
    # A log of requests alone tells of nothing else.
    own = [option for option in seen.options if option.name != "req-logger"]
    return next((_absolute(path, folder) for path in options.log_files(own)), "")


def with_log(seen: UwsgiSeen, since_s: float) -> UwsgiSeen:
    """With what its log says: of a running one since its start, of another since its last start."""
    path = log_path(seen)
    return _with_events(seen, path, since_s) if path else seen


def with_logs(target: Target, ours: Sequence[UwsgiSeen], since_s: float) -> list[UwsgiSeen]:
    """All of them with their logs; where it is hidden which one belongs to the only one, the one that was named is it."""
    found = [with_log(seen, since_s) for seen in ours]
    read = {seen.log.path for seen in found if seen.log}
    named = [path for path in target.logs if path not in read]
    if len(found) == 1 and found[0].log is None and len(named) == 1:
        return [_with_events(found[0], named[0], since_s)]
    return found


def from_log(path: str, since_s: float) -> UwsgiSeen:
    """An instance of which there is only a log, with the files that it says were read."""
    seen = _with_events(UwsgiSeen(), path, since_s)
    folder = next((event.data["path"] for event in reversed(seen.saw("cwd"))), str(Path(path).parent))
    named = dict.fromkeys(_absolute(event.data["path"], folder) for event in seen.saw("config-read"))
    # What was included is read with the file that includes it.
    read = uwsgi_files.configured(list(named)[:1], ())
    return replace(seen, files=read.files, options=read.options, problems=read.problems)


def _with_events(seen: UwsgiSeen, path: str, since_s: float) -> UwsgiSeen:
    pids = [process.pid for process in (seen.master, *seen.workers[:1]) if process]
    log, text = tail(path, "uwsgi", pids=pids)
    earlier, now = events.last_start(events.events(text, log.modified_s))
    return replace(seen, log=log, events=_lately(now, log, since_s), history=earlier[-500:])


#: With these a uWSGI has started; what its log says before them is how it stands as long as it runs.
_STARTED = frozenset(("worker-spawned", "worker-respawned", "request", "request-json", "goodbye"))


def _lately(found: tuple[Event, ...], log: LogSeen, since_s: float) -> tuple[Event, ...]:
    """What belongs to the start itself always counts; the rest only when it is as young as asked for."""
    has_start = any(event.kind == "start" for event in found)
    started = next((n for n, event in enumerate(found) if event.kind in _STARTED), len(found)) if has_start else 0
    return tuple(
        event
        for number, event in enumerate(found)
        if number < started or not event.time_s or event.time_s >= since_s or log.modified_s < since_s
    )


def dead(target: Target, known: Sequence[UwsgiSeen], since_s: float) -> tuple[UwsgiSeen, ...]:
    """Instances that do not run: named files that nobody runs with, and where there is nothing else, logs that lie about."""
    used = {path for seen in known for path in seen.files}
    idle = [path for path in target.uwsgi if path not in used]
    if not target.asked.uwsgi and not target.managed and len(idle) < len(target.uwsgi):
        # Of files that merely lie there one is in use; the others are for another day.
        idle = []
    found = [with_log(seen, since_s) for seen in configured(idle)]
    read = {seen.log.path for seen in (*known, *found) if seen.log}
    logs = [path for path in target.logs if path not in read]
    if not known and not found and not logs:
        logs = [path for path in logs_beside((target.conf, str(target.asked.project / "x"))) if path not in read][:1]
    if logs and len(found) == 1 and not found[0].log:
        return (_with_events(found[0], logs[0], since_s), *(from_log(path, since_s) for path in logs[1:]))
    return (*found, *(from_log(path, since_s) for path in logs))


def log_of(seen: UwsgiSeen) -> Path | None:
    """The same as a path."""
    path = log_path(seen)
    return Path(path) if path else None
