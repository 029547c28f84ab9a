"""Load, call and look over an application inside its own Python: `python examine_project.py REQUEST.json`.

Standard library only, Python 3.8 and later. Run it as the application's account, in its working directory and environment.
The request is

    {"out": path of the answer, "project": folder, "module": dotted name or "", "file": path or "", "callable": name or "",
     "python_path": [folders], "settings": module or "", "path": "/of/the/page?query", "host": "localhost", "scheme": "http",
     "method": "GET", "parts": [names] (all), "timeout_s": 20}

The answer is described in `hops/wsgi/examination.py`. It is written after every part, so that a process that dies has said
what it knew. Nothing of the project is changed (`harmless` says how), and what it prints goes nowhere; only the
stack of a crash goes to standard error.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = os.path.dirname(os.path.abspath(__file__))
#: In the order in which they are done, with the part of the time that each may take.
PARTS = {"python": 0.1, "load": 0.7, "django": 0.25, "media": 0.1, "database": 0.3, "call": 0.3, "checks": 0.2}
_TIMEOUT_S = 20.0


def _loading() -> Any:
    """`loading.py` beside this script, under a name that no project has."""
    import importlib.util

    name = "portico_inside_loading"
    spec = importlib.util.spec_from_file_location(name, os.path.join(_HERE, "loading.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _silence() -> None:
    """Standard streams lead nowhere from here on; the stack of a crash still gets out."""
    import faulthandler

    faulthandler.enable(os.dup(2))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def _functions(beside: Callable[[str], Any]) -> dict[str, Any]:
    return {
        "python": beside("examine_python").examine,
        "load": beside("examine_load").examine,
        "django": beside("examine_django").examine,
        "media": beside("examine_surroundings").media,
        "database": beside("examine_database").examine,
        "call": beside("examine_call").examine,
        "checks": beside("examine_surroundings").checks,
    }


def main(argv: list[str]) -> None:
    """The way in; ends the process. No bytecode is written: looking at a project must not add files to it."""
    sys.dont_write_bytecode = True
    # What a bare interpreter has loaded is what a project's module of that name cannot take the place of.
    bare = frozenset(sys.modules)
    loading = _loading()
    request = loading.read_request(argv)
    job = loading.beside("examine_job").Job(request, float(request.get("timeout_s") or _TIMEOUT_S), bare)
    functions = _functions(loading.beside)
    _silence()
    asked = request.get("parts") or list(PARTS)
    for part, share in PARTS.items():
        # All but one need what is loaded; where that was not asked for, it is told all the same.
        if part in asked or (part == "load" and set(asked) - {"python"}):
            job.run(part, share, functions[part])
    job.finish()


if __name__ == "__main__":
    main(sys.argv)
