"""Where one stack keeps its things: state, logs and sockets.

An ordinary user's stack lives in `.portico/` in the project. Root's stack lives in /var/lib/portico/NAME, because files that
root's nginx reads or writes must not lie in a folder that somebody else can rename; `.portico/` then holds links to it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import Paths
from portico.model.site import LIVE
from portico.system.accounts import by_uid, ourselves, owner
from portico.system.files import read_text
from portico.system.processes import alive

#: sun_path holds 108 bytes with its closing NUL (unix(7)); the longest name below the runtime directory needs 24.
_RUN_LIMIT = 107 - 24

UNSAFE_RUN = Kind(
    "system.E004",
    "system",
    "The runtime directory belongs to somebody else",
    "Sockets in a folder that another account controls can be replaced by that account.",
    source="docs/decisions/0005-where-things-lie.md",
    shows="Every command ends with exit status 5 before it reads or writes there.",
    example="drwxr-xr-x 2 eve eve /tmp/portico-1000             # and the command runs as ana",
    cure="See what it is (`ls -la /tmp/portico-1000`), then move it away: `sudo mv /tmp/portico-1000 "
    "/tmp/portico-1000.away`. Portico makes one of its own, which nobody else may write to.",
)


@dataclass(frozen=True)
class Places:
    """Everything fixed for a stack before its plan is known. `project` is where `-C` points; `dot` is `.portico` there."""

    project: Path
    dot: Path
    state: Path
    run: Path

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def state_file(self) -> Path:
        return self.state / "state.json"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    @property
    def static_link(self) -> Path:
        """What nginx serves collected static files from: a symlink to those of the live release."""
        return self.state / LIVE

    def release_dir(self, number: int) -> Path:
        return self.state / "releases" / str(number)

    def paths(self, release: int) -> Paths:
        """The plan's paths for one release."""
        return Paths(
            project=str(self.project),
            state=str(self.state),
            conf=str(self.release_dir(release)),
            log=str(self.state / "log"),
            static=str(self.state / "static"),
            tmp=str(self.state / "tmp"),
            run=str(self.run),
        )


def places(project: Path, state_dir: str | None = None) -> Places:
    """The places of the stack of `project` (an absolute, resolved folder); nothing is created."""
    uid = ourselves().uid
    name = _name(project)
    dot, run = project / ".portico", _run_base(uid) / name
    state = dot if uid else Path("/var/lib/portico") / name
    if state_dir:
        state = (project / state_dir).resolve()
    if len(os.fsencode(run)) > _RUN_LIMIT:
        raise AssertionError(f"runtime directory too long: {run}")
    return Places(project, dot, state, run)


def _name(project: Path) -> str:
    """A name for the stack of that folder: readable, unique, and of characters that need no escaping."""
    key = hashlib.sha256(os.fsencode(project)).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", project.name.lower()).strip("-")[:16] or "site"
    return f"{slug}-{key}"


def _run_base(uid: int) -> Path:
    """/run/user/UID is removed when the last session ends, which would cut a detached stack off its sockets."""
    return Path(f"/tmp/portico-{uid}") if uid else Path("/run/portico")  # noqa: S108


def elsewhere(where: Places) -> tuple[str, ...]:
    """Other accounts that run a stack of the same project: root, or the project's owner, by name."""
    us = ourselves()
    name = where.run.name
    found = []
    for account in (by_uid(0), owner(where.project)):
        pid = read_text(_run_base(account.uid) / name / "supervisord.pid") if account.uid != us.uid else None
        if pid and pid.strip().isdigit() and alive(int(pid)):
            found.append(account.name)
    return tuple(found)


def prove_private(run: Path) -> None:
    """Raise unless the folder above `run` is a real folder of ours that nobody else may write to, or not there yet."""
    base, us = run.parent, ourselves()
    try:
        status = base.lstat()
    except FileNotFoundError:
        return
    theirs = status.st_uid != us.uid or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o022
    if theirs:
        mine = status.st_uid == us.uid
        finding = UNSAFE_RUN.found(
            cause=f"{base} is not a private folder of {us.name}, so Portico neither reads nor writes in it",
            evidence=[f"{base}: owner {by_uid(status.st_uid).name}, mode {stat.filemode(status.st_mode)}"],
            fix=[
                f"ls -ld {base}; ls -l {base}/   # what is it, and who made it?",
                f"{'' if mine else 'sudo '}mv {base} {base}.away   # Portico makes its own",
            ],
        )
        raise PorticoError(finding, Exit.NEEDS_HANDS)
