"""What the site's databases allow, asked in the project's own Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portico.actions.ask import ask
from portico.actions.prepare import Prepared

_LIMIT_S = 20.0
_NONE = ("", "django.db.backends.dummy")


def databases(asked: Prepared) -> Sequence[Mapping[str, Any]] | None:
    """Each as `inside/examine_database.py` describes it; None where they could not be asked. They are only read. SQLite
    has no limit of connections, so a project with nothing else is not asked."""
    if asked.django is None:
        return ()
    engines = {alias: engine for alias, (engine, _) in asked.django.databases.items() if engine not in _NONE}
    if all(engine.endswith("sqlite3") for engine in engines.values()):
        return tuple({"alias": alias, "engine": engine, "vendor": "sqlite"} for alias, engine in engines.items())
    site = asked.plan.site
    request = {
        "project": site.directory,
        "module": site.module,
        "file": site.file,
        "callable": site.callable,
        "python_path": list(site.python_path),
        "settings": site.settings,
        "parts": ["database"],
    }
    why = "ask the databases how many connections they allow"
    answer, _ = ask(asked.question("examine_project.py", request, why, _LIMIT_S))
    aliases = ((answer or {}).get("database") or {}).get("aliases")
    return tuple(one for one in aliases if one.get("vendor")) if aliases else None


def left(known: Sequence[Mapping[str, Any]] | None) -> tuple[int | None, bool]:
    """How many connections the narrowest has left for a trial, so that the site keeps some, and whether threads hold theirs
    between requests; None where nothing says so."""
    limits = [one for one in known or () if one.get("max_connections")]
    if not limits:
        return None, False
    holds = any(one.get("conn_max_age_s", 0) != 0 for one in limits)
    return min(_free(one) for one in limits), holds


def _free(one: Mapping[str, Any]) -> int:
    """A tenth stays for the site that runs, and for whoever looks after the database."""
    most = int(one["max_connections"])
    return max(0, most - int(one.get("connections") or 0) - max(5, most // 10))
