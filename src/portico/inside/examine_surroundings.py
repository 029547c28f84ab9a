"""Folders that files are written to, and Django's own checks (`media` and `checks` of the examination).

Standard library only, Python 3.8 and later, Django 4.2 and later; loaded by `examine_project`.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

_MOST_MESSAGES = 200
_ERROR = 40


def _beside(name: str) -> Any:
    return sys.modules["portico_inside_loading"].beside(name)


def media(job: Any, found: dict[str, Any]) -> None:
    """Nothing is made or written: permissions are asked for."""
    django = _beside("examine_django").ensure_settings(job, {"reason": ""})
    root = str(job.settings().MEDIA_ROOT or "") if django else ""
    upload = str(job.settings().FILE_UPLOAD_TEMP_DIR or "") if django else ""
    found["media"] = _folder(root) if root else None
    found["upload"] = _folder(upload or _temporary())
    found["ok"] = all(folder["writable"] or folder["creatable"] for folder in (found["media"], found["upload"]) if folder)


def _temporary() -> str:
    """Where Python's tempfile goes, which would find out by writing
    (https://docs.python.org/3/library/tempfile.html#tempfile.gettempdir)."""
    named = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    candidates = [path for path in (*named, "/tmp", "/var/tmp", "/usr/tmp") if path]  # noqa: S108
    return next((path for path in candidates if os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)), candidates[0])


def _folder(path: str) -> dict[str, Any]:
    path = os.path.abspath(path)
    exists = os.path.isdir(path)
    above = path
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    writable = os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK)
    about: dict[str, Any] = {"path": path, "exists": exists, "writable": exists and writable}
    about.update(creatable=writable and not exists, free_bytes=None, free_inodes=None)
    try:
        disk = os.statvfs(above)
    except OSError:
        return about
    # Some file systems have no fixed number of inodes and report none at all.
    return {**about, "free_bytes": disk.f_bavail * disk.f_frsize, "free_inodes": disk.f_favail if disk.f_files else None}


def checks(job: Any, found: dict[str, Any]) -> None:
    """Each check by itself: one that cannot run (with a broken URLconf, say) must not hide what the others say."""
    if not _beside("examine_django").ensure_settings(job, found):
        return
    if not job.ready:
        found["reason"] = "Django's applications cannot be set up"
        return
    importlib.import_module("django.core.management.base")
    registry: Any = importlib.import_module("django.core.checks.registry")
    messages: list[Any] = []
    raised = found["raised"] = []
    for check in registry.registry.get_checks(include_deployment_checks=True):
        if registry.Tags.database in check.tags:
            continue
        try:
            messages += check(app_configs=None, databases=None)
        except Exception as error:
            raised.append(job.describe(error))
    loud = [message for message in messages if not message.is_silenced()]
    found["messages"] = [_message(message) for message in loud[:_MOST_MESSAGES]]
    found["ok"] = not raised and not any(message.level >= _ERROR for message in loud)


def _message(message: Any) -> dict[str, Any]:
    obj = message.obj
    label = (
        getattr(getattr(obj, "_meta", None), "label", None) or getattr(obj, "__name__", None) or ("" if obj is None else obj)
    )
    return {
        "id": str(message.id or ""),
        "level": int(message.level),
        "msg": str(message.msg),
        "hint": str(message.hint or ""),
        "obj": str(label),
    }
