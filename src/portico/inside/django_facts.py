"""What Django itself says about a project whose settings are loaded: asked, never parsed from source.

Standard library only, Python 3.8 and later, Django 4.2 and later; loaded by `inspect_project`. No secret is reported: no
SECRET_KEY, and of databases only the engine and the name.
Settings: https://docs.djangoproject.com/en/stable/ref/settings/
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
from typing import Any


def dump(origin: str, target: dict[str, Any]) -> dict[str, Any]:
    """All facts of one project. `origin` is who named the settings; `target` the application the user named, or empty."""
    django: Any = importlib.import_module("django")
    settings: Any = importlib.import_module("django.conf").settings
    module = os.environ.get("DJANGO_SETTINGS_MODULE", "") if getattr(settings, "SETTINGS_MODULE", None) else ""
    return {
        "version": django.get_version(),
        "settings": module,
        "settings_origin": origin,
        "settings_file": _source(module),
        "settings_file_real": _real(_source(module)),
        "configuration": os.environ.get("DJANGO_CONFIGURATION", ""),
        "wsgi": wsgi_application(settings, module, target),
        "asgi_application": _text(settings, "ASGI_APPLICATION"),
        "root_urlconf": _text(settings, "ROOT_URLCONF"),
        "debug": bool(getattr(settings, "DEBUG", False)),
        "allowed_hosts": _list(settings, "ALLOWED_HOSTS"),
        **_files(settings),
        "force_script_name": _text(settings, "FORCE_SCRIPT_NAME"),
        "secure_ssl_redirect": bool(getattr(settings, "SECURE_SSL_REDIRECT", False)),
        "secure_proxy_ssl_header": _list(settings, "SECURE_PROXY_SSL_HEADER"),
        "session_cookie_secure": bool(getattr(settings, "SESSION_COOKIE_SECURE", False)),
        "csrf_cookie_secure": bool(getattr(settings, "CSRF_COOKIE_SECURE", False)),
        "use_x_forwarded_host": bool(getattr(settings, "USE_X_FORWARDED_HOST", False)),
        "data_upload_max_bytes": getattr(settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", None),
        "databases": _databases(settings),
        "time_zone": _text(settings, "TIME_ZONE"),
        "shows_errors": shows_request_errors(),
    }


def wsgi_application(settings: Any, module: str, target: dict[str, Any]) -> dict[str, Any]:
    """Where the WSGI callable is: the user's target, WSGI_APPLICATION, `wsgi` in a package above the settings, or nowhere.

    An empty `module` and `file` mean that `django.core.wsgi.get_wsgi_application()` must make one. `importable` is whether
    the module can be found (it is not imported).
    """
    if target.get("module") or target.get("file"):
        name = target.get("callable") or "application"
        return _place(target.get("module") or "", name, "target", target.get("file") or "")
    dotted = _text(settings, "WSGI_APPLICATION")
    if dotted:
        owner, _, name = dotted.rpartition(".")
        return _place(owner, name, "WSGI_APPLICATION")
    package = module.rpartition(".")[0]
    while package:
        if _findable(f"{package}.wsgi"):
            return _place(f"{package}.wsgi", "application", "package")
        package = package.rpartition(".")[0]
    return _place("", "application", "fallback")


def shows_request_errors() -> bool:
    """Whether some logging handler would show the traceback of a failed request.

    Django's default sends it to ADMINS by mail only, when DEBUG is off
    (https://docs.djangoproject.com/en/stable/ref/logging/#django-s-default-logging-configuration).
    """
    logger = logging.getLogger("django.request")
    if logger.disabled or not logger.isEnabledFor(logging.ERROR):
        return False
    record = logger.makeRecord(logger.name, logging.ERROR, __file__, 0, "", (), None)
    handlers: list[logging.Handler] = []
    current: logging.Logger | None = logger
    while current:
        handlers += current.handlers
        current = current.parent if current.propagate else None
    if not handlers:
        return logging.lastResort is not None
    return any(_visible(handler, record) for handler in handlers)


def _visible(handler: logging.Handler, record: logging.LogRecord) -> bool:
    mail = any(kind.__name__ == "AdminEmailHandler" for kind in type(handler).__mro__)
    if mail or isinstance(handler, logging.NullHandler) or handler.level > logging.ERROR:
        return False
    try:
        return bool(handler.filter(record))
    except Exception:
        # A filter that wants attributes of a real request: it is the project's own, so it is there to let errors through.
        return True


def _files(settings: Any) -> dict[str, Any]:
    """Static and media files. The `*_set` keys tell an unset URL from one that the script prefix turned into `/`."""
    raw = settings._wrapped
    return {
        "static_url": _text(settings, "STATIC_URL"),
        "static_url_set": bool(getattr(raw, "STATIC_URL", None)),
        "static_root": _folder(settings, "STATIC_ROOT"),
        "static_root_real": _real(_folder(settings, "STATIC_ROOT")),
        "media_url": _text(settings, "MEDIA_URL"),
        "media_url_set": bool(getattr(raw, "MEDIA_URL", None)),
        "media_root": _folder(settings, "MEDIA_ROOT"),
        "media_root_real": _real(_folder(settings, "MEDIA_ROOT")),
        "staticfiles_installed": importlib.import_module("django.apps").apps.is_installed("django.contrib.staticfiles"),
        **_static_storage(settings),
    }


def _static_storage(settings: Any) -> dict[str, Any]:
    """The storage class of static files, by import only: making one may need a network or credentials."""
    alias = (getattr(settings, "STORAGES", None) or {}).get("staticfiles") or {}
    default = "django.contrib.staticfiles.storage.StaticFilesStorage"
    dotted = str(alias.get("BACKEND") or default)
    facts: dict[str, Any] = {"static_storage": dotted, "static_storage_error": ""}
    try:
        kind = importlib.import_module("django.utils.module_loading").import_string(dotted)
        storage: Any = importlib.import_module("django.contrib.staticfiles.storage")
        local = issubclass(kind, importlib.import_module("django.core.files.storage").FileSystemStorage)
        return {
            **facts,
            "static_storage_manifest": issubclass(kind, storage.ManifestFilesMixin),
            "static_storage_local": local,
        }
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return {**facts, "static_storage_error": message, "static_storage_manifest": False, "static_storage_local": False}


def _databases(settings: Any) -> dict[str, dict[str, str]]:
    found = {}
    for alias, options in (getattr(settings, "DATABASES", None) or {}).items():
        name = str(options.get("NAME") or "")
        # A name that is a connection string could carry a password.
        name = "" if "=" in name or "://" in name else name
        found[str(alias)] = {"engine": str(options.get("ENGINE") or ""), "name": name}
    return found


def _place(module: str, name: str, origin: str, file: str = "") -> dict[str, Any]:
    importable = os.path.isfile(file) if file else not module or _findable(module)
    return {"module": module, "file": file, "callable": name, "origin": origin, "importable": importable}


def _findable(module: str) -> bool:
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except Exception:
        return False


def _source(module: str) -> str:
    loaded = sys.modules.get(module)
    spec = getattr(loaded, "__spec__", None)
    path = getattr(loaded, "__file__", None) or getattr(spec, "origin", None) or ""
    return os.path.abspath(path) if path else ""


def _text(settings: Any, name: str) -> str:
    """A setting as text, "" where it is unset; lazy strings are evaluated."""
    value = getattr(settings, name, None)
    return "" if value is None else str(value)


def _folder(settings: Any, name: str) -> str:
    """An absolute folder, "" where it is unset: Django reads a relative one from the working directory as well."""
    value = getattr(settings, name, None)
    return os.path.abspath(str(value)) if value else ""


def _real(path: str) -> str:
    return os.path.realpath(path) if path else ""


def _list(settings: Any, name: str) -> list[str]:
    value = getattr(settings, name, None)
    if isinstance(value, str):
        return [value]
    try:
        return [] if value is None else [str(item) for item in value]
    except TypeError:
        return []
