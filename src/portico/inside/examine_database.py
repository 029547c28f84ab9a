"""Whether each database can be reached, and what it lacks (`database` of the examination).

Standard library only, Python 3.8 and later, Django 4.2 and later; loaded by `examine_project`. Databases are only read. Each
alias has a thread of its own, because a client library that waits for a network cannot be interrupted.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import threading
import time
import traceback
from typing import Any

_EACH_S = 4.0
#: What servers and client libraries say: PostgreSQL (libpq, src/backend/utils/init), MySQL (error numbers, its manual B.2).
_SAYS = (
    ("too-many-connections", r"too many clients|too many connections|remaining connection slots|\(1040,|\(1203,"),
    ("auth", r"password authentication failed|no pg_hba\.conf entry|role \"[^\"]*\" does not exist|no password supplied"),
    ("auth", r"authentication failed|permission denied for database|\(1045,|\(1044,|\(1698,"),
    ("no-such-database", r"database \"[^\"]*\" does not exist|Unknown database|\(1049,"),
    ("unknown-host", r"could not translate host name|Name or service not known|failed to resolve host|\(2005,"),
    ("timeout", r"timeout expired|timed out|\(110\)|connection timeout"),
    ("socket-missing", r"on socket .*No such file or directory|\(2002,"),
    ("refused", r"Connection refused|\(111\)|\(2003,"),
    ("locked", r"database (?:table )?is locked"),
)

_CONNECTIONS = (
    "SELECT current_setting('max_connections')::int, count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
)


def _beside(name: str) -> Any:
    return sys.modules["portico_inside_loading"].beside(name)


def examine(job: Any, found: dict[str, Any]) -> None:
    """All aliases, one after the other."""
    if not _beside("examine_django").ensure_settings(job, found):
        return
    connections: Any = importlib.import_module("django.db").connections
    aliases = found["aliases"] = []
    try:
        names = list(connections.settings)
    except Exception as error:
        found.update(ok=False, reason=f"DATABASES is not understood: {error}")
        return
    for alias in names:
        known = _described(alias, connections.settings[alias])
        aliases.append(known)
        if known["engine"] in ("", "django.db.backends.dummy"):
            known["reason"] = "no database is configured"
            continue
        _in_thread(job, alias, known)
    verdicts = [known["ok"] is not False and not known.get("unapplied") for known in aliases]
    found["ok"] = all(verdicts)


def _described(alias: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The configuration, without the password."""
    name = str(settings.get("NAME") or "")
    return {
        "ok": None,
        "reason": "",
        "alias": alias,
        "engine": str(settings.get("ENGINE") or ""),
        # A name that is a connection string could carry a password.
        "name": "" if "=" in name or "://" in name else name,
        "host": str(settings.get("HOST") or ""),
        "port": str(settings.get("PORT") or ""),
        "user": str(settings.get("USER") or ""),
        "kind": "",
        "message": "",
        "connected": False,
        "conn_max_age_s": settings.get("CONN_MAX_AGE", 0),
    }


def _in_thread(job: Any, alias: str, known: dict[str, Any]) -> None:
    began = time.monotonic()
    thread = threading.Thread(target=_guarded, args=(job, alias, known), daemon=True)
    thread.name = sys.modules["portico_inside_loading"]._WATCH
    thread.start()
    limit_s = min(_EACH_S, job.part_left_s)
    thread.join(limit_s)
    if thread.is_alive():
        stack = traceback.extract_stack(sys._current_frames().get(thread.ident or 0))
        where = f"; it waits at {stack[-1].filename}:{stack[-1].lineno}" if stack else ""
        known.update(ok=False, kind="timeout", message=f"no answer within {limit_s:.3g} s{where}")
    known["duration_s"] = round(time.monotonic() - began, 4)


def _guarded(job: Any, alias: str, shared: dict[str, Any]) -> None:
    # Its own copy, so that a late answer cannot change what has been told.
    known = dict(shared)
    try:
        _one(job, alias, known)
    except BaseException as error:
        known.update(ok=None, reason=f"could not tell: {type(error).__name__}: {error}")
    if shared["kind"] != "timeout":
        shared.update(known)


def _one(job: Any, alias: str, known: dict[str, Any]) -> None:
    connections: Any = importlib.import_module("django.db").connections
    sqlite: Any = _beside("examine_sqlite")
    try:
        connection = connections[alias]
    except Exception as error:
        missing = any(isinstance(link, ImportError) for link in job.failures.links(error))
        known.update(ok=False, kind="driver-missing" if missing else "other", message=str(error))
        return
    known["vendor"] = connection.vendor
    if connection.vendor == "sqlite":
        sqlite.before(connection, known)
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            # A server has answered by now; SQLite opens its file only when it is read.
            cursor.execute("SELECT count(*) FROM sqlite_master" if connection.vendor == "sqlite" else "SELECT 1")
            cursor.fetchone()
        known.update(ok=True, connected=True)
    except Exception as error:
        message = str(error).strip()
        kind = known["kind"] or _kind(message) or _beside("examine_reach").kind(connection.settings_dict, connection.vendor)
        known.update(ok=False, kind=kind or "other", message=message)
    try:
        if connection.vendor == "sqlite":
            sqlite.after(job, connection, known)
        if known["connected"]:
            _limits(connection, known)
            _unapplied(job, connection, known)
    finally:
        connection.close()


def _kind(message: str) -> str:
    return next((kind for kind, pattern in _SAYS if re.search(pattern, message)), "")


def _limits(connection: Any, known: dict[str, Any]) -> None:
    """How many connections PostgreSQL takes and has
    (https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW)."""
    if connection.vendor != "postgresql":
        return
    with contextlib.suppress(Exception), connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS)
        known["max_connections"], known["connections"] = cursor.fetchone()


def _unapplied(job: Any, connection: Any, known: dict[str, Any]) -> None:
    if not job.ready:
        known["unapplied_reason"] = "Django's applications cannot be set up"
        return
    db: Any = importlib.import_module("django.db")
    executor_module: Any = importlib.import_module("django.db.migrations.executor")
    try:
        executor = executor_module.MigrationExecutor(connection)
        if known["alias"] != "default" and not executor.recorder.has_table():
            known["unapplied_reason"] = "it has no table django_migrations, so that it may not be Django's to migrate"
            return
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        wanted = [one for one, _ in plan if db.router.allow_migrate(known["alias"], one.app_label) is not False]
        known["unapplied"] = [f"{one.app_label}.{one.name}" for one in wanted]
    except Exception as error:
        known["unapplied_reason"] = f"{type(error).__name__}: {error}"
