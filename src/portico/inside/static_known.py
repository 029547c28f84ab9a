"""Whether collectstatic would find everything as it has left it: then it need not run.

Standard library only, Python 3.8 and later. That can be told only where nothing decides but what is looked at here: Django's
own command and finders, and a storage of Django's or WhiteNoise's. A class of the project's own may do anything.

What is looked at: the settings that the command reads, the versions, which files the finders list and in which order, and
each file there and in STATIC_ROOT by number, size and time. Of what it has copied Django itself knows no more than the time
(https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#collectstatic).
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import sys
import time
from typing import Any

#: The record's file, beside the folders of the releases: what is known of STATIC_ROOT.
RECORD = "collected.json"
#: Settings whose names begin so decide what is collected, from where, under which names and with which permissions.
_SETTINGS = ("STATIC", "STORAGES", "MEDIA_", "FILE_UPLOAD_", "FORCE_SCRIPT_NAME", "DEBUG", "WHITENOISE_", "INSTALLED_APPS")
_COMMAND = "django.contrib.staticfiles.management.commands.collectstatic"
_FINDERS = "django.contrib.staticfiles.finders"
_STORAGES = ("django", "whitenoise")
#: Times of files are those of the kernel's clock, which goes in steps of up to 10 ms: what is younger may change once more
#: and have the same time.
_STEP_S = 0.05
#: What is no setting but a value of which the text says all.
_PLAIN = (str, bytes, int, float, type(None), os.PathLike)


def sources(settings: Any, command: Any, root: str) -> str:
    """A digest of all that decides what the command makes in `root`, but for what is there already; empty where that cannot
    be told. A source that changes later changes it, so it has to be asked for before the command runs."""
    try:
        return _digest(_settings(settings), _versions(command), _listed(command), root)
    except Exception:
        # Whatever is wrong is for the command itself to say.
        return ""


def made(root: str) -> str:
    """A digest of what is in `root`. The time of the last change of any kind is not in it: each further name of a file, as
    in the folder of a release, sets it."""
    rows = []
    for where, folders, names in os.walk(root):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(where, name))]
        for path in (os.path.join(where, name) for name in sorted([*names, *links])):
            seen = os.lstat(path)
            rows.append([path, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_mode])
    return _digest(rows)


def remember(path: str, known: str, facts: dict[str, Any]) -> None:
    """Write the digests and what the command reported to the file, if there is room for it."""
    partial = f"{path}.new"
    with contextlib.suppress(OSError):
        with open(partial, "w", encoding="utf-8") as file:
            json.dump({"known": known, "facts": facts}, file)
        os.replace(partial, path)


def recall(path: str, known: str) -> dict[str, Any]:
    """What the command reported when these were the digests; empty when that is not known."""
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
        return dict(record["facts"]) if record["known"] == known else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _settings(settings: Any) -> dict[str, str]:
    found = {name: getattr(settings, name) for name in dir(settings) if name.startswith(_SETTINGS)}
    return {name: _text(value) for name, value in sorted(found.items())}


def _text(value: Any) -> str:
    """Raises ValueError for a value whose text need not say what it is."""
    if isinstance(value, dict):
        return repr([(_text(key), _text(entry)) for key, entry in value.items()])
    if isinstance(value, (list, tuple)):
        return repr([_text(entry) for entry in value])
    if isinstance(value, _PLAIN):
        return f"{type(value).__name__} {os.fspath(value) if isinstance(value, os.PathLike) else value!r}"
    raise ValueError(type(value).__name__)


def _versions(command: Any) -> list[str]:
    """Raises ValueError where code of others decides."""
    storage = command.storage.__class__
    if type(command).__module__ != _COMMAND:
        raise ValueError("another command")
    packages = {kind.__module__.partition(".")[0] for kind in storage.__mro__ if kind is not object}
    if not packages <= set(_STORAGES):
        raise ValueError("another storage")
    versions = [str(getattr(importlib.import_module(name), "__version__", "")) for name in sorted(packages)]
    return [sys.version, f"{storage.__module__}.{storage.__qualname__}", *versions]


def _listed(command: Any) -> list[Any]:
    """Raises ValueError for finders that may make files, and where a file has only just changed."""
    rows: list[Any] = []
    ignored = importlib.import_module("django.apps").apps.get_app_config("staticfiles").ignore_patterns
    for finder in importlib.import_module(_FINDERS).get_finders():
        if type(finder).__module__ != _FINDERS or type(finder).__name__ not in ("FileSystemFinder", "AppDirectoriesFinder"):
            raise ValueError("another finder")
        for name, storage in finder.list(ignored):
            path = storage.path(name)
            seen = os.stat(path)
            if seen.st_ctime > time.time() - _STEP_S:
                raise ValueError("too young")
            stamps = [seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_mode, seen.st_ctime_ns]
            rows.append([name, getattr(storage, "prefix", None) or "", path, *stamps])
    return [_text(ignored), *rows]


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()
