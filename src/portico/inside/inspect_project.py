"""What a project is, found out inside its own Python: `python inspect_project.py REQUEST.json`.

Standard library only, Python 3.8 and later. Run it with the project as working directory. The request is

    {"out": path of the result, "project": folder, "manage": path or "", "settings": module the user named or "",
     "dotenv_settings": module found in .env or "", "target": {"module", "file", "callable"} or null,
     "python_path": [folders], "load": whether to import the application and the URLconf as well (true),
     "timeout_s": seconds after which a hang is reported (none)}

or `{"out", "python_only": true}`. The result is a JSON object that always has `ok` and, when the interpreter came as far as
that, `python`; then `framework`, `django`, `callable` as far as they were found. Where `ok` is false it has `stage`, `type`,
`message`, `missing_module`, `traceback`, `file` and `line` as well.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import sys
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))


def _loading() -> Any:
    """`loading.py` beside this script, under a name that no project has."""
    name = "portico_inside_loading"
    spec = importlib.util.spec_from_file_location(name, os.path.join(_HERE, "loading.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def python_facts() -> dict[str, Any]:
    """The interpreter, and the uWSGI that belongs to it; nothing is imported or run for it."""
    return {
        "version": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "full_version": ".".join(str(part) for part in sys.version_info[:3]),
        "executable": sys.executable,
        "base_executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "implementation": sys.implementation.name,
        "uwsgi": _pyuwsgi() or _uwsgi_binary(),
    }


def _pyuwsgi() -> dict[str, str] | None:
    spec = importlib.machinery.PathFinder.find_spec("pyuwsgi")
    if spec is None or not spec.origin:
        return None
    version = ""
    with contextlib.suppress(Exception):
        version = importlib.metadata.version("pyuwsgi")
    return {"kind": "pyuwsgi", "path": os.path.abspath(spec.origin), "version": version}


def _uwsgi_binary() -> dict[str, str] | None:
    """A compiled uwsgi beside the interpreter; pyuwsgi's script of the same name is no executable of its own."""
    path = os.path.join(os.path.dirname(sys.executable), "uwsgi")
    try:
        with open(path, "rb") as file:
            elf = file.read(4) == b"\x7fELF"
    except OSError:
        return None
    return {"kind": "binary", "path": path, "version": ""} if elf and os.access(path, os.X_OK) else None


def inspect(request: dict[str, Any], report: Any, loading: Any) -> None:
    """Fill the report; whatever the project raises passes through."""
    report.facts["python"] = python_facts()
    if request.get("python_only"):
        return
    loading.enter(request)
    target = request.get("target") or {}
    origin = ""
    if request.get("manage") or request.get("settings") or not target:
        origin = loading.find_settings(request, report)
    elif request.get("dotenv_settings"):
        os.environ.setdefault(loading.VARIABLE, request["dotenv_settings"])
    if origin:
        _inspect_django(request, report, loading, origin)
        report.facts["threads"] = loading.threads()
    elif target:
        _inspect_target(request, report, loading)
        report.facts["threads"] = loading.threads()
    else:
        report.stage = "manage" if request.get("manage") else "settings"
        who = request.get("manage") or request["project"]
        raise report.trouble("NoSettings", f"{who} names no Django settings: DJANGO_SETTINGS_MODULE is not set")


def _inspect_django(request: dict[str, Any], report: Any, loading: Any, origin: str) -> None:
    target = request.get("target") or {}
    report.facts["framework"] = "django"
    loading.set_up_django(report)
    report.stage = "facts"
    django = report.facts["django"] = loading.beside("django_facts").dump(origin, target)
    place = django["wsgi"]
    if request.get("load", True):
        report.stage = "wsgi"
        if place["module"] or place["file"]:
            module, django["wsgi_settings"] = _import_unprompted(place, loading)
            # WSGI_APPLICATION names its callable; a target may leave it open.
            named = target if place["origin"] == "target" else place
            report.facts["callable"] = _examine(module, {**place, "callable": named.get("callable") or ""}, report, loading)
            place["callable"] = report.facts["callable"]["callable"]
        else:
            importlib.import_module("django.core.wsgi").get_wsgi_application()
        report.stage = "urls"
        _ = importlib.import_module("django.urls").get_resolver().url_patterns


def _import_unprompted(place: dict[str, Any], loading: Any) -> tuple[Any, str]:
    """Import the WSGI module without DJANGO_SETTINGS_MODULE in the environment, to see which one it would choose itself."""
    callables = loading.beside("callables")
    chosen = os.environ.pop(loading.VARIABLE, None)
    try:
        module = callables.import_target(place)
    except KeyError as error:
        if chosen is None or error.args[:1] != (loading.VARIABLE,):
            raise
        os.environ[loading.VARIABLE] = chosen
        return callables.import_target(place), ""
    finally:
        own = os.environ.get(loading.VARIABLE, "")
        if chosen is not None:
            os.environ[loading.VARIABLE] = chosen
    return module, own


def _inspect_target(request: dict[str, Any], report: Any, loading: Any) -> None:
    """A callable that the user named; it may turn out to be Django's."""
    report.stage = "import"
    report.facts["framework"] = "wsgi"
    target = request["target"]
    module = loading.beside("callables").import_target(target)
    if loading.configured():
        report.facts["framework"] = "django"
        report.stage = "facts"
        report.facts["django"] = loading.beside("django_facts").dump("wsgi module", target)
    report.facts["callable"] = _examine(module, target, report, loading)
    if report.facts["framework"] == "django" and request.get("load", True):
        report.facts["django"]["wsgi"]["callable"] = report.facts["callable"]["callable"]
        report.stage = "urls"
        _ = importlib.import_module("django.urls").get_resolver().url_patterns


def _examine(module: Any, target: dict[str, Any], report: Any, loading: Any) -> Any:
    report.stage = "callable"
    callables = loading.beside("callables")
    try:
        return callables.examine(module, target)
    except callables.Unfit as error:
        raise report.trouble(error.kind, str(error), **error.more) from None


def main(argv: list[str]) -> None:
    """The way in; ends the process. No bytecode is written: looking at a project must not add files to it."""
    sys.dont_write_bytecode = True
    _loading().run(argv, inspect)


if __name__ == "__main__":
    main(sys.argv)
