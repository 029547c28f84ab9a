"""What the entry module of a release reads."""

from __future__ import annotations

import json

from portico.inside.gate import LEAST
from portico.model.file import File
from portico.model.plan import Plan


def files(plan: Plan) -> tuple[File, ...]:
    """`entry.json`, which lies beside `entry.py` (see `portico/inside/entry.py` for the meaning of its keys).

    `static_root` is where the static files of this release are, for a project with hashed names that sets no STATIC_ROOT of
    its own: a release looks names up in its own manifest, however long it lives.
    """
    site = plan.site
    entry = {
        "project": site.directory,
        "python_path": list(site.python_path),
        "module": site.module,
        "file": site.file,
        "callable": site.callable,
        "settings": site.settings,
        "static_root": next(
            (found.of_release(plan.paths.static, plan.uwsgi.instance) for found in site.maps if found.kind == "static"), ""
        ),
        "framework": site.framework,
        "preload": True,
        "load_limit_s": plan.release.load_timeout_s,
        "trace_dir": f"{plan.paths.run}/app",
        "trace_header": plan.front == "none",
        "gate": plan.uwsgi.threads if plan.uwsgi.threads > LEAST else 0,
    }
    return (File("entry.json", json.dumps(entry, indent=1) + "\n", 0o640),)
