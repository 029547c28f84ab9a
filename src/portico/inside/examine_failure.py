"""Exceptions of the project as `hops/wsgi/examination.py` describes them: with the places in full.

Standard library only, Python 3.8 and later; loaded by `examine_job`.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback
from typing import Any

_TRACEBACK_LINES = 20
_UNSET = (
    re.compile(r"Set the (\w+) environment variable"),  # django-environ
    re.compile(r"(\w+) not found\. Declare it as envvar"),  # python-decouple
    re.compile(r"Environment variable \"(\w+)\" (?:not set|invalid)"),  # environs
)
_failure: Any = sys.modules["portico_inside_loading"].beside("failure")


def describe(error: BaseException, project: str) -> dict[str, Any]:
    """Everything about one exception."""
    known = _failure.describe(error, project)
    chain = links(error)
    variable = known["missing_variable"] or next((m[1] for p in _UNSET for m in [p.search(known["message"])] if m), "")
    stacks = [_own(traceback.extract_tb(link.__traceback__)) for link in chain]
    last = next((stack[-1] for stack in reversed(stacks) if stack), None)
    return {
        "exception": known["type"],
        "message": known["message"],
        "frame": _syntax(error, project) or innermost([entry for stack in stacks for entry in stack], project),
        "last": frame(last) if last else None,
        "traceback": known["traceback"][-_TRACEBACK_LINES:],
        "missing_module": known["missing_module"] or "",
        "missing_own": known["missing_own"],
        "missing_variable": variable,
        "errno": known.get("errno") or 0,
        "path": known.get("path") or "",
    }


def hang(stack: Any, message: str, project: str) -> dict[str, Any]:
    """A wait without end; `stack` is where."""
    own = _own(stack)
    lines = "".join(traceback.format_list(own)).splitlines()
    return {
        "exception": "Hang",
        "message": message,
        "frame": innermost(own, project),
        "last": frame(own[-1]) if own else None,
        "traceback": lines[-_TRACEBACK_LINES:],
    }


def links(error: BaseException) -> list[BaseException]:
    """The exception and what it was raised from, the root cause last."""
    chain: list[BaseException] = _failure._chain(error)
    return chain


def innermost(stack: Any, project: str) -> dict[str, Any] | None:
    """The last place of a stack that is in the project's own code."""
    own = [entry for entry in stack if inside(entry.filename, project)]
    return frame(own[-1]) if own else None


def inside(filename: str, project: str) -> bool:
    """Whether a source file is the project's own."""
    return bool(_failure._inside(filename, project))


def frame(entry: Any) -> dict[str, Any]:
    """One entry of a stack."""
    file = entry.filename if entry.filename.startswith("<") else os.path.abspath(entry.filename)
    return {"file": file, "line": entry.lineno or 0, "function": entry.name, "code": entry.line or ""}


def place_of(function: Any) -> dict[str, Any] | None:
    """Where a function, or the class of an object, is defined."""
    code = getattr(function, "__code__", None) or getattr(vars(type(function)).get("__call__"), "__code__", None)
    if code is None:
        return None
    line = linecache.getline(code.co_filename, code.co_firstlineno).strip()
    return {"file": os.path.abspath(code.co_filename), "line": code.co_firstlineno, "function": code.co_name, "code": line}


def _syntax(error: BaseException, project: str) -> dict[str, Any] | None:
    if isinstance(error, SyntaxError) and error.filename and inside(error.filename, project):
        code = (error.text or "").strip()
        return {"file": os.path.abspath(error.filename), "line": error.lineno or 0, "function": "", "code": code}
    return None


def _own(stack: Any) -> list[Any]:
    return [entry for entry in stack if not _failure._noise(entry.filename)]
