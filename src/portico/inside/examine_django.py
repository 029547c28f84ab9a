"""What Django's settings say (`django` of the examination), and whether they can be had at all.

Standard library only, Python 3.8 and later, Django 4.2 and later; loaded by `examine_project`. SECRET_KEY is never
told, only how long it is and where it seems to come from.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from typing import Any

#: Settings that decide about a deployment: https://docs.djangoproject.com/en/stable/ref/settings/
_TOLD = """ALLOWED_HOSTS APPEND_SLASH ASGI_APPLICATION CSRF_COOKIE_DOMAIN CSRF_COOKIE_SAMESITE CSRF_COOKIE_SECURE
CSRF_TRUSTED_ORIGINS CSRF_USE_SESSIONS DATA_UPLOAD_MAX_MEMORY_SIZE DATA_UPLOAD_MAX_NUMBER_FIELDS
DATA_UPLOAD_MAX_NUMBER_FILES DEBUG DEBUG_PROPAGATE_EXCEPTIONS FILE_UPLOAD_DIRECTORY_PERMISSIONS
FILE_UPLOAD_MAX_MEMORY_SIZE FILE_UPLOAD_PERMISSIONS FILE_UPLOAD_TEMP_DIR FORCE_SCRIPT_NAME INSTALLED_APPS
LANGUAGE_COOKIE_SECURE LOGGING_CONFIG LOGIN_URL MEDIA_ROOT MEDIA_URL MIDDLEWARE PREPEND_WWW ROOT_URLCONF
SECURE_CONTENT_TYPE_NOSNIFF SECURE_CROSS_ORIGIN_OPENER_POLICY SECURE_HSTS_INCLUDE_SUBDOMAINS SECURE_HSTS_PRELOAD
SECURE_HSTS_SECONDS SECURE_PROXY_SSL_HEADER SECURE_REDIRECT_EXEMPT SECURE_REFERRER_POLICY SECURE_SSL_HOST
SECURE_SSL_REDIRECT SESSION_COOKIE_DOMAIN SESSION_COOKIE_PATH SESSION_COOKIE_SAMESITE SESSION_COOKIE_SECURE
SESSION_ENGINE SILENCED_SYSTEM_CHECKS STATICFILES_DIRS STATIC_ROOT STATIC_URL TIME_ZONE USE_X_FORWARDED_HOST
USE_X_FORWARDED_PORT USE_TZ WSGI_APPLICATION X_FRAME_OPTIONS"""
_MADE_AT_START = re.compile(
    r"^\s*SECRET_KEY\s*[:=].*(?:get_random_secret_key|token_urlsafe|token_hex|token_bytes|urandom|uuid4|random\.)",
    re.MULTILINE,
)
_QUOTED = re.compile(r"[\"'](\w+)[\"']")
_MOST_FILES = 1000


def _beside(name: str) -> Any:
    return sys.modules["portico_inside_loading"].beside(name)


def examine(job: Any, found: dict[str, Any]) -> None:
    """Leaves Django set up, as far as that is possible."""
    if not ensure_settings(job, found):
        return
    settings = job.settings()
    if job.request.get("static_root") and not settings.STATIC_ROOT:
        # What Portico's own entry module does for a project that sets none.
        settings.STATIC_ROOT = job.request["static_root"]
    found["version"] = importlib.import_module("django").get_version()
    found["settings"] = {name: _plain(getattr(settings, name, None)) for name in _TOLD.split()}
    found["settings"]["EMAIL_BACKEND"] = "".join(job.harmless.email_backend)
    # How many, and not who.
    found["settings"]["ADMINS"] = len(settings.ADMINS)
    found["secret_key"] = _secret_key(settings)
    found["ok"] = True
    if not job.ready:
        found["reason"] = "Django's applications cannot be set up"
        found["urlconf"] = {"ok": None, "reason": found["reason"]}
        return
    facts = found["facts"] = _beside("django_facts").dump("environment", {})
    found["shows_errors"] = facts["shows_errors"]
    found["static"] = _static(settings, facts)
    found["urlconf"] = _urlconf(job, settings)
    found["ok"] = found["urlconf"]["ok"] is not False


def ensure_settings(job: Any, found: dict[str, Any]) -> bool:
    """Whether Django has its settings. Where the application could not be loaded, they are tried by themselves."""
    load = job.parts.get("load", {})
    if not job.django:
        if load.get("ok"):
            found["reason"] = "the application is not Django's"
            return False
        if not os.environ.get("DJANGO_SETTINGS_MODULE"):
            found["reason"] = "no settings are known: DJANGO_SETTINGS_MODULE is not set"
            return False
        if load.get("kind") == "hang" or load.get("stage") == "settings":
            found["reason"] = "the settings cannot be loaded"
            return False
    if not job.ready and not job.parts.get("_tried"):
        job.parts["_tried"] = True
        _set_up(job, found)
    if not job.django and not found["reason"]:
        found["reason"] = "the settings cannot be loaded"
    return bool(job.django)


def _set_up(job: Any, found: dict[str, Any]) -> None:
    """The application's own failure is told already; this one matters where it came before Django's turn."""
    if job.parts.get("load", {}).get("kind") == "hang":
        return
    try:
        django = importlib.import_module("django")
        _ = importlib.import_module("django.conf").settings.INSTALLED_APPS
        job.masker.add(vars(job.settings()._wrapped))
        job.harmless.calm_django(job.settings())
        django.setup()
    except BaseException as error:
        found["failure"] = job.describe(error)
        found["reason"] = f"{found['failure']['exception']}: {found['failure']['message']}"


def _plain(value: Any, depth: int = 0) -> Any:
    """A setting as JSON: lazy texts are evaluated, objects are named by their type."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)) and depth < 3:
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict) and depth < 3:
        return {str(name): _plain(item, depth + 1) for name, item in value.items()}
    return str(value) if isinstance(value, os.PathLike) or hasattr(value, "_proxy____args") else type(value).__name__


