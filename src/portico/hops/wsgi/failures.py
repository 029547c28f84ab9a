"""Findings about a project that its own Python could not load."""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from portico.hops.wsgi import kinds
from portico.hops.wsgi.facts import InspectFailure
from portico.hops.wsgi.packages import pypi_project
from portico.model.finding import Finding

_EVIDENCE_LINES = 6
#: How libraries that read settings from the environment say that a variable is missing.
_UNSET = (
    re.compile(r"Set the (\w+) environment variable"),  # django-environ
    re.compile(r"(\w+) not found\. Declare it as envvar"),  # python-decouple
    re.compile(r"Environment variable \"(\w+)\" (?:not set|invalid)"),  # environs
)


@dataclass(frozen=True)
class Context:
    """What is known beside the failure.

    `python` is the project's interpreter. `module` and `settings` are what the user named, empty where nothing was.
    `dotenv` maps a file in the project to the names it defines; `requirements` is a requirements file in it, or empty.
    `environ_added` are names of variables that manage.py itself sets. `written` are the lines that the project wrote on its
    standard output and error while it was loaded.
    """

    python: str
    module: str = ""
    settings: str = ""
    dotenv: Mapping[str, Collection[str]] = field(default_factory=dict, hash=False)
    requirements: str = ""
    environ_added: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


def finding(failure: InspectFailure, context: Context) -> Finding:
    """The one finding that explains why the project cannot be loaded."""
    if failure.type in _OURS:
        return _OURS[failure.type](failure, context)
    if variable := _variable(failure):
        return _missing_variable(variable, failure, context)
    if failure.missing_module:
        return _missing_module(failure, context)
    if (
        failure.stage == "import"
        and failure.type == "FileNotFoundError"
        and not failure.file
        and failure.path.endswith(".py")
    ):
        return kinds.MODULE_NOT_FOUND.found(
            cause=f"there is no file {failure.path}",
            evidence=_evidence(failure),
            fix=["portico up FILE.py   # the file's real name"],
        )
    return _raised(failure, context)


def no_answer(context: Context, code: int, timed_out: bool, stderr: str) -> Finding:
    """The project ended or blocked the whole process: `code` is its exit status (negative: a signal)."""
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
    name = context.module or context.settings
    again = f"-c 'import {name}'" if name else "manage.py check"
    return kinds.NO_ANSWER.found(
        cause=f"the process that was to load the project {'did not end in time' if timed_out else ended} without saying why",
        evidence=[line for line in stderr.splitlines() if line.strip()][-_EVIDENCE_LINES:] or [f"{context.python} {ended}"],
        fix=[f"{_python(context)} -X faulthandler {again}   # see it happen"],
    )


def _variable(failure: InspectFailure) -> str:
    if failure.missing_variable:
        return failure.missing_variable
    found = (pattern.search(failure.message) for pattern in _UNSET)
    return next((match[1] for match in found if match), "")


def _missing_variable(name: str, failure: InspectFailure, context: Context) -> Finding:
    files = [file for file, names in context.dotenv.items() if name in names]
    evidence = _evidence(failure)
    if files:
        fix = [f'env_files = ["{files[0]}"]   # in portico.toml']
        evidence.append(f"{files[0]} defines {name}")
    else:
        fix = [f'[env]\n{name} = "..."   # in portico.toml', f"or: export {name}=...   # in the shell that runs portico"]
    if name in context.environ_added:
        evidence.append(f"manage.py sets {name} itself, which does not reach a WSGI server")
    return kinds.MISSING_VARIABLE.found(
        cause=f"the environment variable {name} is not set", evidence=evidence, fix=fix, title=f"{name} is not set"
    )


