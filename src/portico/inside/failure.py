"""A failure of the project as plain data, without the values of any variable.

Standard library only, Python 3.8 and later; loaded by `loading`.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_MESSAGE_CHARACTERS = 4000
_TRACEBACK_LINES = 60


class Trouble(Exception):
    """What we found wrong ourselves, where the project raised nothing. `kind` is a word for programs."""

    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.more = more


def describe(error: BaseException, project: str) -> dict[str, Any]:
    """What is known of an exception: its type and message, the traceback, and the innermost place in the project.

    `missing_module` and `missing_variable` name a module or environment variable that was asked for in vain, else None;
    `missing_own` says that the missing module belongs to a package of the project itself.
    """
    if isinstance(error, Trouble):
        return {**_blank(error.kind, str(error)), **error.more}
    chain = _chain(error)
    missing = [link.name for link in chain if isinstance(link, ModuleNotFoundError) and link.name]
    places = [place for link in chain for place in [_place(link, project)] if place[0]]
    file, line = places[-1] if places else ("", 0)
    failure = _blank(type(error).__name__, _text(error), file, line)
    failure["missing_module"] = missing[-1] if missing else None
    failure["missing_own"] = bool(missing) and _own(missing[-1], project)
    failure["missing_variable"] = _missing_variable(chain[-1])
    failure["traceback"] = _traceback(error)
    if isinstance(chain[-1], OSError):
        failure["errno"] = chain[-1].errno
        failure["path"] = str(chain[-1].filename or "")
    return failure


def hang(stack: traceback.StackSummary, timeout_s: float, project: str) -> dict[str, Any]:
    """The failure of a project that was still being loaded after `timeout_s` seconds; `stack` is where it waits."""
    own = traceback.StackSummary.from_list([entry for entry in stack if not _noise(entry.filename)])
    failure = _blank("Hang", f"loading did not end within {timeout_s:g} s", *_innermost(own, project))
    failure["traceback"] = "".join(own.format()).splitlines()[-_TRACEBACK_LINES:]
    return failure


def _blank(kind: str, message: str, file: str = "", line: int = 0) -> dict[str, Any]:
    absent: dict[str, Any] = {"missing_module": None, "missing_own": False, "missing_variable": None, "traceback": []}
    return {"type": kind, "message": message, "file": file, "line": line, **absent}


def _chain(error: BaseException) -> list[BaseException]:
    """The exception and what it was raised from, the root cause last."""
    links = [error]
    while True:
        last = links[-1]
        below = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        # The context of a KeyError or AttributeError is noise of a lookup that fell back, unless it was an import.
        if below is None or below in links or (below is not last.__cause__ and not isinstance(below, ImportError)):
            return links
        links.append(below)


def _text(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"sys.exit({error.code!r}) was called"
    try:
        return str(error)[:_MESSAGE_CHARACTERS]
    except Exception:
        return "(the message of this exception cannot be shown)"


def _missing_variable(error: BaseException) -> str | None:
    """The name behind `os.environ["NAME"]`, which raises a KeyError like any other mapping."""
    frames = traceback.extract_tb(error.__traceback__)
    from_os = bool(frames) and frames[-1].filename in (os.__file__, "<frozen os>")
    name = error.args[0] if isinstance(error, KeyError) and error.args else None
    return name if from_os and isinstance(name, str) else None


def _own(module: str, project: str) -> bool:
    """Whether the package a module would be in was imported from the project."""
    package = sys.modules.get(module.partition(".")[0])
    folders = list(getattr(package, "__path__", None) or ())
    return any(_below(project, folder) and "site-packages" not in folder for folder in folders)


def _place(error: BaseException, project: str) -> tuple[str, int]:
    if isinstance(error, SyntaxError) and error.filename and _inside(error.filename, project):
        return os.path.abspath(error.filename), error.lineno or 0
    return _innermost(traceback.extract_tb(error.__traceback__), project)


def _innermost(stack: Any, project: str) -> tuple[str, int]:
    for entry in reversed(stack):
        if _inside(entry.filename, project):
            return os.path.abspath(entry.filename), entry.lineno or 0
    return "", 0


def _inside(filename: str, project: str) -> bool:
    """Whether a source file is the project's own, not a library's in a virtual environment that lies in the project."""
    path = os.path.abspath(filename)
    prefixes = {os.path.abspath(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    outside = any(path.startswith(os.path.join(prefix, "")) for prefix in prefixes if _below(project, prefix))
    inside = path.startswith(os.path.join(os.path.abspath(project), ""))
    return inside and not outside and "site-packages" not in path and os.path.isfile(path)


def _below(folder: str, path: str) -> bool:
    return path.startswith(os.path.join(os.path.abspath(folder), ""))


def _noise(filename: str) -> bool:
    name = filename.replace("\\", "/")
    return name.startswith(("<frozen ", _HERE)) or name.endswith(("/runpy.py", "/importlib/__init__.py"))


def _traceback(error: BaseException) -> list[str]:
    """The traceback without our frames and the import machinery's, last lines only."""
    summary = traceback.TracebackException.from_exception(error)
    pending: list[Any] = [summary]
    while pending:
        link = pending.pop()
        link.stack = traceback.StackSummary.from_list([entry for entry in link.stack if not _noise(entry.filename)])
        pending += [below for below in (link.__cause__, link.__context__) if below is not None]
    return "".join(summary.format()).splitlines()[-_TRACEBACK_LINES:]
