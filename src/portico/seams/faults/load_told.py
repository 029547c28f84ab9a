"""Why an application is not loaded, as uWSGI's log or the examination tells it, brought into one form."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field

from portico.hops.wsgi.examination import Load
from portico.model.evidence import Evidence
from portico.model.finding import Basis, Certainty
from portico.model.log import Event
from portico.seams.faults.app_seen import StartFailure, examined

_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_DRIVER = re.compile(r"Error loading (?:either )?([\w ]+?) modules?\b")
_UNSET = re.compile(r"Set the (\w+) environment variable|(\w+) not found\. Declare it as envvar|variable \"(\w+)\" not set")
_ENVIRON = re.compile(r"environ(?:\[|\.pop\(|\.__getitem__)")
_CONF = "django/conf/__init__.py"
_SETUP = ("django/apps/registry.py", "django/apps/config.py", "django/utils/log.py", "logging/config.py")
_ROWS = 6
_STDLIB = frozenset(getattr(sys, "stdlib_module_names", ()))


@dataclass(frozen=True)
class Told:
    """`what` is a `LoadKind` of the examination or `stdlib`, `own-module`, `driver`, `setup`, `settings-variable`. `missing`
    is the name of what is missing, `where` a place in the project's code, `load` what the examination says of the same
    failure (empty where it found another, or none)."""

    what: str
    exception: str = ""
    message: str = ""
    missing: str = ""
    where: str = ""
    rows: tuple[str, ...] = ()
    load: Load = field(default_factory=Load)
    basis: Basis = "log"
    certainty: Certainty = "certain"

    @property
    def says(self) -> str:
        """`KeyError: 'SECRET'`, one line."""
        first = self.message.partition("\n")[0]
        return f"{self.exception}: {first}" if first else self.exception


def of_log(evidence: Evidence, failure: StartFailure) -> Told:
    """What the log says, with what the examination knows of the same."""
    reason, load = failure.reason, examined(evidence).load
    if reason is None:
        same = load if load.kind in ("wrong-callable", "not-callable", "wrong-arguments", "asgi") else Load()
        return Told("wrong-callable", rows=(failure.end.text,), load=same)
    rows = (*_tail(reason.text), failure.end.text)
    if reason.kind == "open-python-file-failed":
        same = load if load.kind in ("file-missing", "unreadable") else Load()
        what = "unreadable" if same.kind == "unreadable" else "file-missing"
        return Told(what, missing=reason.data.get("path", ""), rows=rows, load=same)
    if reason.kind == "no-callable":
        return Told("wrong-callable", rows=rows, load=load if load.kind in ("wrong-callable", "not-callable") else Load())
    return _of_traceback(reason, rows, load)


def _of_traceback(event: Event, rows: tuple[str, ...], load: Load) -> Told:
    name, message = event.data.get("exception", "").rpartition(".")[2], event.data.get("message", "")
    first = message.partition("\n")[0]
    same = load if load.failure.exception == name and load.failure.message.partition("\n")[0] == first else Load()
    if name == "SyntaxError" or (load.kind == "syntax" and load.failure.exception == name):
        # Python's message has the place in it, the log has it in a line of its own.
        same = load if load.kind == "syntax" else Load()
    if same.kind:
        return of_examination(same, rows, "log")
    where = f"{event.data['file']}:{event.data['line']}" if event.data.get("file") else ""
    bare = event.data.get("bare") == "true"
    what, missing = _judged(name, message, event.text, bare)
    return Told(what, name, message, missing, where, rows)


def _judged(name: str, message: str, text: str, bare: bool) -> tuple[str, str]:
    """What a traceback is about, and the name of what is missing."""
    settings = _CONF in text and not any(part in text for part in _SETUP)
    if driver := _DRIVER.search(message):
        return "driver", driver[1]
    if module := _NO_MODULE.search(message) if name in ("ModuleNotFoundError", "ImportError") else None:
        return _missing(module[1], settings, text, bare), module[1]
    if unset := _UNSET.search(message):
        return "settings-variable" if settings else "missing-variable", next(part for part in unset.groups() if part)
    if name == "KeyError" and (_ENVIRON.search(text) or "<frozen os>" in text):
        variable = message.strip("'\"")
        return ("settings" if variable == "DJANGO_SETTINGS_MODULE" else "settings-variable") if settings else (
            "missing-variable"
        ), variable
    if name in ("SyntaxError", "IndentationError", "TabError"):
        return "syntax", ""
    if name == "PermissionError" and re.search(r"\.(?:pyc?|so)'?$", message):
        return "unreadable", ""
    if "settings are not configured" in message:
        return "settings", ""
    if settings:
        return "settings-refused", ""
    return "setup" if any(part in text for part in _SETUP) else "exception", ""


def _missing(module: str, settings: bool, text: str, bare: bool) -> str:
    top = module.partition(".")[0]
    if top in _STDLIB or top == "encodings":
        return "stdlib"
    if bare:
        # No frame of anybody's code: uWSGI itself was to import it.
        return "module-not-found"
    if settings and not re.search(r'File "[^"]*settings[^"]*"', text.rpartition(_CONF)[2]):
        return "settings"
    return _found_top(module)


def _found_top(module: str) -> str:
    """Python names what it did not find: of `a.b`, that `a` was found."""
    return "own-module" if "." in module else "missing-dependency"


def of_examination(load: Load, rows: tuple[str, ...] = (), basis: Basis = "state", certainty: Certainty = "certain") -> Told:
    """What the examination says."""
    failure = load.failure
    where = failure.frame.where if failure.frame else ""
    what, missing = _known(load)
    seen = rows or tuple(failure.traceback[-_ROWS:]) or (failure.message,)
    shown = () if where and where in " ".join(seen) else (where,) if where else ()
    return Told(what, failure.exception, failure.message, missing, where, (*seen, *shown), load, basis, certainty)


def _known(load: Load) -> tuple[str, str]:
    failure = load.failure
    top = failure.missing_module.partition(".")[0]
    if driver := _DRIVER.search(failure.message):
        return "driver", driver[1]
    if load.kind in ("missing-dependency", "exception", "module-not-found") and top in _STDLIB:
        return "stdlib", failure.missing_module
    if load.kind == "missing-dependency":
        return "own-module" if failure.missing_own else _found_top(failure.missing_module), failure.missing_module
    if load.kind == "missing-variable":
        return "settings-variable" if load.stage == "settings" else load.kind, failure.missing_variable
    if load.kind == "exception":
        return {"settings": "settings-refused", "setup": "setup"}.get(load.stage, load.kind), ""
    if load.kind == "settings" and failure.exception == "ImproperlyConfigured" and "not configured" not in failure.message:
        return "settings-refused", ""
    return load.kind, failure.missing_module or failure.path


def _tail(text: str) -> tuple[str, ...]:
    """The last lines of a traceback, without the marks below them."""
    lines = [line for line in text.splitlines() if line.strip() and line.strip("^~ ")]
    return tuple(lines[-_ROWS:])
