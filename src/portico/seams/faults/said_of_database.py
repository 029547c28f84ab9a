"""Which trouble with a database an exception is about. Client libraries say some of it only in words, and those of servers
may be in another language; where error numbers are known they are taken instead (`Database.kind` of the examination)."""

from __future__ import annotations

import re

from portico.hops.django.faults import database_kinds as kinds
from portico.model.finding import Kind

_CLASSES = ("OperationalError", "ProgrammingError", "InterfaceError", "DatabaseError", "InternalError", "NotSupportedError")
#: SQLite's texts are those of its own table (https://www.sqlite.org/rescode.html), PostgreSQL's those of libpq and the
#: server, MySQL's numbers those of its manual.
_SAYS: tuple[tuple[Kind, str], ...] = (
    (kinds.UNAPPLIED, r"no such (?:table|column): |has no column named |relation \"[^\"]+\" does not exist"),
    (kinds.UNAPPLIED, r"column \"?[\w.]+\"? (?:of relation \"[^\"]+\" )?does not exist|\(1146,|\(1054,"),
    (kinds.LOCKED, r"database (?:table |schema )?is locked"),
    (kinds.READ_ONLY, r"attempt to write a readonly database"),
    (kinds.NO_FILE, r"unable to open database file"),
    (kinds.TOO_MANY, r"too many clients|too many connections|remaining connection slots|\(1040,|\(1203,"),
    (kinds.AUTH, r"authentication failed|no pg_hba\.conf entry|role \"[^\"]*\" does not exist|no password supplied|\(1045,"),
    (kinds.NO_DATABASE, r"database \"[^\"]*\" does not exist|Unknown database|\(1049,"),
    (kinds.UNKNOWN_HOST, r"could not translate host name|failed to resolve host|\(2005,"),
    (kinds.NO_SOCKET, r"on socket \"[^\"]*\" failed: No such file|\(2002,"),
    (kinds.REFUSED, r"connection to server|Connection refused|could not connect to server|timeout expired|\(2003,|\(2006,"),
)
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _SAYS)
FULL = re.compile(r"database or disk is full|No space left on device|Errno 28\b")


def kind_of(exception: str, message: str) -> Kind | None:
    """The kind of an exception by its class and text; None where it is not about a database, or about a full disk."""
    if exception.rpartition(".")[2] not in _CLASSES or FULL.search(message):
        return None
    return next((kind for kind, pattern in _COMPILED if pattern.search(message)), None)
