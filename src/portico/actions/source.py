"""Which code a release is made of: a digest of its files, and the commit where git knows it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from portico.hops.wsgi import git
from portico.model.plan import Interpreter
from portico.model.site import Site
from portico.system import tree
from portico.system.accounts import owner, to_become
from portico.system.run import run

#: What code, templates and style sheets are written in. Data that an application writes (.json, .csv, .sqlite3) is not in
#: it.
SUFFIXES = frozenset(
    (
        *(".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".txt", ".xml", ".sql", ".mo", ".po", ".so"),
        *(".toml", ".cfg", ".ini", ".yml", ".yaml", ".css", ".scss", ".js", ".mjs", ".ts", ".svg"),
    )
)


@dataclass(frozen=True)
class Source:
    """`digest` changes with any file of the code or any installed distribution; `files` is how many files it is of.
    `revision` and `subject` are the commit's, empty without git; `dirty` means that tracked files differ from it."""

    digest: str
    files: int
    revision: str = ""
    subject: str = ""
    dirty: bool = False


def source_of(project: Path, site: Site, python: Interpreter) -> Source:
    """Look at the folder as it is now; never fails, and changes nothing."""
    folders = [site.directory, *(path for path in site.python_path if Path(path).is_relative_to(project))]
    skipped = {entry.root.rstrip("/") for entry in site.maps} | {
        entry.source.rstrip("/") for entry in site.maps if entry.source
    }
    # What it says is in the plan already.
    skipped.add(f"{project}/portico.toml")
    found = tree.digest(folders, SUFFIXES, skipped)
    installed = " ".join(_distributions(Path(python.executable)))
    revision, subject, dirty = _commit(project)
    return Source(f"{found.digest[:32]}{_short(installed)}", found.files, revision, subject, dirty)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _distributions(executable: Path) -> list[str]:
    """`django-5.2.dist-info` and its like beside the interpreter of a virtual environment."""
    found: list[str] = []
    for folder in (executable.parent.parent / "lib").glob("python3*/site-packages"):
        try:
            found += [name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))]  # noqa: PTH208
        except OSError:
            continue
    return sorted(found)


def _commit(project: Path) -> tuple[str, str, bool]:
    try:
        account = owner(project)
    except OSError:
        # The folder is gone.
        return "", "", False
    user = to_become(account) or None
    answer = run(git.head(str(project), user))
    revision, subject = git.parse_head(answer.stdout) if answer.ok else ("", "")
    if not revision:
        return "", "", False
    changed = run(git.status(str(project), user))
    return revision, subject, not changed.ok or bool(changed.stdout.strip())
