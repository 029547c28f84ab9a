"""Databases as the application's account has them: what keeps it from them, and what they lack. Nothing is written."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from portico.hops.wsgi.examination import Database, Examination
from support.examined import Stranger, contents, examine, mode, stranger
from support.inside_projects import clean_environ, django_project, write

PARTS = ["database"]
NAME = "from pathlib import Path\nDATABASES['default']['NAME'] = {name!r}\n"


def default(found: Examination) -> Database:
    database = found.database.get()
    assert database is not None, found
    return database


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Migrated, with a database."""
    folder = django_project(tmp_path / "site")
    migrate(folder)
    return folder


def migrate(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-B", "manage.py", "migrate", "-v", "0", *arguments]
    subprocess.run(command, cwd=folder, env=clean_environ(), check=True)


def test_a_database_that_is_well(project: Path) -> None:
    before = contents(project)
    found = examine(project, parts=PARTS)
    database = default(found)
    assert (found.database.ok, database.ok, database.kind, database.connected) == (True, True, "", True)
    assert (database.vendor, database.unapplied) == ("sqlite", ())
    assert database.sqlite is not None
    assert (database.sqlite.path, database.sqlite.locked) == (str(project / "db.sqlite3"), False)
    assert (database.sqlite.file_writable, database.sqlite.folder_writable, database.sqlite.journal_mode) == (
        True,
        True,
        "delete",
    )
    assert contents(project) == before


def test_unapplied_migrations(project: Path) -> None:
    migrate(project, "contenttypes", "0001")
    found = examine(project, parts=PARTS)
    assert default(found).unapplied == ("contenttypes.0002_remove_content_type_name",)
    assert (found.database.ok, default(found).ok) == (False, True)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    folder = django_project(tmp_path / "site")
    before = contents(folder)
    found = default(examine(folder, parts=PARTS))
    assert (found.ok, found.kind) == (False, "file-missing")
    assert found.unapplied == ("contenttypes.0001_initial", "contenttypes.0002_remove_content_type_name")
    assert contents(folder) == before


def test_a_relative_name_depends_on_the_folder(tmp_path: Path) -> None:
    found = default(examine(django_project(tmp_path / "site", NAME.format(name="db.sqlite3")), parts=PARTS))
    assert found.sqlite is not None
    assert (found.sqlite.name_relative, found.sqlite.path) == (True, str(tmp_path / "site" / "db.sqlite3"))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    found = default(examine(django_project(tmp_path / "site", NAME.format(name="/nonexistent/db.sqlite3")), parts=PARTS))
    assert (found.ok, found.kind, found.connected) == (False, "folder-missing", False)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    folder = write(django_project(tmp_path / "site"), {"db.sqlite3": "no database at all, only text " * 50})
    found = default(examine(folder, parts=PARTS))
    assert (found.ok, found.kind, found.message) == (False, "other", "file is not a database")


@pytest.fixture
def other() -> Iterator[tuple[Stranger, Path]]:
    with stranger() as (account, folder):
        site = django_project(folder / "site", "DATABASES['default']['NAME'] = BASE_DIR / 'data' / 'db.sqlite3'\n")
        (site / "data").mkdir()
        migrate(site)
        yield account, site


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "kind", "connected"),
    [
        (0o777, 0o666, "", True),
        (0o555, 0o666, "not-writable-folder", True),
        (0o777, 0o444, "not-writable-file", True),
        (0o777, 0o000, "not-readable", False),
        (0o000, 0o666, "folder-missing", False),
    ],
)
def test_sqlite_dir_not_writable(
    other: tuple[Stranger, Path], folder_mode: int, file_mode: int, kind: str, connected: bool
) -> None:
    account, site = other
    (site / "data" / "db.sqlite3").chmod(file_mode)
    with mode(site / "data", folder_mode):
        found = default(account.examine(site, parts=PARTS))
    expected = "not-writable-folder" if kind == "folder-missing" else kind
    assert (found.kind, found.ok, found.connected) == (expected, not kind, connected)


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_sqlite_locked(project: Path, begin: str) -> None:
    with closing(sqlite3.connect(project / "db.sqlite3", isolation_level=None)) as holder:
        holder.execute(begin)
        found = default(examine(project, parts=PARTS))
        holder.execute("ROLLBACK")
    assert (found.ok, found.kind) == (False, "locked")
    assert found.sqlite is not None
    assert (found.sqlite.locked, found.sqlite.lock_pid) == (True, _ourselves())
    assert default(examine(project, parts=PARTS)).ok is True


def _ourselves() -> int:
    """Our process id where the kernel shows its locks, else 0."""
    import os

    return os.getpid() if Path("/proc/locks").exists() else 0