def _secret_key(settings: Any) -> dict[str, Any]:
    try:
        key = str(settings.SECRET_KEY)
    except Exception:
        key = ""
    return {"length": len(key), "insecure": key.startswith("django-insecure-"), "generated": _generated()}


def _generated() -> bool:
    """Whether the source of the settings makes a new key at each start, and no environment variable took its place."""
    name = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    package = name.rpartition(".")[0]
    for loaded, module in list(sys.modules.items()):
        if loaded != name and not (package and loaded.startswith(f"{package}.") and "setting" in loaded):
            continue
        for line in _MADE_AT_START.finditer(_source(getattr(module, "__file__", None))):
            if not any(os.environ.get(variable) for variable in _QUOTED.findall(line[0])):
                return True
    return False


def _source(path: Any) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1_000_000)
    except (OSError, TypeError):
        return ""


def _static(settings: Any, facts: dict[str, Any]) -> dict[str, Any]:
    root = facts["static_root"]
    dirs = [os.path.abspath(str(item[1] if isinstance(item, (list, tuple)) else item)) for item in settings.STATICFILES_DIRS]
    manifest = _manifest(root, facts)
    return {
        "root": root,
        "exists": bool(root) and os.path.isdir(root),
        "readable": bool(root) and os.access(root, os.R_OK | os.X_OK),
        "count": _count(root) if root else 0,
        "storage": facts["static_storage"],
        "manifest": manifest,
        "manifest_exists": bool(manifest) and os.path.isfile(manifest),
        "dirs": dirs,
        "dirs_missing": [path for path in dirs if not os.path.isdir(path)],
        "root_in_dirs": bool(root) and os.path.realpath(root) in map(os.path.realpath, dirs),
    }


def _manifest(root: str, facts: dict[str, Any]) -> str:
    if not root or not facts["static_storage_manifest"] or not facts["static_storage_local"]:
        return ""
    kind = importlib.import_module("django.utils.module_loading").import_string(facts["static_storage"])
    return os.path.join(root, str(getattr(kind, "manifest_name", "staticfiles.json")))


def _count(root: str) -> int:
    count = 0
    for _, _, names in os.walk(root):
        count += len(names)
        if count >= _MOST_FILES:
            return _MOST_FILES
    return count


def _urlconf(job: Any, settings: Any) -> dict[str, Any]:
    result: dict[str, Any] = {"ok": None, "module": str(getattr(settings, "ROOT_URLCONF", "") or "")}
    try:
        _ = importlib.import_module("django.urls").get_resolver().url_patterns
        result["ok"] = True
    except Exception as error:
        result["failure"] = job.describe(error)
        result["ok"] = False
    return result
