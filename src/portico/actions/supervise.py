"""The processes of a stack: look at them, start them, retire them."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portico.actions import places as at
from portico.actions import slots
from portico.actions.places import Places
from portico.export.supervisor import CONFIGURATION, GUARD, Daemon, daemon_files, main_file
from portico.model.errors import Exit, PorticoError
from portico.model.file import File
from portico.model.finding import Kind
from portico.system import clock, files, processes
from portico.system.accounts import Account, by_name, ourselves
from portico.system.clock import wait_for
from portico.system.supervisor import LAUNCH_LIMIT_S, MODULE, Program, Supervisor, Unreachable, launch
from portico.system.supervisor import begin as launching

NO_SUPERVISOR = Kind(
    "system.E005",
    "system",
    "supervisord did not start",
    "supervisord is the parent of nginx and uWSGI; without it nothing brings them back when they die.",
    "http://supervisord.org/",
    shows="`portico up` ends with exit status 5 before nginx and uWSGI are started.",
    example="Error: Another program is already listening on a port that one of our HTTP servers is configured to use.",
    cure="The message has the command that shows supervisord fail in the foreground. `portico down` removes what is left "
    "of an earlier one; then `portico up`.",
)
LOST = Kind(
    "system.E012",
    "system",
    "supervisord went away during the change",
    "Without the parent of nginx and uWSGI nothing can be started or stopped.",
    "http://supervisord.org/",
    shows="`up`, `reload` or `rollback` ends in the middle with exit status 5; what was live usually serves on.",
    example="WARN received SIGTERM indicating exit request        # supervisord.log",
    cure="`portico up` begins anew and keeps what serves until it has succeeded. Look for who ended supervisord: its log "
    "is in the runtime directory, an out-of-memory kill in `journalctl -k`.",
)
COMMS = {"nginx": ("nginx",), "uwsgi": ("uwsgi", "python", "pypy"), "pool": ("uwsgi", "python", "pypy")}
#: How long a supervisord may take from its start to its first answer.
SILENCE_S = 5.0
#: How long a supervisord may take to end, beyond what the requests in progress may take.
STOP_LIMIT_S = 60.0
_OUTPUT = "supervisord.out"


@dataclass(frozen=True)
class Live:
    """What runs now. `groups` maps a daemon's name to its living pids, supervised or left over from a killed supervisor.

    `silent` are supervisords of this stack that do not answer: a command was killed while it started or ended them, or
    their socket is gone. `offspring` are the descendants of those.
    """

    supervisor_pid: int | None
    programs: tuple[Program, ...]
    groups: Mapping[str, tuple[int, ...]]
    silent: tuple[int, ...] = ()
    offspring: frozenset[int] = frozenset()

    @property
    def running(self) -> bool:
        return self.supervisor_pid is not None and any(program.pid for program in self.programs)

    @property
    def pids(self) -> frozenset[int]:
        members = {pid for group in self.groups.values() for pid in group}
        return self.offspring | members | {program.pid for program in self.programs if program.pid}

    @property
    def left_over(self) -> dict[str, tuple[int, ...]]:
        """Daemons that live although no supervisor looks after them."""
        supervised = {program.pid for program in self.programs}
        return {name: pids for name, pids in self.groups.items() if pids and not supervised.intersection(pids)}


def observe(where: Places) -> Live:
    """Look at the stack of one project, whoever started it and whatever was killed."""
    pid, programs = Supervisor(where.supervisor_socket).look()
    silent = tuple(other for other in _supervisors(where) if other != pid)
    offspring = frozenset(fact.pid for other in silent for fact in processes.tree(other))
    table = processes.group_table()
    groups = daemons(where, table)
    if pid is None:
        groups = {**_by_command(where, table), **{name: pids for name, pids in groups.items() if pids}}
    return Live(pid, programs, groups, silent, offspring)


def daemons(where: Places, table: dict[int, list[int]] | None = None) -> dict[str, tuple[int, ...]]:
    """The live processes of each daemon by its name, as the records in the runtime directory have them; supervisord is not
    asked. `table` are all process groups of the machine."""
    table = processes.group_table() if table is None else table
    found = {}
    for record in (*where.run.glob("*.group"), *(where.run / "ctl").glob("*.group")):
        name = record.name.removesuffix(".group")
        found[name] = processes.group_members(record, COMMS[name.split("-")[0]], table)
    return found


def _by_command(where: Places, table: Mapping[int, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Daemons by the configuration they were started with: they may run although the runtime directory, which has the
    records of their process groups, was deleted."""
    wanted = re.compile(re.escape(str(where.state)) + r"/(?:conf/nginx\.conf|releases/(\d+)/uwsgi(\.\d+)?\.ini)(?![^\0 :])")
    found = {}
    us = ourselves().uid
    for pid, uid, command in processes.commands((*COMMS["nginx"], *COMMS["uwsgi"])):
        # root's uWSGI runs as the owner of its project.
        if (match := wanted.search(command)) and (uid == us or (us == 0 and match[1])):
            name = f"uwsgi-{match[1]}{match[2] or ''}" if match[1] else "nginx"
            found[name] = tuple(next((members for members in table.values() if pid in members), (pid,)))
    return found


