"""Run Django's collectstatic inside the project's own Python: `python collect_static.py REQUEST.json`.

Standard library only, Python 3.8 and later. Run it with the project as working directory. The request is

    {"out": path of the result, "project": folder, "manage": path or "", "settings": module or "",
     "python_path": [folders], "destination": the folder of the release (`static_tree` says what lies beside it), or "",
     "again": true for a release that serves already, "timeout_s": seconds (none)}

A project without STATIC_ROOT collects straight into the destination, so that there is in it exactly what it has now, and
then what other releases have. Files in a STATIC_ROOT stay there, with all that ever was in it, and the destination becomes
a second set of names for them. Either way the destination is emptied first, but not `again`.

Where a STATIC_ROOT and all that goes into it are provably as the command left them (`static_known`), it does not run again.

The result is `{"ok": true, "copied", "unmodified", "post_processed", "destination", "kept", "changed", "output"}`: counts of
files (`kept`: of other releases), the folder Django wrote to, and whether anything in the project's STATIC_ROOT is not as it
was before; or a failure as `inspect_project` reports it, whose `errno` and `path` are given for an OSError. After a failure
the destination is gone, but not `again`.
"""

from __future__ import annotations

import contextlib
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
    tree = loading.beside("static_tree")
    loading.enter(request)
    # Settings often leave out what only serving needs when they see the command's name.
    sys.argv[:] = [request.get("manage") or "manage.py", "collectstatic"]
    if not loading.find_settings(request, report):
        raise report.trouble("NoSettings", "DJANGO_SETTINGS_MODULE is not set")
    loading.set_up_django(report)
    report.stage = "collect"
    settings: Any = importlib.import_module("django.conf").settings
    destination = request.get("destination") or ""
    fresh = bool(destination) and not (request.get("again") and os.path.isdir(destination))
    try:
        if fresh:
            tree.empty(destination)
        elif destination:
            tree.forget_copies(destination)
        _collect_into(settings, destination, report, loading)
    except BaseException:
        if fresh:
            with contextlib.suppress(OSError):
                tree.forget(destination)
        raise


def _collect_into(settings: Any, destination: str, report: Any, loading: Any) -> None:
    tree = loading.beside("static_tree")
    own = os.path.abspath(str(settings.STATIC_ROOT)) if settings.STATIC_ROOT else ""
    if not own and destination:
        settings.STATIC_ROOT = destination
    report.facts["destination"], report.facts["kept"] = own or destination, 0
    report.facts["changed"] = False
    command = _command(report)
    if own:
        _run_if_needed(command, settings, own, destination, report, loading)
    else:
        _run(command, report)
    if own and destination:
        root = os.path.realpath(own)
        tree.copy_tree(root, destination, _live(settings, root))
    elif destination:
        tree.write_list(destination)
        report.facts["kept"] = tree.keep_earlier(destination)


def _run_if_needed(command: Any, settings: Any, own: str, destination: str, report: Any, loading: Any) -> None:
    """Into the project's STATIC_ROOT, which releases share."""
    tree, known = loading.beside("static_tree"), loading.beside("static_known")
    record = os.path.join(os.path.dirname(destination), known.RECORD)
    sources = known.sources(settings, command, own) if destination else ""
    earlier = known.recall(record, f"{sources} {known.made(own)}") if sources else {}
    if earlier:
        report.facts.update(earlier)
        return
    before = tree.stamps(own)
    _run(command, report)
    report.facts["changed"] = tree.stamps(own) != before
    if sources:
        count = report.facts["copied"] + report.facts["unmodified"]
        facts = {"copied": 0, "unmodified": count, "post_processed": report.facts["post_processed"], "output": []}
        known.remember(record, f"{sources} {known.made(own)}", facts)


def _live(settings: Any, root: str) -> list[str]:
    """Folders in STATIC_ROOT in which files are made while the site serves: uploads, and what django-compressor makes of
    the style sheets of a page when it is first shown
    (https://django-compressor.readthedocs.io/en/stable/settings.html)."""
    found = [str(settings.MEDIA_ROOT)] if settings.MEDIA_ROOT else []
    compressed = getattr(settings, "COMPRESS_ROOT", None)
    if compressed and "compressor" in settings.INSTALLED_APPS:
        found.append(os.path.join(str(compressed), str(getattr(settings, "COMPRESS_OUTPUT_DIR", None) or "CACHE")))
    return [path for path in map(os.path.realpath, found) if path.startswith(os.path.join(root, ""))]


def _command(report: Any) -> Any:
    """The command itself, the project's own one if an application overrides it."""
    management: Any = importlib.import_module("django.core.management")
    owner = management.get_commands().get("collectstatic")
    if owner is None:
        raise report.trouble("NoCommand", "no installed application has the command collectstatic")
    return management.load_command_class(owner, "collectstatic") if isinstance(owner, str) else owner


def _run(command: Any, report: Any) -> None:
    """What it prints is kept even when it fails, because only there it names the file whose post-processing failed."""
    management: Any = importlib.import_module("django.core.management")
    output = io.StringIO()
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
    _loading().run(argv, collect)


if __name__ == "__main__":
    main(sys.argv)