def test_a_write_ahead_log_gets_no_files_beside_it(project: Path) -> None:
    with closing(sqlite3.connect(project / "db.sqlite3", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    before = contents(project)
    found = default(examine(project, parts=PARTS))
    assert (found.ok, found.unapplied) == (True, ())
    assert found.sqlite is not None
    assert (found.sqlite.journal_mode, found.sqlite.locked) == ("wal", False)
    assert contents(project) == before


def test_a_write_ahead_log_in_use(project: Path) -> None:
    with closing(sqlite3.connect(project / "db.sqlite3", isolation_level=None)) as holder:
        holder.execute("PRAGMA journal_mode = WAL")
        holder.execute("CREATE TABLE kept (name text)")
        calm = default(examine(project, parts=PARTS))
        holder.execute("BEGIN IMMEDIATE")
        busy = default(examine(project, parts=PARTS))
        holder.execute("ROLLBACK")
    assert (calm.ok, calm.unapplied) == (True, ())
    if _ourselves():
        assert (busy.ok, busy.kind) == (False, "locked")
        assert busy.sqlite is not None
        assert busy.sqlite.lock_pid == _ourselves()


BACKEND = """\
from django.db.backends.sqlite3.base import *
from django.db.utils import OperationalError
import os, threading
class DatabaseWrapper(DatabaseWrapper):
    vendor = "postgresql"
    def get_connection_params(self):
        return {}
    def get_new_connection(self, params):
        if os.environ["SAYS"] == "nothing":
            threading.Event().wait()
        raise OperationalError(os.environ["SAYS"])
"""
SERVER = (
    "DATABASES = {{'default': {{'ENGINE': 'mysite.backend', 'NAME': 'shop', 'USER': 'shop', "
    "'PASSWORD': 'very-secret-password', 'HOST': {host!r}, 'PORT': {port!r}}}}}\n"
)


def server(tmp_path: Path, says: str, host: str = "127.0.0.1", port: str = "1", **request: object) -> Examination:
    """What is told of a server whose client library raises that text."""
    folder = django_project(tmp_path / "site", SERVER.format(host=host, port=port))
    write(folder, {"mysite/backend/base.py": BACKEND, "mysite/backend/__init__.py": ""})
    return examine(folder, {"SAYS": says}, parts=PARTS, **request)


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ('connection to server at "127.0.0.1", port 1 failed: Connection refused\n\tIs the server running?', "refused"),
        ('connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory', "socket-missing"),
        ('could not translate host name "db.invalid" to address: Name or service not known', "unknown-host"),
        ('connection to server at "db" failed: FATAL:  password authentication failed for user "shop"', "auth"),
        ('connection to server at "db" failed: FATAL:  database "shop" does not exist', "no-such-database"),
        ('connection to server at "db" failed: FATAL:  sorry, too many clients already', "too-many-connections"),
        ('connection to server at "10.0.0.1", port 5432 failed: timeout expired', "timeout"),
        ("(2003, \"Can't connect to MySQL server on '127.0.0.1:1' (111)\")", "refused"),
        ("(1045, \"Access denied for user 'x'@'localhost'\")", "auth"),
    ],
)
def test_what_servers_say(tmp_path: Path, says: str, kind: str) -> None:
    found = server(tmp_path, says)
    database = default(found)
    assert (found.database.ok, database.ok, database.kind, database.connected) == (False, False, kind, False)
    assert (database.host, database.port, database.user, database.name) == ("127.0.0.1", "1", "shop", "shop")
    assert database.unapplied is None
    assert database.message == says


def test_a_refusal_in_another_language(tmp_path: Path) -> None:
    """The error number tells, where no text is known."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        port = str(held.getsockname()[1])
        assert default(server(tmp_path, "Verbindungsaufbau abgelehnt", port=port)).kind == "refused"
        held.listen()
        assert default(server(tmp_path, "Verbindungsaufbau abgelehnt", port=port)).kind == "other"
    missing = str(tmp_path)
    assert default(server(tmp_path, "Datei nicht gefunden", host=missing, port="5432")).kind == "socket-missing"


def test_a_server_that_says_nothing(tmp_path: Path) -> None:
    found = default(server(tmp_path, "nothing", timeout_s=4))
    assert (found.ok, found.kind) == (False, "timeout")
    assert "no answer within" in found.message
    assert "mysite/backend/base.py" not in found.reason


def test_db_driver_missing(tmp_path: Path) -> None:
    settings = "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'x'}}\n"
    settings += "INSTALLED_APPS += ['django.contrib.auth']\n"
    folder = django_project(tmp_path / "site", settings)
    found = examine(folder)
    assert (default(found).ok, default(found).kind) == (False, "driver-missing")
    assert "Did you install mysqlclient?" in default(found).message
    assert found.load.ok is False
    assert (found.load.kind, found.load.failure.missing_module) == ("missing-dependency", "MySQLdb")


def test_a_project_without_a_database(tmp_path: Path) -> None:
    found = examine(django_project(tmp_path / "site", "DATABASES = {}\n"), parts=PARTS)
    assert found.database.ok is True
    assert (default(found).ok, default(found).reason) == (None, "no database is configured")


def test_postgresql_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("psycopg2")
    settings = (
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'x', 'HOST': '127.0.0.1', 'PORT': 1}}\n"
    )
    assert default(examine(django_project(tmp_path / "site", settings), parts=PARTS)).kind == "refused"
