"""The database is not there, not ready, or not to be written to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import LOGGING, ROOT, Kit
from catalogue.test_wsgi import as_www_data, other_python
from portico.system.sockets import free_port
from support.stack import clean_environ, until

__all__ = ["other_python"]

Names = Callable[..., dict[str, Any]]
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").is_dir() else []


def start(kit: Kit, *arguments: str, extra: str = "", **environ: str) -> None:
    where = ("--socket", kit.socket, "--chmod-socket=666")
    settings = f"{LOGGING}\n{extra}" if extra != "silent" else ""
    kit.uwsgi("--master", "--module=mysite.wsgi", *arguments, *where, environ={"SETTINGS_EXTRA": settings, **environ})
    kit.nginx(kit.site)


def ids(envelope: dict[str, Any], severity: str = "") -> list[str]:
    return [one["id"] for one in envelope["findings"] if not severity or one["severity"] == severity]


def without_tables(kit: Kit) -> str:
    path = kit.folder / "empty.sqlite3"
    sqlite3.connect(path).close()
    path.touch()
    return str(path)


@pytest.mark.parametrize("extra", ["", "silent"], ids=["logged", "silent"])
def test_unapplied_migrations(kit: Kit, names: Names, extra: str) -> None:
    start(kit, extra=extra, DBFILE=without_tables(kit))
    assert (kit.get("/").status, kit.get("/items/").status) == (200, 500)
    found = names(kit.doctor("/items/"), "unapplied-migrations", "django.E120")
    assert "shop.0001_initial" in found["cause"]


def test_unapplied_migrations_behind_a_page_that_is_well(kit: Kit) -> None:
    start(kit, DBFILE=without_tables(kit))
    envelope = kit.doctor("/")
    assert ids(envelope, "error") == []
    assert "django.W121" in ids(envelope, "warning")


def test_a_site_that_needs_no_database(kit: Kit) -> None:
    start(kit, DBFILE=str(kit.folder / "nowhere" / "db.sqlite3"))
    assert ids(kit.doctor("/"), "error") == []


def test_a_lock_that_nobody_stumbles_over(kit: Kit, locked: sqlite3.Connection) -> None:
    start(kit)
    assert not [one for one in ids(kit.doctor("/")) if one.startswith("django.")]


def test_no_database_file(kit: Kit, names: Names) -> None:
    start(kit, DBFILE=str(kit.folder / "nowhere" / "db.sqlite3"))
    names(kit.doctor("/items/"), "sqlite-folder-missing", "django.E123")


@pytest.mark.skipif(not ROOT, reason="another account is needed")
@pytest.mark.parametrize("page", ["/write/", "/"])
def test_sqlite_dir_not_writable(kit: Kit, names: Names, other_python: tuple[str, dict[str, str]], page: str) -> None:
    (kit.project / "db.sqlite3").chmod(0o666)
    (kit.project / "media").mkdir()
    (kit.project / "media").chmod(0o777)
    as_www_data(kit, (other_python[0], {**other_python[1], "SETTINGS_EXTRA": LOGGING}), "--module=mysite.wsgi")
    assert (kit.get("/items/").status, kit.get("/write/").status) == (200, 500)
    found = names(kit.doctor(page), "sqlite-dir-not-writable", "django.E122")
    assert str(kit.project) in found["cause"]


@pytest.fixture
def locked(kit: Kit) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(kit.project / "db.sqlite3", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    yield database
    database.close()


@pytest.mark.parametrize("page", ["/write/", "/items/"])
def test_sqlite_locked(kit: Kit, names: Names, locked: sqlite3.Connection, page: str) -> None:
    start(kit, DBTIMEOUT="0.2")
    assert kit.get(page).status == 500
    found = names(kit.doctor(page), "sqlite-locked", "django.E124")
    assert "0.2 s" in found["cause"]


def test_sqlite_was_locked(kit: Kit, names: Names, locked: sqlite3.Connection) -> None:
    start(kit, DBTIMEOUT="0.2")
    assert kit.get("/write/").status == 500
    locked.execute("ROLLBACK")
    names(kit.doctor("/"), "sqlite-locked", "django.E124")


def server(host: str, port: int, user: str = "site", name: str = "site", age: int = 0) -> str:
    return (
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', "
        f"'NAME': {name!r}, 'USER': {user!r}, 'PASSWORD': 'not-to-be-seen', 'HOST': {host!r}, 'PORT': '{port}', "
        f"'CONN_MAX_AGE': {age}}}}}"
    )


@pytest.mark.parametrize(
    ("host", "wanted", "word"),
    [
        ("127.0.0.1", "django.E125", "127.0.0.1"),
        ("db.invalid", "django.E126", "db.invalid"),
        ("/nowhere", "django.E127", "/nowhere"),
    ],
)
@pytest.mark.parametrize("silent", [False, True], ids=["logged", "silent"])
def test_database_down(kit: Kit, names: Names, host: str, wanted: str, word: str, silent: bool) -> None:
    pytest.importorskip("psycopg2")
    extra = server(host, free_port())
    if silent:
        start(kit, extra="silent", SETTINGS_EXTRA=extra)
    else:
        start(kit, extra=extra)
    assert kit.get("/").status == 200
    envelope = kit.doctor("/items/")
    found = names(envelope, "database-down", wanted)
    assert word in found["cause"]
    assert "not-to-be-seen" not in str(envelope)


def test_a_query_at_import(kit: Kit, names: Names) -> None:
    pytest.importorskip("psycopg2")
    code = (
        "import django.db\nclass ShopConfig(__import__('django').apps.AppConfig):\n    name = 'shop'\n    def ready(self):\n"
    )
    kit.write("project/shop/apps.py", f"{code}        django.db.connection.cursor()\n")
    start(kit, "--need-app", extra=server("127.0.0.1", free_port()))
    names(kit.doctor("/"), "database-down", "django.E125")


def test_driver_missing(kit: Kit, names: Names) -> None:
    start(kit, "--need-app", extra="DATABASES={'default':{'ENGINE':'django.db.backends.mysql','NAME':'x'}}")
    found = names(kit.doctor(), "db-driver-missing", "django.E104")
    assert any("mysqlclient" in line for line in found["fix"])


@pytest.fixture
def postgres(kit: Kit) -> Iterator[int]:
    """A server of its own on 127.0.0.1 that takes few connections; its port."""
    pytest.importorskip("psycopg2")
    if not SERVERS or not ROOT:
        pytest.skip("no PostgreSQL server is installed here, or it may not be started")
    folder, port = kit.folder / "pg", free_port()
    folder.mkdir()
    subprocess.run(["chown", "www-data", str(folder)], check=True)
    common: dict[str, Any] = {"user": "www-data", "cwd": folder, "env": clean_environ()}
    make = [str(SERVERS[-1] / "initdb"), "-D", f"{folder}/d", "-U", "site", "-A", "trust", "-N"]
    subprocess.run(make, check=True, capture_output=True, timeout=120, **common)
    options = ("-F", "-c", "max_connections=6", "-c", "superuser_reserved_connections=1", "-c", "max_wal_senders=0")
    command = [
        str(SERVERS[-1] / "postgres"),
        "-D",
        f"{folder}/d",
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        "-k",
        str(folder),
        *options,
    ]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **common)
    kit.processes.append(process)
    until(lambda: b"ready to accept connections" in (folder / "log").read_bytes(), 60, "PostgreSQL is ready")
    yield port
    log.close()


def test_postgres_scenarios(kit: Kit, names: Names, postgres: int) -> None:
    """One server for three failures: its start takes longer than the rest."""
    extra = server("127.0.0.1", postgres, name="postgres", age=60)
    start(kit, "--processes=2", "--threads=8", extra=extra)
    found = names(kit.doctor("/items/"), "unapplied-migrations", "django.E120")
    assert "shop.0001_initial" in found["cause"]
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    environ = {**clean_environ(), "SETTINGS_EXTRA": extra}
    subprocess.run(command, cwd=kit.project, env=environ, check=True, timeout=120)
    assert kit.get("/items/").status == 200
    envelope = kit.doctor("/items/")
    assert ids(envelope, "error") == []
    assert "django.W131" in ids(envelope, "warning")

    def many() -> bool:
        clients = [threading.Thread(target=kit.get, args=("/items/",)) for _ in range(16)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return "too many clients" in kit.log.read_text()

    until(many, 60, "the server has no connection left")
    names(kit.doctor("/"), "too-many-db-connections", "django.E130")


def test_postgres_refuses(kit: Kit, names: Names, postgres: int) -> None:
    start(kit, extra=server("127.0.0.1", postgres, user="nobody-known", name="postgres"))
    names(kit.doctor("/items/"), "database-auth", "django.E128")


def test_postgres_has_no_such_database(kit: Kit, names: Names, postgres: int) -> None:
    start(kit, extra=server("127.0.0.1", postgres, name="nowhere"))
    names(kit.doctor("/items/"), "database-missing", "django.E129")
