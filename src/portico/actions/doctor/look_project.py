"""The application, asked in its own Python: loaded, called and checked there, in the environment of the running uWSGI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portico.actions.ask import Question, ask
from portico.actions.doctor.target import Target
from portico.actions.environment import base_environment
from portico.hops.uwsgi import options
from portico.model.evidence import PathSeen, ProjectSeen, UwsgiSeen
from portico.system import accounts
from portico.system.accounts import Account
from portico.system.look.paths import walk

LIMIT_S = 20.0
#: Where the site was waited for already.
SHORT_LIMIT_S = 10.0
_MOST_PACKAGES = 200


@dataclass(frozen=True)
class Place:
    """Where an application is and how it is run. `environ` holds secrets and is never shown. `static_root` is where a stack
    of Portico's has the static files of a project that names no folder for them. `guessed`: nothing says that it is this
    Python."""

    directory: str
    python: str
    module: str
    file: str
    callable: str
    python_path: tuple[str, ...]
    environ: Mapping[str, str]
    account: Account
    static_root: str = ""
    guessed: bool = False


def place_of(target: Target, seen: UwsgiSeen | None) -> Place | None:
    """The application of that instance, or of a stack of Portico's; None when nothing says which one it is."""
    if target.plan:
        return _managed(target, seen)
    if seen is None:
        return None
    module, file, name = options.application(seen.options)
    if not module and not file:
        return None
    directory = _directory(target, seen)
    if file and not file.startswith("/"):
        file = str(Path(directory) / file)
    account = _account(seen)
    return Place(
        directory=directory,
        python=_python(target, seen, directory),
        module=module,
        file=file,
        callable=name or "application",
        python_path=tuple(dict.fromkeys((*_python_path(seen, directory), directory))),
        environ=_environ(seen, account),
        account=account,
        guessed=not seen.master and not _known_python(target, seen, directory),
    )


def _managed(target: Target, seen: UwsgiSeen | None) -> Place | None:
    plan = target.plan or {}
    site = plan["site"]
    if not site["module"] and not site["file"]:
        return None
    account = accounts.by_name(plan["uwsgi"]["user"]) or accounts.ourselves()
    return Place(
        directory=site["directory"],
        python=plan["interpreter"]["executable"],
        module=site["module"],
        file=site["file"],
        callable=site["callable"],
        python_path=(*site["python_path"], *([str(Path(site["file"]).parent)] if site["file"] else [])),
        environ={**_environ(seen, account), **({"DJANGO_SETTINGS_MODULE": site["settings"]} if site["settings"] else {})},
        account=account,
        static_root=next((entry["root"] for entry in site["maps"] if entry["kind"] == "static"), ""),
    )


def _directory(target: Target, seen: UwsgiSeen) -> str:
    """Where it was started, as the process or its log tells, and from there `chdir`. Of one that never came so far: the
    folder of its file or of the project, whichever has the application."""
    said = next((event.data["path"] for event in reversed(seen.saw("cwd"))), "")
    chdir = seen.value("chdir")
    if started := (seen.master.cwd if seen.master else None) or said:
        return str(Path(started) / chdir)
    module, file, _ = options.application(seen.options)
    wanted = file or module.partition(".")[0]
    guesses = [str(Path(seen.files[0]).parent)] if seen.files else []
    guesses = [str(Path(guess) / chdir) for guess in (*guesses, str(target.asked.project))]
    has = (guess for guess in guesses for end in ("", ".py") if wanted and os.path.exists(f"{guess}/{wanted}{end}"))  # noqa: PTH110
    return next(has, guesses[0])


def _python_path(seen: UwsgiSeen, directory: str) -> list[str]:
    return [str(Path(directory) / entry.value) for entry in seen.options if entry.name == "pythonpath"]


