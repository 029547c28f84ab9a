"""Which Python is the project's: candidates in the order people would try them, from facts handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from portico.model.command import Command

_FOLDERS = (".venv", "venv", "env")
#: Where anybody may put a folder, or no project's environment lies: an interpreter found there is not to be run.
_NOT_ABOVE = frozenset(("/", "/tmp", "/var/tmp", "/dev/shm", "/home"))  # noqa: S108


@dataclass(frozen=True)
class Surroundings:
    """What the choice depends on. All paths are absolute.

    `project` is the folder Portico was pointed at, `manage_dir` the one with manage.py (the same where there is none);
    `existing` are those of `questions()` that exist. `own_python` and `own_prefix` are Portico's sys.executable and
    sys.prefix. `configured` is `python` from the configuration or a flag: an interpreter or the folder of a virtual
    environment, relative to `project`; empty if unset.
    """

    project: str
    manage_dir: str
    existing: frozenset[str]
    environ: Mapping[str, str] = field(hash=False)
    own_python: str
    own_prefix: str
    configured: str = ""


@dataclass(frozen=True)
class Candidate:
    """One Python: the path of an interpreter, or a Command whose output is that path. `why` is a clause for people."""

    python: str | Command
    why: str


def questions(project: str, manage_dir: str, environ: Mapping[str, str], configured: str = "") -> tuple[str, ...]:
    """Every path whose existence `candidates` may depend on."""
    folders = _folders(project, manage_dir)
    paths = [f"{folder}/{name}/bin/python" for folder in folders for name in _FOLDERS]
    paths += [f"{folder}/{name}" for folder in folders for name in ("uv.lock", "poetry.lock", "Pipfile")]
    environments = [environ.get(name, "") for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    paths += [f"{prefix}/bin/python" for prefix in environments if prefix]
    paths += [f"{_below(folder, environ['UV_PROJECT_ENVIRONMENT'])}/bin/python" for folder in folders if _uv(environ)]
    if configured:
        paths += [_below(project, configured), f"{_below(project, configured)}/bin/python"]
    return tuple(dict.fromkeys(paths))


def candidates(around: Surroundings) -> tuple[Candidate, ...]:
    """The Pythons to try, best first, none twice; never empty.

    A configured one is the only candidate, because falling back to another would start something else than was asked for.
    An active virtual environment counts unless it is Portico's own, which says nothing about the project.
    """
    if around.configured:
        path = _below(around.project, around.configured)
        inside = f"{path}/bin/python"
        return (Candidate(inside if inside in around.existing else path, "configured"),)
    own = Candidate(around.own_python, "the Python that runs Portico")
    active, conda = _active(around, "VIRTUAL_ENV", "virtual"), _active(around, "CONDA_PREFIX", "conda")
    found = [*active, *_beside(around), *_managed(around), *conda, own]
    unique = {str(candidate.python): candidate for candidate in reversed(found)}
    return tuple(candidate for candidate in found if unique[str(candidate.python)] is candidate)


def _active(around: Surroundings, variable: str, kind: str) -> list[Candidate]:
    prefix = around.environ.get(variable, "")
    python = f"{prefix}/bin/python"
    if not prefix or python not in around.existing or _same(prefix, around.own_prefix):
        return []
    return [Candidate(python, f"the active {kind} environment ({variable})")]


def _beside(around: Surroundings) -> list[Candidate]:
    found = []
    for folder in _folders(around.project, around.manage_dir):
        for name in _FOLDERS:
            python = f"{folder}/{name}/bin/python"
            if python in around.existing:
                found.append(Candidate(python, f"the virtual environment {folder}/{name}"))
    return found


def _managed(around: Surroundings) -> list[Candidate]:
    """The environment of a tool that manages one: uv's is a folder, poetry and pipenv have to be asked."""
    found = []
    # Both tools answer with the active environment if there is one, and that may be Portico's.
    environ = {name: value for name, value in around.environ.items() if name not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    environ["PIPENV_IGNORE_VIRTUALENVS"] = "1"
    for folder in _folders(around.project, around.manage_dir):
        if f"{folder}/uv.lock" in around.existing and _uv(around.environ):
            python = f"{_below(folder, around.environ['UV_PROJECT_ENVIRONMENT'])}/bin/python"
            if python in around.existing:
                found.append(Candidate(python, "the environment of uv (UV_PROJECT_ENVIRONMENT)"))
        if f"{folder}/poetry.lock" in around.existing:
            argv = ("poetry", "env", "info", "--executable")
            ask = Command(argv, "ask poetry for the project's Python", cwd=folder, environ=environ)
            found.append(Candidate(ask, f"the environment of poetry ({folder}/poetry.lock)"))
        if f"{folder}/Pipfile" in around.existing:
            ask = Command(("pipenv", "--py"), "ask pipenv for the project's Python", cwd=folder, environ=environ)
            found.append(Candidate(ask, f"the environment of pipenv ({folder}/Pipfile)"))
    return found


def _folders(project: str, manage_dir: str) -> tuple[str, ...]:
    """Where an environment or lock file may lie: with manage.py, in the project, and above it."""
    above = str(PurePosixPath(project).parent)
    return tuple(dict.fromkeys((manage_dir, project, *([] if above in _NOT_ABOVE else [above]))))


def _uv(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("UV_PROJECT_ENVIRONMENT"))


def _below(folder: str, path: str) -> str:
    return str(PurePosixPath(folder) / path)


def _same(one: str, other: str) -> bool:
    return PurePosixPath(one) == PurePosixPath(other)