def _missing_module(failure: InspectFailure, context: Context) -> Finding:
    name = failure.missing_module
    if failure.stage == "settings" and _names(name, failure.settings):
        return _no_settings_module(failure)
    module = failure.module or context.module
    if _names(name, module) and failure.stage in ("import", "wsgi"):
        return kinds.MODULE_NOT_FOUND.found(
            cause=f"there is no module {name} on the application's path",
            evidence=_evidence(failure),
            fix=['[uwsgi]\nmodule = "package.module:callable"   # in portico.toml, or WSGI_APPLICATION in the settings'],
        )
    if failure.missing_own:
        return _raised(failure, context)
    python = _python(context)
    project = pypi_project(name)
    which = f"{project}   # it has the module {name}" if project else f"PACKAGE   # the one that has the module {name}"
    fix = [f"{python} -m pip install {which}"]
    if context.requirements:
        fix.insert(0, f"{python} -m pip install -r {shlex.quote(context.requirements)}")
    fix.append('[uwsgi]\npythonpath = ["FOLDER"]   # in portico.toml, if it is your own and lies in FOLDER')
    return kinds.MISSING_PACKAGE.found(
        cause=f"the module {name} cannot be imported in {context.python}",
        evidence=_evidence(failure),
        fix=fix,
        title=f"No module named {name}",
    )


def _no_settings_module(failure: InspectFailure) -> Finding:
    origin = {
        "request": "named by `settings` in portico.toml or by --settings",
        "environment": "named by DJANGO_SETTINGS_MODULE in the environment",
    }.get(failure.settings_origin, f"named by {failure.settings_origin}")
    fix = ['settings = "package.settings"   # in portico.toml: the module that exists']
    if failure.settings_origin == "environment":
        fix.insert(0, "unset DJANGO_SETTINGS_MODULE   # if it was meant for another project")
    return kinds.SETTINGS_FAILED.found(
        cause=f"there is no module {failure.missing_module}; {failure.settings} was {origin}",
        evidence=_evidence(failure),
        fix=fix,
        title=f"The settings module {failure.settings} is not there",
    )


def _names(missing: str, wanted: str) -> bool:
    """Whether the missing module is the wanted one or a package it is in."""
    return bool(wanted) and (wanted == missing or wanted.startswith(f"{missing}."))


def _raised(failure: InspectFailure, context: Context) -> Finding:
    kind = {
        "manage": kinds.MANAGE_FAILED,
        "settings": kinds.SETTINGS_FAILED,
        "setup": kinds.SETUP_FAILED,
        "urls": kinds.URLS_FAILED,
    }.get(failure.stage, kinds.IMPORT_FAILED)
    where = f" at {failure.place}" if failure.place else ""
    fix = []
    if failure.type == "ImportError" and "relative import" in failure.message:
        fix.append("name it as a module: portico up package.module   # a file that is part of a package needs that")
    folder = failure.path.rpartition("/")[0]
    if failure.errno == errno.ENOENT and folder:
        fix.append(f"mkdir -p {shlex.quote(folder)}   # if it is to be made there, as a log is, and the folder is missing")
    if failure.errno and failure.path:
        fix.append(f"ls -ld {shlex.quote(failure.path)}   # the application's account must be able to use it")
    if failure.type == "SyntaxError" and failure.file:
        fix.append(f"{_python(context)} -m py_compile {shlex.quote(failure.file)}   # is it written for another Python?")
    if failure.place:
        fix.append(f"correct {failure.place}")
    message = failure.message.strip().splitlines()[0] if failure.message.strip() else ""
    if failure.errno and failure.path and failure.path not in message:
        message = f"{message}: {os.strerror(failure.errno)}: {failure.path}"
    return kind.found(
        cause=f"{failure.type}{where}: {message}" if message else f"{failure.type}{where}",
        evidence=_evidence(failure),
        fix=fix or [f"{_python(context)} {_alone(failure, context)}   # see it fail by itself"],
    )


def _alone(failure: InspectFailure, context: Context) -> str:
    """The arguments with which the project's Python does what failed; a project that is not Django's has no manage.py."""
    module = (failure.module or context.module).partition(":")[0]
    if failure.settings or context.settings or failure.stage not in ("import", "wsgi") or not module:
        return "manage.py check"
    return shlex.quote(module) if module.endswith(".py") else f"-c {shlex.quote(f'import {module}')}"


