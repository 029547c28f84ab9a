"""A SQLite database as this account has it: its file, its folder, and who holds its lock.

Standard library only, Python 3.8 and later; loaded by `examine_database`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import Any
from urllib.parse import quote

_WAIT_S = 0.3
#: Where SQLite keeps its locks: https://www.sqlite.org/fileformat2.html#the_lock_byte_page and, of the file `-shm`,
#: https://www.sqlite.org/walformat.html#locks
_LOCK_BYTES, _WAL_WRITER = 1 << 30, 120


def before(connection: Any, known: dict[str, Any]) -> None:
    """Looks at files only; leaves the verdict in `kind` that holds whether or not the file can be read."""
    settings = connection.settings_dict
    name = str(settings.get("NAME") or "")
    options = settings.get("OPTIONS") or {}
    # Our own question need not wait as long as the application does.
    connection.settings_dict = {**settings, "OPTIONS": {**options, "timeout": _WAIT_S}}
    if not name or ":memory:" in name or name.startswith("file:"):
        return
    path = os.path.abspath(name)
    folder = os.path.dirname(path)
    about = known["sqlite"] = {
        "path": path,
        "name_relative": not os.path.isabs(name),
        "exists": os.path.exists(path),
        "file_readable": os.access(path, os.R_OK),
        "file_writable": os.access(path, os.W_OK),
        "folder_exists": os.path.isdir(folder),
        "folder_writable": os.access(folder, os.W_OK | os.X_OK),
        "wait_s": float(options.get("timeout", 5.0)),
        "locked": None,
        "lock_pid": 0,
    }
    known["kind"], known["message"] = _verdict(about)


def _verdict(about: dict[str, Any]) -> tuple[str, str]:
    path, folder = about["path"], os.path.dirname(about["path"])
    if not about["exists"]:
        if not about["folder_exists"]:
            return "folder-missing", f"there is no folder {folder} that this account can enter"
        if not about["folder_writable"]:
            return "not-writable-folder", f"{path} does not exist, and this account may not make it in {folder}"
        return "file-missing", f"{path} does not exist; SQLite makes it, empty"
    if not about["file_readable"]:
        return "not-readable", f"this account may not read {path}"
    if not about["file_writable"]:
        return "not-writable-file", f"this account may not write to {path}"
    if not about["folder_writable"]:
        return "not-writable-folder", f"this account may not make files in {folder}, which SQLite's journal needs"
    return "", ""


def after(job: Any, connection: Any, known: dict[str, Any]) -> None:
    """The lock, and the journal's mode; `ok` becomes false where files are in the way of writing."""
    about = known.get("sqlite")
    if about is None:
        return
    if known["connected"] and about["exists"]:
        with contextlib.suppress(Exception), connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            # A file that is read as one that never changes shows another mode than it has.
            about["journal_mode"] = "wal" if job.harmless.keeps_log(about["path"]) else str(cursor.fetchone()[0])
    about["lock_pid"] = _holder(about["path"])
    if about["exists"] and about["file_writable"]:
        about["locked"] = _locked(about)
    if known["kind"]:
        known["ok"] = False
    elif about["locked"]:
        known.update(ok=False, kind="locked", message="database is locked")


def _locked(about: dict[str, Any]) -> bool | None:
    """Whether a writer holds the lock. Nothing is written: a transaction that has only begun leaves no trace. With a
    write-ahead log, opening the file for writing might leave one, so that only the kernel's table is asked."""
    if about.get("journal_mode") == "wal":
        return bool(about["lock_pid"]) if os.path.exists("/proc/locks") else None
    uri = f"file:{quote(about['path'])}?mode=rw"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            return True if "locked" in str(error) else None
        except sqlite3.DatabaseError:
            return None
    return False


def _holder(path: str) -> int:
    """The process that holds a writer's lock, by the kernel's table (proc_locks(5)); 0 if none or not to be seen."""
    wanted: dict[str, int] = {}
    for name, first in ((path, _LOCK_BYTES), (f"{path}-shm", _WAL_WRITER)):
        with contextlib.suppress(OSError):
            wanted[str(os.stat(name).st_ino)] = first
    with contextlib.suppress(OSError), open("/proc/locks", encoding="ascii", errors="replace") as file:
        for line in file:
            fields = line.split()
            if len(fields) < 8 or fields[1] != "POSIX" or fields[3] != "WRITE" or not fields[4].isdigit():
                continue
            first = wanted.get(fields[5].rpartition(":")[2], -1)
            if first >= 0 and fields[6].isdigit() and _covers(first, int(fields[6]), fields[7]):
                return int(fields[4])
    return 0


def _covers(first: int, start: int, end: str) -> bool:
    """In the database's file any lock for writing at the lock page tells; in `-shm` it is one byte."""
    if first == _LOCK_BYTES:
        return start >= _LOCK_BYTES
    return start <= first and (end == "EOF" or int(end) >= first)
