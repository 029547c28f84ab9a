"""Make the folders of a stack, with owners and modes that suit who runs what."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from pathlib import Path

from portico.actions.machine import Machine
from portico.actions.places import Places
from portico.model.errors import Exit, PorticoError
from portico.model.file import File
from portico.model.finding import Kind
from portico.model.plan import Plan
from portico.model.site import LIVE
from portico.system import accounts, files
from portico.system.accounts import Account, acting_as

NOT_OURS = Kind(
    "system.E015",
    "system",
    "The state folder can be changed by another account",
    "Whoever can replace what lies there decides what nginx and uWSGI run and which files they write.",
    source="docs/decisions/0005-where-things-lie.md",
    shows="`portico up` ends with exit status 2. As root every folder above the state folder counts as well.",
    example="/srv/shared: owner ana, mode drwxr-xr-x              # and the command runs as root",
    cure='Name a folder that only this account can change: `state_dir = "/var/lib/shop"` in portico.toml. If the folder is '
    "a left-over of another account, move it away.",
)
#: What `.portico` in the project shows of a stack whose files lie elsewhere.
_LINKED = ("conf", "log", "static", LIVE, "state.json")


def make_state(where: Places, machine: Machine) -> None:
    """The state folder; it is all that must exist before the lock can be taken."""
    root = machine.us.uid == 0
    _prove_ours(where.state, machine.us)
    if root and not where.state.parent.exists():
        files.make_dir(where.state.parent, 0o755)
    files.make_dir(where.state, 0o755 if root else 0o700)
    if where.state == where.dot:
        files.write(where.dot, File(".gitignore", "*\n", 0o644))
        _forget_links(where)


def _prove_ours(state: Path, us: Account) -> None:
    """Raise when another account could put its own files in place of ours: who owns a folder may, and so may who owns a
    folder above it, which matters to root alone, whose nginx and supervisord act on these files with root's rights."""
    for folder in (state, *state.parents) if us.uid == 0 else (state,):
        if not folder.is_dir():
            continue
        status = folder.stat()
        shared = status.st_mode & 0o002 and not status.st_mode & stat.S_ISVTX
        if status.st_uid != us.uid or (us.uid == 0 and shared):
            owner = accounts.by_uid(status.st_uid).name
            whose = f"belongs to {owner}" if status.st_uid != us.uid else "may be changed by every account"
            finding = NOT_OURS.found(
                cause=f"{folder} {whose}, and this command runs as {us.name}",
                evidence=[f"{folder}: owner {owner}, mode {stat.filemode(status.st_mode)}"],
                fix=[
                    f"ls -la {shlex.quote(str(folder))}   # what is it, and who made it?",
                    f'name a folder that only {us.name} can change: state_dir = "/some/folder" in portico.toml',
                ],
            )
            raise PorticoError(finding, Exit.USAGE)


def _forget_links(where: Places) -> None:
    """`_link_into_project` may have left links to root's files, in which an ordinary user cannot write."""
    for name in _LINKED:
        link = where.dot / name
        if link.is_symlink() and link.readlink().is_absolute():
            files.remove(link)


def make_rest(where: Places, machine: Machine, plan: Plan) -> None:
    """Logs, temporary files and collected files. For root, logs lie where only root can write, and uWSGI's log is made
    beforehand for the account that appends to it."""
    root = machine.us.uid == 0
    mode, owner = (0o755, (machine.app.uid, machine.app.gid)) if root else (0o700, (-1, -1))
    files.make_dir(where.state / "log", mode)
    files.make_dir(where.state / "tmp", mode)
    files.make_dir(where.state / "releases", mode)
    files.make_dir(where.state / "static", 0o755, *owner)
    _make_served_by_uwsgi(where, plan, machine)
    if root:
        log = Path(plan.uwsgi.log)
        if log.parent == where.state / "log":
            _make_log(log, machine)
        _link_into_project(where)


def _make_served_by_uwsgi(where: Places, plan: Plan, machine: Machine) -> None:
    """uWSGI looks at these folders once, at its start; nginx, and Django when it stores a file, do not mind absent ones."""
    with acting_as(machine.app):
        for served in plan.site.maps:
            ours = Path(served.root) == where.static_link
            if served.served_by == "uwsgi" and not ours and not Path(served.root).exists():
                files.make_dir(Path(served.root), 0o755)


def _make_log(log: Path, machine: Machine) -> None:
    with files.writing(log):
        descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW, 0o640)
        os.fchown(descriptor, machine.app.uid, machine.app.gid)
        os.close(descriptor)


def _link_into_project(where: Places) -> None:
    """`.portico` in the project shows where root's files lie. It is a convenience: a project that may not be written to
    goes without, and so does one whose owner has a stack in it."""
    if (where.dot / "lock").exists():
        return
    with contextlib.suppress(PorticoError, OSError), acting_as(accounts.owner(where.project)):
        files.make_dir(where.dot, 0o755)
        files.write(where.dot, File(".gitignore", "*\n", 0o644))
        for name in _LINKED:
            files.swap_link(where.dot / name, str(where.state / name))
