"""The SQL of a traced request, through the wrapper that Django documents
(https://docs.djangoproject.com/en/stable/topics/db/instrumentation/)."""

from __future__ import annotations

import contextlib
import itertools
import sys
from typing import Any

from .trace_record import CURRENT, clipped, dotted, plain, quietly

_SHOWN_ROWS = 10


def attach() -> None:
    """Put the wrapper on every database connection of this thread; making one does not connect."""
    for connection in _connections().all():
        _wrap(connection)


def detach() -> None:
    """Take it off again, from the connections of this thread."""
    if "django.db" not in sys.modules:
        return
    connections = _connections()
    for alias in connections:
        # Not `all`: a connection that nobody has made since is not made for this.
        connection = getattr(connections._connections, alias, None)
        if connection is not None:
            # Another list, not a shorter one: somebody may be going through it.
            connection.execute_wrappers = [kept for kept in connection.execute_wrappers if kept is not _recorded]


def connecting(original: Any) -> Any:
    """In place of `ConnectionHandler.create_connection`: another thread has its own connections."""

    def create_connection(self: Any, alias: Any) -> Any:
        connection = original(self, alias)
        if CURRENT.get() is not None:
            quietly(_wrap)(connection)
        return connection

    return create_connection


def _connections() -> Any:
    return sys.modules["django.db"].connections


def _wrap(connection: Any) -> None:
    if _recorded not in connection.execute_wrappers:
        connection.execute_wrappers.append(_recorded)


def _recorded(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
    recorder = CURRENT.get()
    if recorder is None:
        return execute(sql, params, many, context)
    __traceback_hide__ = True
    span = recorder.open("sql", **(_statement(sql, params, many, context) or {}))
    try:
        result = execute(sql, params, many, context)
    except BaseException as error:
        with contextlib.suppress(Exception):
            recorder.close(span, error=f"{dotted(type(error))}: {clipped(str(error), 500)}")
        raise
    recorder.close(span)
    return result


@quietly
def _statement(sql: Any, params: Any, many: Any, context: Any) -> dict[str, Any]:
    # A statement may be an object of the driver (psycopg's `sql.Composed`); rows may be an iterator, which is left alone.
    statement = sql if isinstance(sql, str) else str(sql)
    rows = params if isinstance(params, (list, tuple)) else None
    shown = params if not many else None if rows is None else list(itertools.islice(rows, _SHOWN_ROWS))
    return {
        "statement": clipped(statement),
        "params": plain(shown),
        "many": bool(many),
        "rows": len(rows) if many and rows is not None else None,
        "alias": str(context["connection"].alias),
    }
