"""Run Django's own checks inside the project's own Python, and look for migrations that are not applied: `python
deploy_checks.py REQUEST.json`.

Standard library only, Python 3.8 and later. Run it with the project as working directory and the environment it will be
served with, because settings depend on both. The request is

    {"out": path of the result, "project": folder, "manage": path or "", "settings": module or "",
     "python_path": [folders], "timeout_s": seconds (none), "databases_s": seconds that the databases have for an answer (4)}

The result is `{"ok": true, "messages": [{"id", "level", "message", "hint", "object"}], "silenced": [ids]}`, what
`manage.py check --deploy` says (https://docs.djangoproject.com/en/stable/ref/checks/); or a failure as `inspect_project`
reports it. Levels are Django's: 10 debug, 20 info, 30 warning, 40 error, 50 critical. Both have `databases`, which
`unapplied_migrations` describes, unless the project hangs or cannot be set up.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_LONGEST = 2000


def _loading() -> Any:
    """`loading.py` beside this script, under a name that no project has."""
    name = "portico_inside_loading"
    spec = importlib.util.spec_from_file_location(name, os.path.join(_HERE, "loading.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(request: dict[str, Any], report: Any, loading: Any) -> None:
    """Fill the report; whatever Django or the project raises passes through. Checks that need a database are left out, as
    `manage.py check` leaves them out; a check that breaks does not keep the databases from being looked at."""
    loading.enter(request)
    if not loading.find_settings(request, report):
        raise report.trouble("NoSettings", "DJANGO_SETTINGS_MODULE is not set")
    loading.set_up_django(report)
    report.stage = "checks"
    try:
        _run_checks(report)
    finally:
        report.facts["databases"] = loading.beside("unapplied_migrations").look(
            loading, float(request.get("databases_s", 4.0))
        )


def _run_checks(report: Any) -> None:
    found = list(importlib.import_module("django.core.checks").run_checks(include_deployment_checks=True))
    report.facts["silenced"] = sorted({str(message.id) for message in found if message.is_silenced()})
    report.facts["messages"] = [_message(message) for message in found if not message.is_silenced()]


def _message(message: Any) -> dict[str, Any]:
    return {
        "id": str(message.id or ""),
        "level": int(message.level),
        "message": str(message.msg)[:_LONGEST],
        "hint": str(message.hint or "")[:_LONGEST],
        "object": _named(message.obj),
    }


def _named(thing: Any) -> str:
    """What the message is about, as Django's own output names it; a name that cannot be had is none."""
    if thing is None:
        return ""
    try:
        meta = getattr(thing, "_meta", None)
        return str(meta.label if isinstance(thing, type) and meta is not None else thing)[:200]
    except Exception:
        return ""


def main(argv: list[str]) -> None:
    """The way in; ends the process. No bytecode is written: looking at a project must not add files to it."""
    sys.dont_write_bytecode = True
    _loading().run(argv, check)


if __name__ == "__main__":
    main(sys.argv)
