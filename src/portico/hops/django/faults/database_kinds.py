"""Kinds: the database is not there, not ready, or not to be written to."""

from __future__ import annotations

from portico.model.finding import Kind

_DATABASES = "https://docs.djangoproject.com/en/stable/ref/databases/"
_SQLITE = f"{_DATABASES}#sqlite-notes"
_SOME = "Pages that use the database are 500, others are well."
#: Exceptions of pages that follow from the database, that nobody logs them, and a start that asks the database.
_FOLLOWS = ("django.E110", "django.W111", "django.E112", "wsgi.E125", "wsgi.E109", "django.E103", "django.E102")

UNAPPLIED = Kind(
    "django.E120",
    "django",
    "Migrations have not been applied, and pages fail for it",
    "The code expects tables or columns that the database does not have.",
    source="https://docs.djangoproject.com/en/stable/topics/migrations/",
    shows='Some pages are 500, others 200: `no such table: shop_item` (SQLite) or `relation "shop_item" does not exist` '
    "(PostgreSQL).",
    example="OperationalError: no such table: shop_item",
    cure="Back the database up, then `python manage.py migrate` in the environment of uWSGI. A relative NAME of SQLite with "
    "another working directory is another, empty database.",
    leads_to=_FOLLOWS,
)
UNAPPLIED_YET = Kind(
    "django.W121",
    "django",
    "There are migrations that have not been applied",
    "Pages that use what they bring will fail.",
    source="https://docs.djangoproject.com/en/stable/ref/django-admin/#cmdoption-migrate-check",
    shows="Nothing yet; `python manage.py migrate --check` has exit status 1.",
    example="[ ] 0007_basket",
    cure="Back the database up, then `python manage.py migrate`.",
)
READ_ONLY = Kind(
    "django.E122",
    "django",
    "uWSGI's account may not write to the SQLite database",
    "To write, SQLite makes a journal beside the file: the account must be able to write to the file and to its folder.",
    source="https://www.sqlite.org/tempfiles.html#rollback_journals",
    shows="Reading works; whatever writes (a log-in as well) is 500: `attempt to write a readonly database`.",
    example="-rw-rw-rw- db.sqlite3 in drwxr-xr-x root root /srv/site, and uid = www-data",
    cure="A folder of its own for the database, owned by the account of uWSGI: `/var/lib/site/db.sqlite3`.",
    leads_to=_FOLLOWS,
)
NO_FILE = Kind(
    "django.E123",
    "django",
    "The file of the SQLite database cannot be opened",
    "Its folder is not there, or uWSGI's account may not enter it or read the file.",
    source=_SQLITE,
    shows=f"{_SOME} `unable to open database file`.",
    example='"NAME": "/var/lib/site/db.sqlite3"        # and no /var/lib/site',
    cure="Make the folder for the account of uWSGI, or correct NAME: an absolute path.",
    leads_to=_FOLLOWS,
)
LOCKED = Kind(
    "django.E124",
    "django",
    "The SQLite database is locked by another writer",
    "SQLite has one writer at a time; who waits for longer than `timeout` gets an error.",
    source=f"{_DATABASES}#database-is-locked-errors",
    shows="Now and then 500 after exactly `timeout` (5 s): `database is locked`. It goes away by itself.",
    example="four workers that write, a manage.py shell with an open transaction",
    cure='`"OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"}` (Django '
    "5.1 and later), shorter transactions; for many writers PostgreSQL.",
    leads_to=_FOLLOWS,
)
REFUSED = Kind(
    "django.E125",
    "django",
    "The database server does not answer at its address",
    "It does not run, listens elsewhere, or something between drops the connections.",
    source="https://www.postgresql.org/docs/current/server-start.html#CLIENT-CONNECTION-PROBLEMS",
    shows=f'{_SOME} `connection to server at "127.0.0.1", port 5432 failed` with errno 111 or a timeout.',
    example="Is the server running on that host and accepting TCP/IP connections?",
    cure="Start the server, or correct HOST and PORT in DATABASES.",
    leads_to=_FOLLOWS,
)
UNKNOWN_HOST = Kind(
    "django.E126",
    "django",
    "The name of the database server has no address",
    "HOST in DATABASES is misspelt, or the resolver of this machine (or container) does not know it.",
    source="https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST",
    shows=f'{_SOME} `could not translate host name "db.invalid" to address`.',
    example='"HOST": "db"        # a name of docker compose, outside of it',
    cure="Correct HOST; `getent hosts NAME` shows whether this machine knows it.",
    leads_to=_FOLLOWS,
)
NO_SOCKET = Kind(
    "django.E127",
    "django",
    "The unix socket of the database server is not there",
    "An empty HOST, or one that is a path, means a unix socket on this machine.",
    source="https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST",
    shows=f'{_SOME} `connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed` with errno 2.',
    example='"HOST": ""          # and PostgreSQL runs in a container',
    cure='Start the server, or name its address: `"HOST": "127.0.0.1"`.',
    leads_to=_FOLLOWS,
)
AUTH = Kind(
    "django.E128",
    "django",
    "The database server refuses the user",
    "User, password, or the server's rules for this client (pg_hba.conf) do not fit.",
    source="https://www.postgresql.org/docs/current/client-authentication-problems.html",
    shows=f"{_SOME} `password authentication failed`, `no pg_hba.conf entry`, `role ... does not exist`.",
    example='FATAL:  password authentication failed for user "site"',
    cure="Correct USER and PASSWORD in the environment of uWSGI, or the server's account.",
    leads_to=_FOLLOWS,
)
NO_DATABASE = Kind(
    "django.E129",
    "django",
    "The server has no database of that name",
    "Migrations make tables, not the database itself.",
    source="https://www.postgresql.org/docs/current/manage-ag-createdb.html",
    shows=f'{_SOME} `database "site" does not exist`.',
    example='FATAL:  database "site" does not exist',
    cure="`createdb site`, then `python manage.py migrate`; or correct NAME.",
    leads_to=_FOLLOWS,
)
TOO_MANY = Kind(
    "django.E130",
    "django",
    "The database server has no connection left",
    "With persistent connections (CONN_MAX_AGE) every thread of every worker keeps one: processes times threads must "
    "be less "
    "than max_connections, for all sites together.",
    source=f"{_DATABASES}#persistent-connections",
    shows="500 now and then, under load: `FATAL:  sorry, too many clients already`.",
    example="processes = 8, threads = 16, CONN_MAX_AGE = 60        # and max_connections = 100",
    cure="Fewer threads, a smaller CONN_MAX_AGE, or a pooler such as PgBouncer; or a higher max_connections.",
    leads_to=_FOLLOWS,
)
MAY_RUN_OUT = Kind(
    "django.W131",
    "django",
    "uWSGI may open more connections than the database server takes",
    "Every thread of every worker can keep one.",
    source=f"{_DATABASES}#persistent-connections",
    shows="Nothing yet; under load `too many clients already`.",
    example="processes = 8, threads = 16, CONN_MAX_AGE = 60        # and max_connections = 100",
    cure="Fewer threads, CONN_MAX_AGE = 0, or a pooler such as PgBouncer.",
)
UNUSABLE = Kind(
    "django.E132",
    "django",
    "The database cannot be used",
    "The server, or its client library, refused for a reason that has no entry of its own.",
    source=_DATABASES,
    shows=_SOME,
    example="OperationalError: SSL connection has been closed unexpectedly",
    cure="Follow what the message says; `python manage.py dbshell` in the environment of uWSGI tries the same.",
    leads_to=_FOLLOWS,
)