def _python(target: Target, seen: UwsgiSeen, directory: str) -> str:
    """Whose packages the application sees: those of the interpreter that runs uWSGI. One that is embedded is reached through
    its `home`."""
    return _known_python(target, seen, directory) or shutil.which("python3") or "python3"


def _known_python(target: Target, seen: UwsgiSeen, directory: str) -> str:
    """Empty where nothing says which."""
    if target.asked.python:
        return target.asked.python
    if seen.python:
        return seen.python if seen.python.startswith("/") else shutil.which(seen.python) or seen.python
    homes = [seen.value("home")] if seen.value("home") else []
    homes += [f"{directory}/{name}" for name in (".venv", "venv", "env")]
    found = (f"{home}/bin/python" for home in homes if os.access(f"{home}/bin/python", os.X_OK))
    return next(found, "")


def _environ(seen: UwsgiSeen | None, account: Account) -> dict[str, str]:
    for process in (seen.workers[:1] + ((seen.master,) if seen.master else ())) if seen else ():
        if process and process.environ is not None:
            given = {name: value for name, value in process.environ.items() if not name.startswith("UWSGI_")}
            return given | _embedded(seen)
    return base_environment(os.environ, account, accounts.ourselves())


def _embedded(seen: UwsgiSeen | None) -> dict[str, str]:
    """What `env` gives to a Python that starts later than uWSGI; pyuwsgi's has read its environment before."""
    given = (entry.value for entry in seen.options if entry.name == "env") if seen and seen.kind == "binary" else ()
    return {name: value for name, equals, value in (text.partition("=") for text in given) if equals}


def _account(seen: UwsgiSeen) -> Account:
    running = seen.workers[0] if seen.workers else seen.master
    named = running.user if running else seen.value("uid")
    return (accounts.by_name(named) if named else None) or accounts.ourselves()


def examine(place: Place, paths: tuple[PathSeen, ...], path: str, host: str, limit_s: float = LIMIT_S) -> ProjectSeen:
    """Load and call it. Only a GET is ever repeated there. `paths` are those of `paths(place)`."""
    request = {
        "project": place.directory,
        "module": place.module,
        "file": place.file,
        "callable": place.callable,
        "python_path": list(place.python_path),
        "settings": place.environ.get("DJANGO_SETTINGS_MODULE", ""),
        "path": path,
        "host": host,
        "method": "GET",
        "static_root": place.static_root,
    }
    answer, outcome = ask(
        Question(
            script="examine_project.py",
            request=request,
            python=place.python,
            environ=place.environ,
            cwd=Path(place.directory),
            app=place.account,
            why="examine the application in its own Python",
            limit_s=limit_s,
        )
    )
    return ProjectSeen(
        directory=place.directory,
        python=place.python,
        account=place.account.name,
        module=place.module,
        file=place.file,
        callable=place.callable,
        answer=answer,
        outcome=outcome,
        environ_names=frozenset(place.environ),
        paths=paths,
        guessed=place.guessed,
    )


def paths(place: Place) -> tuple[PathSeen, ...]:
    """What its account has to read before anything of the project runs."""
    if place.account.uid == 0:
        return ()
    module = place.module.replace(".", "/")
    names = [f"{folder}/{module}{end}" for folder in place.python_path for end in (".py", "/__init__.py")] if module else []
    there = [path for path in (*names, place.file) if path and os.path.exists(path)]  # noqa: PTH110 -- as ourselves
    needed = [walk(place.directory, place.account, "x"), *(walk(path, place.account, "r") for path in there[:1])]
    packages = (walk(path, place.account, "x") for path in _packages(place))
    return (*needed, walk(place.python, place.account, "x"), *(seen for seen in packages if seen.closed))


def _packages(place: Place) -> list[str]:
    """The packages beside the application's own."""
    try:
        entries = sorted(Path(place.directory).iterdir())[:_MOST_PACKAGES]
    except OSError:
        return []
    return [str(entry) for entry in entries if entry.name.isidentifier() and entry.is_dir()]
