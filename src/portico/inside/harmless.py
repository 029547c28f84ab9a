"""Lets a project run without leaving traces: no mail goes out, no log file is written, no database is changed.

Standard library only, Python 3.8 and later, Django 4.2 and later; loaded by `examine_job`. What would fail in earnest fails
here as well: a log file that cannot be opened, a database that is not there. What was not let through is in `seen`.
Of PostgreSQL and others, statements that write are refused before they are sent: a session set to read only would stay so
for others behind a pooler (https://www.pgbouncer.org/features.html).
"""

from __future__ import annotations

import contextlib
import errno
import importlib.abc
import importlib.machinery
import logging
import logging.handlers
import os
import re
import smtplib
import sys
from typing import Any
from urllib.parse import quote

_BASE = "django.db.backends.base.base"
_CONNECT_S = 3
_SQL_CHARACTERS = 300
_MOST = 20
_LEADING = re.compile(r"^(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_WRITES = re.compile(
    r"(?:INSERT|UPDATE|DELETE|REPLACE|MERGE|CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|COPY|CALL|DO|VACUUM|REINDEX|LOCK)\b"
    r"|WITH\b.*\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\b",
    re.IGNORECASE | re.DOTALL,
)


_LITERAL = re.compile(r"'(?:[^']|'')*'")


class Seen:
    """What databases were asked, and what was refused. `broke`: code was told of a refusal, and may have failed for it."""

    def __init__(self) -> None:
        self.statements = 0
        self.failed: list[dict[str, str]] = []
        self.refused: list[str] = []
        self.broke = False

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]

    def refuse(self, what: str) -> None:
        if what not in self.refused:
            self.refused.append(what)
        self.broke = True


seen = Seen()
#: The settings' own EMAIL_BACKEND, once another has taken its place.
email_backend: list[str] = []


def install() -> None:
    """To be called before anything of the project is imported."""
    smtplib.SMTP.connect = _no_mail  # type: ignore[method-assign]
    logging.FileHandler._open = _open_log  # type: ignore[method-assign]
    for kind in (logging.handlers.RotatingFileHandler, logging.handlers.TimedRotatingFileHandler):
        kind.shouldRollover = lambda self, record: False  # type: ignore[method-assign]
    sys.meta_path.insert(0, _Hook())


def calm_django(settings: Any) -> None:
    """What needs the settings: mails through Django end here, also those to ADMINS."""
    with contextlib.suppress(Exception):
        if email_backend:
            return
        email_backend.append(str(settings.EMAIL_BACKEND))
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
        dummy: Any = importlib.import_module("django.core.mail.backends.dummy").EmailBackend
        dummy.send_messages = _swallow
        importlib.import_module("django.utils.log").AdminEmailHandler.send_mail = lambda *_, **__: None


def _swallow(_: Any, messages: Any) -> int:
    if "mail" not in seen.refused:
        seen.refused.append("mail")
    return len(list(messages))


def _no_mail(*_: Any, **__: Any) -> Any:
    seen.refuse("mail")
    raise ConnectionRefusedError(errno.ECONNREFUSED, "no mail is sent while the application is examined")


def _open_log(self: Any) -> Any:
    """Opening for appending changes nothing where the file is there; where it is not, its folder decides."""
    path, folder = self.baseFilename, os.path.dirname(self.baseFilename)
    if os.path.lexists(path):
        with open(path, "a", encoding="utf-8"):
            pass
    elif not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return open(os.devnull, "a", encoding="utf-8", errors="replace")


class _Hook(importlib.abc.MetaPathFinder):
    """Sees to Django's database connections as soon as the project itself has Django imported, not earlier."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != _BASE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        loader: Any = spec.loader if spec else None
        if loader is not None:
            original = loader.exec_module

            def exec_module(module: Any) -> None:
                original(module)
                _guard(module.BaseDatabaseWrapper)

            loader.exec_module = exec_module
        return spec


def _guard(kind: Any) -> None:
    connect = kind.connect

    def connect_for_reading(self: Any) -> Any:
        if not hasattr(self, "portico_reads_only"):
            self.portico_reads_only = prepare(self)
            # First, because `execute_wrapper()` of the project takes the last one away.
            self.execute_wrappers.insert(0, _watch)
        return connect(self)

    kind.connect = connect_for_reading


def prepare(connection: Any) -> bool:
    """Change a connection's own copy of its settings before it connects; whether the database itself will refuse writes."""
    changed = {**connection.settings_dict, "OPTIONS": {**connection.settings_dict.get("OPTIONS", {})}}
    options, reads_only = changed["OPTIONS"], False
    if connection.vendor == "sqlite":
        name = str(changed.get("NAME") or "")
        if name and ":memory:" not in name and not name.startswith("file:"):
            changed["NAME"], reads_only = _readable(os.path.abspath(name))
            # Pragmas that change the file, such as journal_mode.
            options.pop("init_command", None)
    elif connection.vendor in ("postgresql", "mysql"):
        options.setdefault("connect_timeout", _CONNECT_S)
        options.pop("pool", None)
    connection.settings_dict = changed
    return reads_only


def _readable(path: str) -> tuple[str, bool]:
    """A name under which SQLite reads the file. One that is not there would be made, empty: memory stands for it."""
    if not os.path.exists(path) and os.access(os.path.dirname(path), os.W_OK | os.X_OK):
        return ":memory:", False
    # To read a write-ahead log that nobody has open, SQLite would make files beside it
    # (https://www.sqlite.org/wal.html#read_only_databases).
    still = "&immutable=1" if keeps_log(path) and not os.path.exists(f"{path}-wal") else ""
    return f"file:{quote(path)}?mode=ro{still}", True


def keeps_log(path: str) -> bool:
    """Whether the file says that it has a write-ahead log (https://www.sqlite.org/fileformat2.html#file_format_version_numbers)."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(20)[18:20] == b"\x02\x02"
    return False


def _watch(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    connection = context["connection"]
    seen.statements += 1
    statement = _LEADING.sub("", str(sql), count=1)
    writes = bool(_WRITES.match(statement))
    in_memory = connection.vendor == "sqlite" and ":memory:" in str(connection.settings_dict.get("NAME"))
    if writes and not in_memory and not connection.portico_reads_only:
        seen.refuse(_head(statement))
        raise sys.modules["django.db.utils"].OperationalError("nothing is written while the application is examined")
    try:
        return execute(sql, params, many, context)
    except Exception as error:
        if writes and "readonly" in str(error):
            seen.refuse(_head(statement))
        elif len(seen.failed) < _MOST:
            kind = type(error).__name__
            failure = {"alias": connection.alias, "exception": kind, "message": str(error).partition("\n")[0]}
            seen.failed.append({"sql": _LITERAL.sub("?", statement)[:_SQL_CHARACTERS], **failure})
        raise


def _head(statement: str) -> str:
    """`INSERT INTO "shop_item"`: what is done to which table, no values."""
    return " ".join(statement.split("(")[0].split()[:4]) if "(" in statement else " ".join(statement.split()[:3])
