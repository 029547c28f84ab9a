"""Which migrations each database still lacks (`databases` in the answer of `deploy_checks`).

Standard library only, Python 3.8 and later, Django 3.2 and later; loaded by `deploy_checks`. Databases are only read, and a
file of SQLite that is not there is not made: it is looked for before anything connects. Each alias has a thread of its own,
because a client library that waits for a network cannot be interrupted.
"""

from __future__ import annotations

import importlib
import os
import re
import threading
import time
from typing import Any
from urllib.parse import unquote

#: How long SQLite waits for somebody who holds the whole file.
_LOCK_WAIT_S = 1.0
_DUMMY = ("", "django.db.backends.dummy")
_LATE = re.compile(r"timeout expired|timed out|\(110\)|connection timeout")


def look(loading: Any, limit_s: float) -> list[dict[str, Any]]:
    """Asks all databases at once, for so many seconds. An entry for each that was asked:

        {"alias", "engine", "name", "host", "missing": path of a file that is not there or "", "fresh": nothing has been
         applied, "unapplied": ["application.name"], "reason": why it could not be told, or ""}

    What cannot be connected to has none, nor what Django does not migrate: memory, mirrors, a second database that has no
    migrations and that no router names. An entry with an empty alias tells why none could be asked."""
    try:
        # Imported once, outside of the time the databases have.
        loader = _loader(None, load=False)
        loader.load_disk()
        connections: Any = importlib.import_module("django.db").connections
        aliases = _to_ask(connections) if loader.disk_migrations else {}
    except Exception as error:
        return [{"alias": "", "reason": _said(error)}]
    found = {alias: _described(alias, settings) for alias, settings in aliases.items()}
    threads = {alias: _begin(loading, connections, known) for alias, known in found.items()}
    deadline = time.monotonic() + limit_s
    for alias, thread in threads.items():
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            # Its own copy, so that a late answer cannot change what has been told.
            found[alias] = {**_described(alias, aliases[alias]), "reason": f"it did not answer within {limit_s:g} s"}
    return [known for known in found.values() if known["told"] or known["reason"]]


def _loader(connection: Any, load: bool = True) -> Any:
    """What there is on disk; with a connection, what has been applied as well, in `applied_migrations`."""
    return importlib.import_module("django.db.migrations.loader").MigrationLoader(connection, load=load)


def _to_ask(connections: Any) -> dict[str, dict[str, Any]]:
    """The settings of each database once, without copies of another
    (https://docs.djangoproject.com/en/stable/ref/settings/#test-mirror)."""
    asked: dict[str, dict[str, Any]] = {}
    seen = set()
    for alias in sorted(connections.settings, key=lambda name: name != "default"):
        settings = connections.settings[alias]
        place = tuple(str(settings.get(key) or "") for key in ("ENGINE", "HOST", "PORT", "NAME", "OPTIONS"))
        if place[0] in _DUMMY or place in seen or (settings.get("TEST") or {}).get("MIRROR"):
            continue
        seen.add(place)
        asked[alias] = settings
    return asked


def _described(alias: str, settings: dict[str, Any]) -> dict[str, Any]:
    name = str(settings.get("NAME") or "")
    return {
        "alias": alias,
        "engine": str(settings["ENGINE"]),
        # A name that is a connection string could carry a password.
        "name": "" if "=" in name or "://" in name else name,
        "host": str(settings.get("HOST") or ""),
        "missing": "",
        "fresh": False,
        "unapplied": [],
        "reason": "",
        "told": False,
    }


def _begin(loading: Any, connections: Any, known: dict[str, Any]) -> threading.Thread:
    thread = threading.Thread(target=_guarded, args=(loading, connections, known), daemon=True)
    thread.start()
    return thread


def _guarded(loading: Any, connections: Any, known: dict[str, Any]) -> None:
    try:
        connection = connections[known["alias"]]
    except Exception:
        # There is no such backend here, or no driver for it.
        return
    try:
        if _reached(loading, connection, known):
            _compare(connection, known)
    except BaseException as error:
        known["reason"] = _said(error)
    finally:
        connection.close()


def _reached(loading: Any, connection: Any, known: dict[str, Any]) -> bool:
    """Whether there is something to compare with. The connection's own copy of its settings is changed: it only reads."""
    if connection.vendor == "sqlite":
        path = _path(str(connection.settings_dict.get("NAME") or ""))
        if not path or not os.path.exists(path):
            known["missing"] = path
            return bool(path) and os.path.isdir(os.path.dirname(path))
        options = {**(connection.settings_dict.get("OPTIONS") or {}), "timeout": _LOCK_WAIT_S}
        connection.settings_dict = {**connection.settings_dict, "NAME": path, "OPTIONS": options}
    loading.beside("harmless").prepare(connection)
    try:
        connection.ensure_connection()
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                # Only now is the file opened.
                cursor.execute("SELECT count(*) FROM sqlite_master")
    except Exception as error:
        if _LATE.search(str(error)):
            raise TimeoutError("it did not answer in time") from None
        if "readonly" in str(error):
            # Something of the project writes as soon as there is a connection.
            raise
        return False
    return True


def _path(name: str) -> str:
    """The file that a NAME of SQLite means (https://www.sqlite.org/uri.html), absolute; "" for memory."""
    if not name or ":memory:" in name or "mode=memory" in name:
        return ""
    if name.startswith("file:"):
        name = unquote(re.split(r"[?#]", name[len("file:") :])[0])
        name = name if not name.startswith("//") else f"/{name[2:].partition('/')[2]}"
    return os.path.abspath(name)


def _compare(connection: Any, known: dict[str, Any]) -> None:
    loader = _loader(None if known["missing"] else connection)
    applied = set(loader.applied_migrations)
    lacking = sorted(key for key in loader.graph.nodes if key not in applied)
    known["fresh"] = not applied
    # A second database without a trace of Django's is Django's to migrate only where a router says so.
    first = known["alias"] == "default" or bool(applied)
    routed = {label: _routed(known["alias"], label) for label in {label for label, _ in lacking}}
    known["unapplied"] = [
        f"{label}.{name}" for label, name in lacking if routed[label] or (first and routed[label] is not False)
    ]
    known["told"] = bool(known["unapplied"]) or first


def _routed(alias: str, label: str) -> bool | None:
    """What the routers say of an application in that database, for one of its models at least; None where they leave it
    open (https://docs.djangoproject.com/en/stable/topics/db/multi-db/#allow_migrate)."""
    routers: list[Any] = importlib.import_module("django.db").router.routers
    models = importlib.import_module("django.apps").apps.get_app_config(label).get_models()
    hints: list[dict[str, Any]] = [{"model_name": model._meta.model_name, "model": model} for model in models]
    said = [_first_word(routers, alias, label, one) for one in hints or [{}]]
    return True if True in said else None if None in said else False


def _first_word(routers: list[Any], alias: str, label: str, hints: dict[str, Any]) -> bool | None:
    for router in routers:
        if hasattr(router, "allow_migrate"):
            word = router.allow_migrate(alias, label, **hints)
            if word is not None:
                return bool(word)
    return None


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return str(error)
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