def _hang(failure: InspectFailure, context: Context) -> Finding:
    where = f" at {failure.place}" if failure.place else ""
    return kinds.HANGS.found(
        cause=f"{failure.message}; it waits{where}",
        evidence=_evidence(failure),
        fix=["let nothing that waits (a connection, a lock, input) happen while the code is imported"],
    )


def _exits(failure: InspectFailure, context: Context) -> Finding:
    where = f" at {failure.place}" if failure.place else ""
    wrote = [f"it wrote: {line}" for line in context.written[-_EVIDENCE_LINES:]]
    return kinds.EXITS.found(
        cause=f"{failure.message}{where}",
        evidence=[*wrote, *_evidence(failure)],
        fix=["raise an exception that says what is missing, or put the call under if __name__ == '__main__'"],
    )


def _no_settings(failure: InspectFailure, context: Context) -> Finding:
    return kinds.MANAGE_FAILED.found(
        cause=failure.message,
        evidence=_evidence(failure),
        fix=[
            'settings = "package.settings"   # in portico.toml, for Django',
            "portico up package.module:callable   # for any other WSGI application",
        ],
    )


def _no_callable(failure: InspectFailure, context: Context) -> Finding:
    known = failure.candidates
    fix = [f"portico up {_module(failure, context)}:{name}" for name in known]
    return kinds.NO_CALLABLE.found(
        cause=failure.message,
        evidence=[f"it has {', '.join(known)}"] if known else [failure.message],
        fix=fix or ["portico up package.module:callable   # name the WSGI callable"],
    )


def _factory(failure: InspectFailure, context: Context) -> Finding:
    return kinds.FACTORY.found(
        cause=failure.message,
        evidence=[failure.message],
        fix=[
            f"portico up '{_module(failure, context)}:{failure.factory}()'   # call it without arguments",
            f"or add to the module: application = {failure.factory}()",
        ],
    )


def _not_wsgi(failure: InspectFailure, context: Context) -> Finding:
    return kinds.NOT_WSGI.found(
        cause=failure.message,
        evidence=[failure.message],
        fix=["portico up package.module:callable   # name the function or object that takes (environ, start_response)"],
    )


def _asgi(failure: InspectFailure, context: Context) -> Finding:
    module = _module(failure, context)
    sibling = re.sub(r"\basgi\b", "wsgi", module)
    fix = [f"portico up {sibling}:application"] if sibling != module else []
    return kinds.ASGI.found(
        cause=failure.message,
        evidence=[failure.message],
        fix=[*fix, "an application that is ASGI only needs an ASGI server such as uvicorn instead of uWSGI"],
    )


_OURS = {
    "Hang": _hang,
    "SystemExit": _exits,
    "NoSettings": _no_settings,
    "NoCallable": _no_callable,
    "Factory": _factory,
    "NotCallable": _not_wsgi,
    "WrongArguments": _not_wsgi,
    "Asgi": _asgi,
}


def _module(failure: InspectFailure, context: Context) -> str:
    return failure.module or context.module or "MODULE"


def _python(context: Context) -> str:
    return shlex.quote(context.python)


def _evidence(failure: InspectFailure) -> list[str]:
    """The place in the project's own code, its source line and the exception; without a place the traceback's last lines."""
    lines = [line for line in failure.traceback if line.strip()]
    if not failure.file:
        return lines[-_EVIDENCE_LINES:] or [f"{failure.type}: {failure.message}"]
    frame = f'File "{failure.file}", line {failure.line}'
    at = next((number for number, line in enumerate(lines) if line.strip().startswith(frame)), len(lines))
    code = [line.strip() for line in lines[at + 1 : at + 2]]
    return [failure.place, *code, *lines[-1:]]