def _supervisors(where: Places) -> tuple[int, ...]:
    """Every supervisord of this stack, whether or not its socket is there."""
    wanted = {MODULE, str(where.run / CONFIGURATION)}
    us = ourselves().uid
    seen = processes.commands(COMMS["uwsgi"])
    return tuple(pid for pid, uid, command in seen if uid == us and wanted <= set(command.split("\0")))


def group_file(where: Places, name: str) -> Path:
    """Where the guard of that daemon records its process group: in a folder its account may write to."""
    return where.run / f"{name}.group" if name == "nginx" else where.run / "ctl" / f"{name}.group"


def make_run(where: Places, app: Account, worker: Account | None) -> None:
    """The runtime directory: sockets for nginx in `app/`, control sockets only the application's account sees in `ctl/`."""
    us = ourselves()
    root = us.uid == 0
    at.prove_private(where.run)
    files.make_dir(where.run.parent, 0o755 if root else 0o700)
    files.make_dir(where.run, 0o755 if root else 0o700)
    files.make_dir(where.run / "programs", 0o700)
    files.make_dir(where.run / "ctl", 0o700, app.uid if root else -1, app.gid if root else -1)
    if root and worker:
        # set-group-id: a socket made here belongs to the group of nginx's workers (inode(7)), so 0660 is enough.
        files.make_dir(where.run / "app", 0o2750, app.uid, worker.gid)
    else:
        files.make_dir(where.run / "app", 0o700, app.uid if root else -1, app.gid if root else -1)
    # A way to the logs whose name holds no dollar sign (see resolve_nginx).
    files.swap_link(where.run / "log", str(where.state / "log"))


def ensure(where: Places) -> Supervisor:
    """A supervisord that answers: the running one, or a new one."""
    client = Supervisor(where.supervisor_socket)
    # One that was just started is about to answer; any other is ending, or has lost its socket.
    wait_for(lambda: client.pid() is not None or not any(map(_is_young, _supervisors(where))), SILENCE_S)
    if client.pid() is not None:
        return client
    stop_supervisor(where, STOP_LIMIT_S)
    # The guard of a new nginx cannot make room if the record of the old one was deleted.
    unrecorded = {n: pids for n, pids in observe(where).left_over.items() if not group_file(where, n).exists()}
    stop_left_over(where, unrecorded, timeout_s=30)
    _configure(where)
    run, log = str(where.run), where.run / _OUTPUT
    if launch(where.run / CONFIGURATION, log, where.supervisor_socket) is None and client.pid() is None:
        said = files.tail(log).strip().splitlines()[-3:]
        finding = NO_SUPERVISOR.found(
            cause=said[-1] if said else f"it did not answer on its socket within {LAUNCH_LIMIT_S:.0f} s",
            evidence=[*said, f"socket: {where.supervisor_socket}"],
            fix=[f"{sys.executable} -m supervisor.supervisord -n -c {run}/{CONFIGURATION}   # see it fail"],
        )
        raise PorticoError(finding, Exit.NEEDS_HANDS)
    return client


@contextlib.contextmanager
def needed(where: Places) -> Iterator[None]:
    """Turn a supervisord that goes away in the middle of a change into a finding."""
    try:
        yield
    except Unreachable as error:
        finding = LOST.found(
            cause=str(error),
            evidence=[f"socket: {where.supervisor_socket}", f"log: {where.run}/supervisord.log"],
            fix=["portico up   # begins anew, and keeps what still serves until it has succeeded"],
        )
        raise PorticoError(finding, Exit.NEEDS_HANDS) from error


