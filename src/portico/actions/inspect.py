"""Let the project's own Python say what the project is."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.actions import environment
from portico.actions.ask import Answer, Question, asking
from portico.actions.configure import Loaded
from portico.actions.env_files import dotenv_settings, env_file_names, env_files
from portico.actions.locate import Located
from portico.actions.machine import Accounts
from portico.actions.options import Options
from portico.actions.places import Places
from portico.actions.python import Chosen, choose_python, uwsgi_for
from portico.hops.django.facts import DjangoFacts
from portico.hops.django.facts import parse as parse_django
from portico.hops.wsgi import checks as wsgi_checks
from portico.hops.wsgi import facts as wsgi_facts
from portico.hops.wsgi import failures
from portico.hops.wsgi.project import Target
from portico.model.command import Outcome
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding
from portico.model.origin import Origin
from portico.model.plan import Interpreter, Uwsgi

#: How long a project may take to import its settings and URLconf.
INSPECT_LIMIT_S = 120.0


@dataclass(frozen=True)
class Inspection:
    """What the project said of itself. `directory` is the folder with manage.py, or the project's; `django` is None for
    plain WSGI; `environ` is the application's whole environment (secrets: never shown)."""

    directory: Path
    interpreter: Interpreter
    python_origin: Origin
    module: str
    file: str
    callable: str
    module_origin: Origin
    python_path: tuple[str, ...]
    django: DjangoFacts | None
    findings: tuple[Finding, ...]
    settings_origin: Origin
    environ: Mapping[str, str]
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """The question that a project was asked, and of which Python; `answer` waits for what it says, once. `environ` as in
    `Inspection`."""

    chosen: Chosen
    environ: dict[str, str]
    path: tuple[str, ...]
    request: Mapping[str, Any]
    answer: Callable[[], Answer]


@contextlib.contextmanager
def asking_project(options: Options, loaded: Loaded, located: Located, accounts: Accounts, where: Places) -> Iterator[Asked]:
    """Ask it; raises PorticoError when there is no Python for it."""
    base = environment.base_environment(os.environ, accounts.app, accounts.us)
    wanted = options.python or loaded.config.python or ""
    chosen = choose_python(wanted, where.project, located.directory, base, accounts.app)
    variables = env_files(loaded, where.project)
    settings = options.settings or loaded.config.settings or ""
    environ = environment.application_environment(base, variables, loaded.config.env or {}, chosen.executable, settings)
    path = _python_path(loaded, located, where.project)
    request = {
        "project": str(located.directory),
        "manage": located.manage,
        "settings": settings,
        "dotenv_settings": dotenv_settings(where.project, located.directory),
        "target": _target_request(located.target),
        "python_path": list(path),
    }
    question = Question(
        script="inspect_project.py",
        request=request,
        python=chosen.executable,
        environ=environ,
        cwd=located.directory,
        app=accounts.app,
        why="ask the project what it is",
        limit_s=INSPECT_LIMIT_S,
    )
    with asking(question) as answer:
        yield Asked(chosen, environ, path, request, answer)


def inspect(options: Options, located: Located, where: Places, asked: Asked) -> Inspection:
    """Wait for the answer; raises PorticoError when the project does not load."""
    chosen, environ = asked.chosen, asked.environ
    answer, outcome = asked.answer()
    said = wsgi_facts.parse(answer) if answer else None
    if said is None or said.failure or said.python is None:
        why = _does_not_load(said, outcome, chosen.executable, located, asked.request["settings"], where.project)
        raise environment.discreet(why, environ)
    interpreter = Interpreter(
        executable=chosen.executable,
        base=said.python.base_executable,
        version=said.python.version,
        uwsgi=uwsgi_for(chosen, said.python),
    )
    return _inspection(options, located, interpreter, said, asked)


def no_application(project: Path) -> Inspection:
    """What is known of a folder that holds only a configuration: one for an nginx whose uWSGIs are elsewhere."""
    nothing = Origin("default", "there is no application here")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return Inspection(
        directory=project,
        interpreter=Interpreter(sys.executable, sys.executable, version, Uwsgi("pyuwsgi", "")),
        python_origin=nothing,
        module="",
        file="",
        callable="",
        module_origin=nothing,
        python_path=(),
        django=None,
        findings=(),
        settings_origin=nothing,
        environ={},
        request={},
    )


def _does_not_load(
    said: wsgi_facts.Inspection | None, outcome: Outcome, python: str, located: Located, settings: str, project: Path
) -> PorticoError:
    requirements = next((path for path in (located.directory, project) if (path / "requirements.txt").is_file()), None)
    context = failures.Context(
        python=python,
        module=(located.target.module or Path(located.target.file).stem) if located.target else "",
        settings=settings,
        dotenv=env_file_names(project),
        requirements=str(requirements / "requirements.txt") if requirements else "",
        environ_added=said.environ_added if said else (),
        written=tuple(line for line in f"{outcome.stdout}\n{outcome.stderr}".splitlines() if line.strip()),
    )
    if said and said.failure:
        return PorticoError(failures.finding(said.failure, context), Exit.USAGE)
    return PorticoError(failures.no_answer(context, outcome.code, outcome.timed_out, outcome.stderr), Exit.USAGE)


def _inspection(
    options: Options,
    located: Located,
    interpreter: Interpreter,
    said: wsgi_facts.Inspection,
    asked: Asked,
) -> Inspection:
    environ = asked.environ
    django = parse_django(said.django) if said.django else None
    module, file, name = _place(said, django, located)
    if django and django.settings:
        environ["DJANGO_SETTINGS_MODULE"] = django.settings
    found = {"target": located.origin, "WSGI_APPLICATION": Origin("detected", "settings.WSGI_APPLICATION")}
    return Inspection(
        directory=located.directory,
        interpreter=interpreter,
        python_origin=asked.chosen.origin,
        module=module,
        file=file,
        callable=name,
        module_origin=found.get(
            django.wsgi.origin if django else "target", Origin("detected", "wsgi.py beside the settings")
        ),
        python_path=tuple(dict.fromkeys((*asked.path, *said.path_added))),
        django=django,
        findings=tuple(wsgi_checks.check(said)),
        settings_origin=_settings_origin(options, django),
        environ=environ,
        request=asked.request,
    )


def _place(said: wsgi_facts.Inspection, django: DjangoFacts | None, located: Located) -> tuple[str, str, str]:
    """Module, file and name of the callable: what was examined, else what Django or the user named."""
    if said.callable:
        return said.callable.module, said.callable.file, said.callable.callable
    if django:
        return django.wsgi.module, django.wsgi.file, django.wsgi.callable
    target = located.target or Target()
    return target.module, target.file, target.callable or "application"


def _settings_origin(options: Options, django: DjangoFacts | None) -> Origin:
    origin = django.settings_origin if django else ""
    if origin == "request":
        return Origin("flag", "--settings") if options.settings else Origin("file", "settings in portico.toml")
    if origin == "environment":
        return Origin("environment", "DJANGO_SETTINGS_MODULE")
    return Origin("detected", origin)


def _target_request(target: Target | None) -> dict[str, str] | None:
    return {"module": target.module, "file": target.file, "callable": target.callable} if target else None


def _python_path(loaded: Loaded, located: Located, project: Path) -> tuple[str, ...]:
    """What stands in front of sys.path: configured folders, then the one the application runs in."""
    configured = [str((project / folder).resolve()) for folder in loaded.config.uwsgi.pythonpath or ()]
    return tuple(dict.fromkeys((*configured, str(located.directory))))
