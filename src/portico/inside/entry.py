"""The module uWSGI loads: it imports the application the way the plan says and exposes it as `application`.

It is copied into a release beside `entry.json` =
{"project", "python_path", "module", "file", "callable", "settings", "static_root", "framework", "preload", "load_limit_s",
"trace_dir", "trace_header", "gate"}
and runs in the application's own Python: standard library only, Python 3.8 and later, Django 4.2 and later.
What goes wrong is raised as it is, so that uWSGI logs the traceback and `need-app` ends the release.
`trace_dir` is the folder of the sockets of `portico trace` (empty or absent: nothing can be traced);
`trace_header` says that no nginx is in front, so that a header names the trace.
`gate` is how many threads a worker has, where so many must not compute at once (see gate.py); else 0 or absent.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import importlib.util
import inspect
import json
import logging
import os
import sys
import time
import traceback
import types
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_EXC_CHARACTERS = 32_000
_ID_CHARACTERS = 128
_LOOK_S = 0.01


def _config() -> dict[str, Any]:
    with open(os.path.join(_HERE, "entry.json"), encoding="utf-8") as file:
        config: dict[str, Any] = json.load(file)
    return config


def _load(config: dict[str, Any]) -> Any:
    folders = [*config["python_path"], *([os.path.dirname(config["file"])] if config["file"] else [])]
    sys.path[:0] = dict.fromkeys(folders)
    if config["settings"]:
        os.environ["DJANGO_SETTINGS_MODULE"] = config["settings"]
    watched = _name_where_it_hangs(config.get("load_limit_s") or 0)
    try:
        found = _callable(config)
        if config["framework"] == "django":
            _prepare_django(config)
    except SystemExit as stop:
        # uWSGI would take a SystemExit for its own and end without a word.
        raise RuntimeError(f"the application called sys.exit({stop.code!r}) while it was loaded") from stop
    finally:
        if watched:
            faulthandler.cancel_dump_traceback_later()
    if config["preload"]:
        # Objects made so far never die: kept out of the collector they stay shared between the workers
        # (https://docs.python.org/3/library/gc.html#gc.freeze).
        gc.collect()
        gc.freeze()
    return found


def _name_where_it_hangs(limit_s: float) -> bool:
    """Have all stacks written to the log shortly before the time for loading is over; whether that was possible."""
    if limit_s <= 0:
        return False
    try:
        faulthandler.dump_traceback_later(max(0.5, limit_s * 0.9), exit=False, file=sys.stderr)
    except (OSError, ValueError, RuntimeError, AttributeError):
        # A standard error that is no file.
        return False
    return True


def _callable(config: dict[str, Any]) -> Any:
    if not config["module"] and not config["file"]:
        return importlib.import_module("django.core.wsgi").get_wsgi_application()
    name = config["callable"] or "application"
    value: Any = importlib.import_module(config["module"]) if config["module"] else _import_file(config["file"])
    for part in name.replace("()", "").split("."):
        value = getattr(value, part)
    if name.endswith("()"):
        value = value()
    where = f"{name} in {config['module'] or config['file']}"
    if not callable(value):
        raise TypeError(f"{where} is a {type(value).__name__}, which cannot be called: not a WSGI application")
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(type(value).__call__):
        raise TypeError(f"{where} is an ASGI application; uWSGI calls WSGI applications")
    return value


def _import_file(path: str) -> Any:
    """Import a file under its stem, so that classes pickle and `__name__` reads as after `import`."""
    stem = os.path.splitext(os.path.basename(path))[0]
    name = stem if stem.isidentifier() and stem not in sys.modules else f"portico_app_{stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file", path=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _prepare_django(config: dict[str, Any]) -> None:
    """What is better done once before the fork than in every worker."""
    settings: Any = importlib.import_module("django.conf").settings
    if config["static_root"] and not settings.STATIC_ROOT and _manifest_storage(settings):
        settings.STATIC_ROOT = config["static_root"]
    if not settings.DEBUG and not _shows_request_errors():
        signal: Any = importlib.import_module("django.core.signals").got_request_exception
        signal.connect(_print_exception, weak=False, dispatch_uid="portico")
    if config["preload"]:
        resolver: Any = importlib.import_module("django.urls").get_resolver()
        # Imported here, a broken URLconf stops this release; Django itself would find it at the first request.
        _ = resolver.url_patterns
        if _manifest_storage(settings):
            _read_manifest()
    # A connection opened while loading must not be shared by the workers (libpq: "Using libpq in a forked process").
    importlib.import_module("django.db").connections.close_all()


def _read_manifest() -> None:
    """A worker that starts later must not find the manifest of a later release. What is wrong with it shows where a page
    uses it, which not every page does."""
    # The files may be collected while this is loaded; whoever collects them sees to it that this has an end.
    while os.path.exists(os.path.join(_HERE, "collecting")):
        time.sleep(_LOOK_S)
    with contextlib.suppress(Exception):
        storage = importlib.import_module("django.contrib.staticfiles.storage").staticfiles_storage
        getattr(storage, "hashed_files", None)


def _manifest_storage(settings: Any) -> bool:
    """Whether static file names carry a hash that is looked up in STATIC_ROOT."""
    alias = (getattr(settings, "STORAGES", None) or {}).get("staticfiles") or {}
    if not alias.get("BACKEND"):
        return False
    kind = importlib.import_module("django.utils.module_loading").import_string(alias["BACKEND"])
    mixin = importlib.import_module("django.contrib.staticfiles.storage").ManifestFilesMixin
    return bool(issubclass(kind, mixin))


def _shows_request_errors() -> bool:
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
    return any(_visible(handler, record) for handler in handlers) if handlers else logging.lastResort is not None


def _visible(handler: logging.Handler, record: logging.LogRecord) -> bool:
    mail = any(kind.__name__ == "AdminEmailHandler" for kind in type(handler).__mro__)
    if mail or isinstance(handler, logging.NullHandler) or handler.level > logging.ERROR:
        return False
    try:
        return bool(handler.filter(record))
    except Exception:
        # A filter that wants attributes of a real request: it is the project's own, so it is there to let errors through.
        return True


def _print_exception(request: Any = None, **_: Any) -> None:
    """One JSON line on standard error for a failed request: no cookies, body, query string or values of variables."""
    try:
        meta = getattr(request, "META", {})
        rid = meta.get("HTTP_X_REQUEST_ID") or meta.get("REQUEST_ID") or ""
        line = {
            "t": round(time.time(), 3),
            "rid": str(rid)[:_ID_CHARACTERS],
            "level": "ERROR",
            "logger": "django.request",
            "path": str(getattr(request, "path", "")),
            "exc": traceback.format_exc()[-_EXC_CHARACTERS:],
        }
        # One write, so that lines of several threads and workers do not mix.
        os.write(2, json.dumps(line).encode("ascii") + b"\n")
    except Exception:  # noqa: S110
        # The response must not depend on whether its error could be reported.
        pass


def _siblings() -> None:
    """The modules beside this one, as a package of a name that no project has."""
    package = types.ModuleType("_portico")
    package.__path__ = [_HERE]
    sys.modules["_portico"] = package


def _sibling(name: str) -> Any:
    # A release folder stays as it was written.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return importlib.import_module(f"_portico.{name}")
    finally:
        sys.dont_write_bytecode = before


def _tracing(config: dict[str, Any]) -> Any:
    """What traces a request that names a trace; None when nothing can be traced. It must be there before Django is."""
    if not config.get("trace_dir"):
        return None
    try:
        name = "{}:{}".format(config["module"] or config["file"] or "django.core.wsgi", config["callable"] or "application")
        return _sibling("trace_wsgi").Tracing(config["trace_dir"], bool(config.get("trace_header")), name)
    except Exception:
        # A release works without it.
        traceback.print_exc()
        return None


def _gated(wrapped: Any, threads: int) -> Any:
    """The outermost, so that a request that waits at the gate is not yet one that the application works on."""
    return _sibling("gate").Gate(threads).around(wrapped) if threads else wrapped


def _handling(wrapped: Any, tracing: Any) -> Any:
    """The same application; of a request's body nothing is left unread, and a request that names a trace is traced.

    The application never sees the two variables that name one, whoever sent them.
    """
    call = _sibling("request_body").call

    def application(environ: Any, start_response: Any) -> Any:
        given = environ.pop("PORTICO_TRACE", None)
        claimed = environ.pop("HTTP_X_PORTICO_TRACE_TOKEN", None)
        if (given or claimed) and tracing:
            traced = tracing.begin(given, claimed, environ)
            if traced:
                return traced.call(call, wrapped, environ, start_response)
        return call(wrapped, environ, start_response)

    return application


_found = _config()
_siblings()
_traces = _tracing(_found)
application = _gated(_handling(_load(_found), _traces), _found.get("gate") or 0)