def _configure(where: Places) -> None:
    """A supervisord begins without programs."""
    for stale in (where.run / "programs").glob("*.conf"):
        stale.unlink()
    files.write(where.run, main_file(str(where.run), ourselves().name))


def begin(where: Places, live: Live) -> bool:
    """Start a supervisord for `ensure` to find, where nothing of the stack lives; whether it was."""
    if live.supervisor_pid is not None or live.silent or live.pids:
        return False
    _configure(where)
    launching(where.run / CONFIGURATION, where.run / _OUTPUT)
    return True


def stop_supervisor(where: Places, timeout_s: float) -> tuple[int, ...]:
    """End supervisord, which first stops nginx and then uWSGI, letting requests finish; returns what survived."""
    return processes.stop(_supervisors(where), signal.SIGTERM, timeout_s)


def _is_young(pid: int) -> bool:
    fact = processes.facts(pid)
    return fact is not None and clock.now() - fact.started < SILENCE_S


def install(where: Places, client: Supervisor, daemon: Daemon) -> None:
    """Write a daemon's files and start it; one that is installed already is started from its new files."""
    guard = (Path(__file__).parent.parent / "inside" / "guard.py").read_text(encoding="utf-8")
    files.write(where.run, File(GUARD, guard, 0o644))
    files.swap_link(where.run / f"{daemon.name}.python", daemon.python)
    account = by_name(daemon.user) if daemon.user else None
    for file in daemon_files(daemon, str(where.run)):
        files.write(where.run, file, account.gid if account else -1)
    client.add(daemon.name)


def is_installed(where: Places, daemon: Daemon) -> bool:
    """Whether the daemon runs from exactly these files (the same binary, arguments and environment)."""
    return all(files.read_text(where.run / file.path) == file.text for file in daemon_files(daemon, str(where.run)))


def installed(where: Places, name: str) -> tuple[File, ...]:
    """The files a daemon was installed from, for `restore`; empty when it is not, or one of them is gone."""
    modes = {f"programs/{name}.conf": 0o600, f"{name}.json": 0o640}
    texts = {path: files.read_text(where.run / path) for path in modes}
    saved = tuple(File(path, text, modes[path]) for path, text in texts.items() if text is not None)
    return saved if len(saved) == len(modes) else ()


def restore(where: Places, client: Supervisor, name: str, saved: tuple[File, ...]) -> None:
    """Start a daemon of ours from files that `installed` returned."""
    for file in saved:
        files.write(where.run, file)
    client.add(name)


def hand_over(client: Supervisor, name: str) -> None:
    """End a daemon's master at once and forget the daemon. Its workers go on with the requests they have, and the guard of
    the next daemon of that name sees to them."""
    client.stop(name, wait=False)
    client.signal(name, "KILL")
    client.stop(name)
    client.remove(name)


def retire(where: Places, client: Supervisor, name: str) -> None:
    """Stop a daemon gracefully (its stop signal lets requests finish), and forget it."""
    (where.run / "programs" / f"{name}.conf").unlink(missing_ok=True)
    client.stop(name)
    client.remove(name)
    for suffix in (".json", ".python", ".out"):
        (where.run / f"{name}{suffix}").unlink(missing_ok=True)
    group_file(where, name).unlink(missing_ok=True)
    # A killed instance leaves its sockets, and every instance its fifo.
    number = name.removeprefix("uwsgi-")
    slots.forget_sockets(where, name)
    for path in (f"ctl/stats-{number}.sock", f"ctl/fifo-{number}"):
        (where.run / path).unlink(missing_ok=True)


def stop_left_over(where: Places, groups: Mapping[str, tuple[int, ...]], timeout_s: float) -> tuple[int, ...]:
    """Stop daemons that outlived their supervisor; returns pids that could not be stopped."""
    survivors: tuple[int, ...] = ()
    for name, pids in groups.items():
        graceful = signal.SIGQUIT if name == "nginx" else signal.SIGTERM
        # A master passes the wish on to its workers in its own way; signalling workers too would cut requests.
        masters = tuple(filter(processes.leads_group, pids))
        processes.stop(masters, graceful, timeout_s)
        survivors += processes.stop(tuple(filter(processes.alive, pids)), graceful, timeout_s)
        group_file(where, name).unlink(missing_ok=True)
    return survivors
