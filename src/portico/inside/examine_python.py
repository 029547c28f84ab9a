"""The interpreter, its paths, and modules of the project that take the place of others (`python` of the examination).

Standard library only, Python 3.8 and later; loaded by `examine_project`.
"""

from __future__ import annotations

import importlib.machinery
import locale
import os
import sys
import sysconfig
from typing import Any

_SUFFIXES = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
_MOST_NAMES = 2000


def examine(job: Any, found: dict[str, Any]) -> None:
    """Puts the project on sys.path as uWSGI does, and says what that means."""
    enter(job.request, job.project)
    asked = [os.path.abspath(path) for path in job.request.get("python_path") or ()]
    shadows = find_shadows(own_folders(job))
    found.update(
        version=".".join(str(part) for part in sys.version_info[:3]),
        executable=sys.executable,
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        filesystem_encoding=sys.getfilesystemencoding(),
        preferred_encoding=locale.getpreferredencoding(False),
        pyuwsgi=_origin("pyuwsgi", sys.path),
        path=list(sys.path),
        path_missing=[path for path in sys.path if not os.path.exists(path) and not _archive(path)],
        shadows=shadows,
    )
    ascii_only = found["filesystem_encoding"].lower() in ("ascii", "us-ascii", "ansi_x3.4-1968")
    found["ok"] = not ascii_only and all(os.path.isdir(path) or os.path.isfile(path) for path in asked)


def enter(request: dict[str, Any], project: str) -> None:
    """sys.path as uWSGI's: the folders of `pythonpath`, the working directory, then the interpreter's own."""
    here = os.getcwd()
    front = [*(os.path.abspath(path) for path in request.get("python_path") or ()), project, here]
    sys.path[:] = dict.fromkeys([*front, *(path for path in sys.path if path not in ("", "."))])
    if request.get("settings"):
        os.environ["DJANGO_SETTINGS_MODULE"] = request["settings"]


def own_folders(job: Any) -> list[str]:
    """Where the project's own modules are found, ahead of the interpreter's."""
    library = {os.path.realpath(path) for path in (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix)}
    front = [*(os.path.abspath(path) for path in job.request.get("python_path") or ()), job.project, os.getcwd()]
    unique = list(dict.fromkeys(front))
    return [path for path in unique if os.path.realpath(path) not in library and "-packages" not in path]


def find_shadows(folders: list[str]) -> list[dict[str, Any]]:
    """Modules in these folders that have the name of one of the standard library, or of Django."""
    rest = [path for path in sys.path if path not in folders]
    found: dict[str, dict[str, Any]] = {}
    for folder in folders:
        for name, file in _modules(folder):
            if name not in found and _can_be_hidden(name) and (hidden := _origin(name, rest)):
                found[name] = {"name": name, "file": file, "hidden": hidden, "loaded": False}
    return list(found.values())


def step_aside(job: Any) -> None:
    """Forget modules of the standard library that we loaded ourselves and the project would replace by its own, so that its
    code gets what it would get in uWSGI."""
    for shadow in job.parts.get("python", {}).get("shadows", ()):
        name = shadow["name"]
        if name not in job.bare:
            for loaded in [entry for entry in sys.modules if entry == name or entry.startswith(f"{name}.")]:
                del sys.modules[loaded]


def note_loaded(job: Any) -> None:
    """Which of the shadows something has imported by now."""
    part = job.parts.get("python", {})
    for shadow in part.get("shadows", ()):
        module = sys.modules.get(shadow["name"])
        shadow["loaded"] = shadow["loaded"] or os.path.abspath(getattr(module, "__file__", None) or "/") == shadow["file"]
        if shadow["loaded"]:
            part["ok"] = False


def _modules(folder: str) -> list[tuple[str, str]]:
    """Names that can be imported from a folder, with the file that then runs."""
    try:
        entries = sorted(os.listdir(folder))[:_MOST_NAMES]
    except OSError:
        return []
    found = []
    for entry in entries:
        path = os.path.join(folder, entry)
        package = os.path.join(path, "__init__.py")
        suffix = next((suffix for suffix in _SUFFIXES if entry.endswith(suffix)), "")
        if suffix:
            found.append((entry[: -len(suffix)], path))
        elif entry.isidentifier() and os.path.isfile(package):
            found.append((entry, package))
    return found


def _can_be_hidden(name: str) -> bool:
    if name == "django":
        return True
    known = getattr(sys, "stdlib_module_names", None)
    if known is not None and name not in known:
        return False
    # Built-in and frozen ones are found before any folder is looked into.
    return name not in sys.builtin_module_names and not _frozen(name)


def _frozen(name: str) -> bool:
    return importlib.machinery.FrozenImporter.find_spec(name) is not None


def _origin(name: str, path: list[str]) -> str:
    """The file of a module that is found along these folders; of those only the standard library's below 3.10."""
    try:
        spec = importlib.machinery.PathFinder.find_spec(name, path)
    except Exception:
        return ""
    file = spec.origin if spec and spec.origin and spec.origin != "built-in" else ""
    library = name in ("django", "pyuwsgi") or "-packages" not in (file or "")
    return os.path.abspath(file) if file and library else ""


def _archive(path: str) -> bool:
    """`python311.zip`, which every interpreter has on its path and none has on its disk."""
    return os.path.basename(path).startswith("python") and path.endswith(".zip")
