"""Import the application as uWSGI does, and say what is in the way (`load` of the examination).

Standard library only, Python 3.8 and later; loaded by `examine_project`.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any

_VARIABLE = "DJANGO_SETTINGS_MODULE"
_CONF = os.path.join("django", "conf", "__init__.py")
_SETUP = (os.path.join("django", "apps", "registry.py"), os.path.join("django", "__init__.py"))
_UNFIT = {
    "NoCallable": "wrong-callable",
    "NotCallable": "not-callable",
    "Asgi": "asgi",
    "Factory": "wrong-arguments",
    "WrongArguments": "wrong-arguments",
}
#: Modules that are there only in a process that uWSGI runs.
_INSIDE_UWSGI = ("uwsgi",)
_FRAMES = 12


def _beside(name: str) -> Any:
    return sys.modules["portico_inside_loading"].beside(name)


def examine(job: Any, found: dict[str, Any]) -> None:
    """Leaves the callable in `job.application`. Raises nothing that the project raised."""
    python, callables, missing = _beside("examine_python"), _beside("callables"), _beside("examine_missing")
    if "python" not in job.parts:
        python.enter(job.request, job.project)
    target = _target(job.request)
    if not target["module"] and not target["file"] and not os.environ.get(_VARIABLE):
        found["reason"] = "nothing says which module or file the application is in"
        return
    names: dict[str, None] = {}
    job.harmless.install()
    python.step_aside(job)
    try:
        with _environ_watched(job, names):
            found.update(stage="import")
            _load(job, found, target, callables)
        found["ok"] = True
    except callables.Unfit as error:
        found.update(ok=False, kind=_UNFIT.get(error.kind, "not-callable"), factory=error.more.get("factory", ""))
        found["failure"] = {"exception": error.kind, "message": str(error), "frame": _definition(job, target)}
    except BaseException as error:
        _failed(job, found, target, error, missing)
    finally:
        python.note_loaded(job)
        found["environ_missing"] = [name for name in names if name not in os.environ]
        found["django"], found["settings"] = job.django, os.environ.get(_VARIABLE, "")
        found["threads"] = sys.modules["portico_inside_loading"].threads()
        if job.django:
            with contextlib.suppress(Exception):
                job.masker.add(vars(job.settings()._wrapped))
            job.harmless.calm_django(job.settings())


def _target(request: dict[str, Any]) -> dict[str, str]:
    module, _, name = str(request.get("module") or "").partition(":")
    file = request.get("file") or ""
    return {
        "module": module,
        "file": os.path.abspath(file) if file else "",
        "callable": request.get("callable") or name or "application",
    }


def _load(job: Any, found: dict[str, Any], target: dict[str, str], callables: Any) -> None:
    if not target["module"] and not target["file"]:
        job.application = importlib.import_module("django.core.wsgi").get_wsgi_application()
    else:
        if target["file"]:
            with open(target["file"], "rb"):
                pass
        module = callables.import_target(target)
        found["stage"] = "callable"
        found["callables"] = callables.candidates(module)
        about = callables.examine(module, target)
        value = module
        for part in about["callable"].replace("()", "").split("."):
            value = getattr(value, part)
        job.application = value() if about["kind"] == "factory" else value
    kind = type(job.application)
    found["type"] = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _failed(job: Any, found: dict[str, Any], target: dict[str, str], error: BaseException, missing: Any) -> None:
    failure = job.describe(error)
    name = failure.get("missing_module") or _import_name(job, error)
    if failure.get("missing_module") in _INSIDE_UWSGI:
        found.update(ok=None, failure=failure)
        found["reason"] = f"the application imports {name}, which is there only inside uWSGI"
        return
    found.update(ok=False, failure=failure, limit_s=getattr(error, "limit_s", 0.0))
    if found["stage"] == "import":
        found["stage"] = _stage(job, error)
    found["kind"] = _kind(found["stage"], error, failure, target)
    if name:
        found["closed"] = missing.closed(name)
        found["elsewhere"] = missing.elsewhere(name, job.project)
    elif isinstance(error, OSError) and failure["path"]:
        found["closed"] = missing.closed_on_the_way(failure["path"])
        if found["closed"] and found["kind"] == "file-missing":
            found["kind"] = "unreadable"


def _import_name(job: Any, error: BaseException) -> str:
    """The module behind `cannot import name 'x' from 'package' (unknown location)`: a package whose inside is hidden."""
    last = job.failures.links(error)[-1]
    return (last.name or "") if isinstance(last, ImportError) and not last.path else ""


def _kind(stage: str, error: BaseException, failure: dict[str, Any], target: dict[str, str]) -> str:
    simple = {"Hang": "hang", "SystemExit": "exit"}.get(failure["exception"], "")
    if simple or isinstance(error, SyntaxError):
        return simple or "syntax"
    if failure["missing_variable"] == _VARIABLE:
        return "settings"
    if failure["missing_variable"]:
        return "missing-variable"
    name = failure["missing_module"]
    if name:
        return _missing_kind(stage, name, target)
    if isinstance(error, OSError) and failure["path"] == target["file"]:
        return "unreadable" if failure["errno"] == errno.EACCES else "file-missing"
    if failure["errno"] == errno.EACCES and failure["path"].endswith((".py", ".pyc", ".so")):
        return "unreadable"
    return "settings" if stage == "settings" and failure["exception"] == "ImproperlyConfigured" else "exception"


def _missing_kind(stage: str, name: str, target: dict[str, str]) -> str:
    if stage == "import" and _names(name, target["module"]):
        return "module-not-found"
    if stage == "settings" and _names(name, os.environ.get(_VARIABLE, "")):
        return "settings"
    return "missing-dependency"


def _names(missing: str, wanted: str) -> bool:
    """Whether the missing module is the wanted one or a package it is in."""
    return bool(wanted) and (wanted == missing or wanted.startswith(f"{missing}."))


def _stage(job: Any, error: BaseException) -> str:
    """What Django was doing when the exception came: reading its settings, setting up its applications, or neither."""
    stacks = [traceback.extract_tb(link.__traceback__) for link in job.failures.links(error)]
    entries = [entry for stack in (getattr(error, "stack", None) or (), *stacks) for entry in stack]
    if any(entry.filename.endswith(_CONF) and entry.name in ("_setup", "__init__") for entry in entries):
        return "settings"
    setup = any(entry.filename.endswith(_SETUP) and entry.name in ("setup", "populate") for entry in entries)
    return "setup" if setup else "import"


def _definition(job: Any, target: dict[str, str]) -> dict[str, Any] | None:
    """Where the value that is no WSGI callable was defined, if it is a function or a class's."""
    module = sys.modules.get(target["module"])
    value = getattr(module, target["callable"].partition(".")[0], None)
    place: dict[str, Any] | None = job.failures.place_of(value)
    return place


@contextlib.contextmanager
def _environ_watched(job: Any, names: dict[str, None]) -> Iterator[None]:
    """Names that the project's own code, or a library that it reads its settings with, looks for in os.environ in vain."""
    kind: Any = type(os.environ)
    original = kind.__getitem__

    def getitem(self: Any, key: Any) -> Any:
        try:
            return original(self, key)
        except KeyError:
            if isinstance(key, str) and key not in names and _asked_by_project(job):
                names[key] = None
            raise

    kind.__getitem__ = getitem
    try:
        yield
    finally:
        kind.__getitem__ = original


def _asked_by_project(job: Any) -> bool:
    """Whether code of the project is on the stack, with no import between it and the question."""
    frame: Any = sys._getframe(2)
    for _ in range(_FRAMES):
        if frame is None or frame.f_code.co_filename.startswith("<frozen importlib"):
            return False
        if job.failures.inside(frame.f_code.co_filename, job.project):
            return True
        frame = frame.f_back
    return False
