"""Run Django's collectstatic inside the project's own Python: `python collect_static.py REQUEST.json`.

Standard library only, Python 3.8 and later. Run it with the project as working directory. The request is

    {"out": path of the result, "project": folder, "manage": path or "", "settings": module or "",
     "python_path": [folders], "destination": folder used where STATIC_ROOT is unset, or "", "timeout_s": seconds (none)}

The result is `{"ok": true, "copied", "unmodified", "post_processed", "destination", "output"}` with counts of files, or a
failure as `inspect_project` reports it, whose `errno` and `path` are given for an OSError. Nothing is cleared before.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import sys
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_OUTPUT_LINES = 20


def _loading() -> Any:
    """`loading.py` beside this script, under a name that no project has."""
    name = "portico_inside_loading"
    spec = importlib.util.spec_from_file_location(name, os.path.join(_HERE, "loading.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def collect(request: dict[str, Any], report: Any, loading: Any) -> None:
    """Fill the report; whatever Django or the project raises passes through."""
    loading.enter(request)
    # Settings often leave out what only serving needs when they see the command's name.
    sys.argv[:] = [request.get("manage") or "manage.py", "collectstatic"]
    if not loading.find_settings(request, report):
        raise report.trouble("NoSettings", "DJANGO_SETTINGS_MODULE is not set")
    loading.set_up_django(report)
    report.stage = "collect"
    settings: Any = importlib.import_module("django.conf").settings
    if not settings.STATIC_ROOT and request.get("destination"):
        settings.STATIC_ROOT = request["destination"]
    report.facts["destination"] = os.path.abspath(str(settings.STATIC_ROOT)) if settings.STATIC_ROOT else ""
    _run(report)


def _run(report: Any) -> None:
    """The command itself, the project's own one if an application overrides it.

    What it prints is kept even when it fails, because only there it names the file whose post-processing failed.
    """
    management: Any = importlib.import_module("django.core.management")
    owner = management.get_commands().get("collectstatic")
    if owner is None:
        raise report.trouble("NoCommand", "no installed application has the command collectstatic")
    output = io.StringIO()
    command = management.load_command_class(owner, "collectstatic") if isinstance(owner, str) else owner
    try:
        management.call_command(command, interactive=False, verbosity=0, stdout=output, stderr=output, no_color=True)
    finally:
        lines = [line for line in output.getvalue().splitlines() if line.strip()]
        report.facts["output"] = lines[-_OUTPUT_LINES:]
    report.facts["copied"] = len(getattr(command, "copied_files", ())) + len(getattr(command, "symlinked_files", ()))
    report.facts["unmodified"] = len(getattr(command, "unmodified_files", ()))
    report.facts["post_processed"] = len(getattr(command, "post_processed_files", ()))


def main(argv: list[str]) -> None:
    """The way in; ends the process. No bytecode is written: looking at a project must not add files to it."""
    sys.dont_write_bytecode = True
    loading = _loading()
    request, report = loading.start(argv)
    try:
        collect(request, report, loading)
    except BaseException as error:
        report.fail(error)
    report.succeed()


if __name__ == "__main__":
    main(sys.argv)
