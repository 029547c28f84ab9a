"""The project's Python, and a uWSGI that fits it."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from portico.hops.uwsgi.checks import NO_UWSGI
from portico.hops.wsgi.environments import Candidate, Surroundings, candidates, questions
from portico.hops.wsgi.facts import PythonFacts
from portico.model.command import Command
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.origin import Origin
from portico.model.plan import Uwsgi
from portico.system.accounts import Account, can_enter, ourselves
from portico.system.run import run

NO_PYTHON = Kind(
    "wsgi.E020",
    "wsgi",
    "The project's Python cannot be run",
    "The application is loaded by its own Python, where its packages are installed.",
    source="https://docs.python.org/3/library/venv.html",
    shows="`portico up` ends with exit status 3 and says of each Python it tried what is wrong with it.",
    example="/srv/shop/.venv/bin/python: account www-data may not enter /root",
    cure="`portico up --python /path/to/venv/bin/python`, or make one: `python3 -m venv .venv && .venv/bin/pip install -r "
    "requirements.txt`. The application's account must be able to run it, so not under /root.",
)


@dataclass(frozen=True)
class Chosen:
    """The interpreter to use and why."""

    executable: str
    origin: Origin


def choose_python(configured: str, project: Path, directory: Path, environ: Mapping[str, str], app: Account) -> Chosen:
    """The first candidate that can be run. VIRTUAL_ENV is looked up in the shell's own environment."""
    shell = {**environ, **{name: os.environ[name] for name in ("VIRTUAL_ENV",) if name in os.environ}}
    asked = questions(str(project), str(directory), shell, configured)
    existing = frozenset(path for path in asked if Path(path).exists())
    around = Surroundings(str(project), str(directory), existing, shell, sys.executable, sys.prefix, configured)
    failed = []
    for candidate in candidates(around):
        path, problem = _resolve(candidate, app)
        if not problem:
            kind = "file" if candidate.why == "configured" else "detected"
            return Chosen(path, Origin("file" if kind == "file" else "detected", candidate.why))
        failed.append(f"{path} ({candidate.why}): {problem}")
        if candidate.why == "configured":
            break
    finding = NO_PYTHON.found(
        cause=failed[0],
        evidence=failed,
        fix=[
            "portico up --python /path/to/venv/bin/python",
            "or make one: python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
        ],
    )
    raise PorticoError(finding, Exit.MISSING_TOOL)


def _resolve(candidate: Candidate, app: Account) -> tuple[str, str]:
    """The path of a candidate's interpreter and what is wrong with it, if anything."""
    if isinstance(candidate.python, Command):
        command = replace(candidate.python, user=app.name if ourselves().uid == 0 and app.uid else None)
        outcome = run(command)
        path = outcome.stdout.strip().splitlines()[-1] if outcome.ok and outcome.stdout.strip() else ""
        if not path:
            said = (outcome.stderr or outcome.stdout).strip().splitlines()[-1:] or ["no answer"]
            return candidate.python.argv[0], said[0]
    else:
        path = candidate.python
    if not Path(path).is_file():
        return path, "it is a folder" if Path(path).is_dir() else "it is not there"
    if not os.access(path, os.X_OK):
        return path, "it may not be executed"
    stopped = can_enter(app, Path(os.path.realpath(path)).parent)
    return path, f"account {app.name} may not enter {stopped}" if stopped else ""


def uwsgi_for(chosen: Chosen, python: PythonFacts) -> Uwsgi:
    """The uWSGI of the project's Python, else Portico's own when both are the same minor version of CPython.

    `python` are the facts that `inspect_project` gathered. Raises PorticoError with the exact command that mends it.
    """
    if python.uwsgi:
        return python.uwsgi
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    spec = importlib.machinery.PathFinder.find_spec("pyuwsgi")
    if spec and spec.origin and python.version == ours and python.implementation == "cpython":
        return Uwsgi("pyuwsgi", spec.origin, importlib.metadata.version("pyuwsgi"))
    finding = NO_UWSGI.found(
        cause=f"the project runs on Python {python.version}, Portico's uWSGI is built for Python {ours}",
        evidence=[f"{chosen.executable}: Python {python.version}, no uWSGI in it", f"{sys.executable}: Python {ours}"],
        fix=[f"{chosen.executable} -m pip install pyuwsgi", "then repeat the command"],
    )
    raise PorticoError(finding, Exit.MISSING_TOOL)
