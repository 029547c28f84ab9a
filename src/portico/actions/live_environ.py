"""The environment of an application that runs."""

from __future__ import annotations

import json

from portico.actions.places import Places
from portico.model.plan import Plan
from portico.system import files


def live_environ(where: Places, plan: Plan) -> dict[str, str]:
    """The application's environment, as its guard was given it; empty where that is not ours to read. It holds secrets."""
    for instance in plan.uwsgi.each():
        try:
            spec = json.loads(files.read_text(where.run / f"{instance.name}.json") or "")
        except ValueError:
            continue
        if isinstance(spec, dict):
            return {str(name): str(value) for name, value in dict(spec.get("environ") or {}).items()}
    return {}
