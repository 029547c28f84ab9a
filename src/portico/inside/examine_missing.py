"""Why a module that should be there is not found: it is elsewhere, or behind a folder that this account may not read.

Standard library only, Python 3.8 and later; loaded by `examine_load`. A folder that cannot be listed is empty to the import
system, and one that cannot be entered hides its `__init__.py`: neither says so
(https://docs.python.org/3/reference/import.html#path-entry-finders).
"""

from __future__ import annotations

import contextlib
import glob
import grp
import os
import pwd
import re
import stat
import sys
from typing import Any

_MINOR = re.compile(r"/python(\d+\.\d+)/")
_MOST = 8


def elsewhere(name: str, project: str) -> list[dict[str, Any]]:
    """Copies of the module's top package in other environments, near the project and of the system."""
    top = name.partition(".")[0]
    known = {os.path.realpath(path) for path in sys.path}
    found = []
    for folder in _site_folders(project):
        if os.path.realpath(folder) in known:
            continue
        path = _in(folder, top)
        if path:
            minor = _MINOR.search(folder + "/")
            found.append({"path": path, "python": minor[1] if minor else "", "readable": _open(path)})
    for folder in sys.path:
        path = _in(folder, top)
        if path and not _open(path):
            found.append({"path": path, "python": "{}.{}".format(*sys.version_info[:2]), "readable": False})
    return found[:_MOST]


def _site_folders(project: str) -> list[str]:
    here = (project, os.path.dirname(project), os.getcwd())
    environments = {os.path.dirname(path) for near in here for path in _glob(near, "*/pyvenv.cfg", ".*/pyvenv.cfg")}
    folders = [path for root in sorted(environments) for path in _glob(root, "lib*/python3*/site-packages")]
    system = ("/usr/lib/python3/dist-packages", *_glob("/usr/local/lib", "python3*/*-packages"))
    home = _glob(os.path.expanduser("~"), ".local/lib/python3*/site-packages")
    return list(dict.fromkeys((*folders, *system, *home)))


def _glob(root: str, *patterns: str) -> list[str]:
    return [path for pattern in patterns for path in sorted(glob.glob(os.path.join(glob.escape(root), pattern)))]


def _in(folder: str, top: str) -> str:
    names = (top, f"{top}.py", *_glob(folder, f"{glob.escape(top)}.*.so"))
    return next((path for path in (os.path.join(folder, name) for name in names) if os.path.lexists(path)), "")


def closed(name: str) -> list[dict[str, str]]:
    """Folders between the roots of sys.path and that dotted module which this account may not enter or list."""
    paths: dict[str, None] = {}
    for entry in sys.path:
        paths.update(dict.fromkeys(_closed_above(entry)))
        folder = entry
        for part in name.split("."):
            folder = os.path.join(folder, part)
            if os.path.isdir(folder) and not _open(folder):
                paths[folder] = None
    return [_described(path) for path in paths]


def closed_on_the_way(path: str) -> list[dict[str, str]]:
    """The first folder on the way to a path that this account may not enter."""
    return [_described(folder) for folder in _closed_above(path)]


def _closed_above(path: str) -> list[str]:
    """The topmost folder on the way to `path`, itself included, that hides what is below it; at most one."""
    parts = os.path.abspath(path).split(os.sep)
    for count in range(1, len(parts) + 1):
        folder = os.sep.join(parts[:count]) or os.sep
        if not os.path.isdir(folder):
            return []
        last = count == len(parts)
        if not _open(folder) if last else not _may(folder, os.X_OK):
            return [folder]
    return []


def _open(path: str) -> bool:
    return _may(path, os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK)


def _may(path: str, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _described(path: str) -> dict[str, str]:
    about = {"path": path, "owner": "", "group": "", "mode": ""}
    try:
        status = os.stat(path)
    except OSError:
        return about
    owner, group = str(status.st_uid), str(status.st_gid)
    # An account of another machine has no name here: its number must do.
    with contextlib.suppress(KeyError):
        owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    return {**about, "owner": owner, "group": group, "mode": f"{stat.S_IMODE(status.st_mode):04o}"}
