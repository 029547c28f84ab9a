"""The database: as it is now, asked in the application's own Python, and as pages stumbled over it."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.django.faults import database_kinds as kinds
from portico.hops.wsgi.examination import Database
from portico.hops.wsgi.faults.requests import Handled
from portico.model.evidence import Evidence
from portico.model.finding import Basis, Certainty, Finding, Kind
from portico.seams.faults.app_seen import answers_well, as_the_account, asked_exchange, examined, python_of, start_failure
from portico.seams.faults.raised import Raised, of_event, raised
from portico.seams.faults.said_of_database import kind_of

_BY_STATE: dict[str, Kind] = {
    "refused": kinds.REFUSED,
    "timeout": kinds.REFUSED,
    "socket-missing": kinds.NO_SOCKET,
    "unknown-host": kinds.UNKNOWN_HOST,
    "auth": kinds.AUTH,
    "no-such-database": kinds.NO_DATABASE,
    "too-many-connections": kinds.TOO_MANY,
    "file-missing": kinds.UNAPPLIED,
    "folder-missing": kinds.NO_FILE,
    "not-readable": kinds.NO_FILE,
    "not-writable-file": kinds.READ_ONLY,
    "not-writable-folder": kinds.READ_ONLY,
    "locked": kinds.LOCKED,
    "other": kinds.UNUSABLE,
}
#: Troubles that come and go: what the log says of them lately counts although the database is well at this moment.
_PASSING = (kinds.LOCKED, kinds.TOO_MANY)
#: The account matters for these.
_RIGHTS = ("not-readable", "not-writable-file", "not-writable-folder", "folder-missing")


def databases(evidence: Evidence) -> Iterator[Finding]:
    """Each alias once: what is wrong now, else what pages said lately."""
    said = examined(evidence).database
    told_of = (*raised(evidence), *_at_start(evidence))
    stumbled = [(kind, one) for one in told_of if (kind := kind_of(one.exception, one.message))]
    told: set[str] = set()
    for alias in said.aliases:
        for finding in _of_alias(evidence, alias, stumbled):
            told.add(finding.id)
            yield finding
    for kind, one in stumbled:
        if kind.id not in told and _still_counts(evidence, kind, one):
            told.add(kind.id)
            yield _of_page(evidence, kind, one)


def _at_start(evidence: Evidence) -> list[Raised]:
    """A query while the application was imported, which then could not be loaded."""
    failure = start_failure(evidence.instance) if evidence.instance else None
    reason = failure.reason if failure else None
    return [of_event(Handled(), reason, "log")] if reason and reason.data.get("exception") else []


def _still_counts(evidence: Evidence, kind: Kind, one: Raised) -> bool:
    """What a page said does not count where the database has been seen to be well since."""
    if one.basis == "request" or kind in _PASSING:
        return True
    aliases = examined(evidence).database.aliases
    well = aliases and all(alias.ok for alias in aliases)
    return not (well and (kind is not kinds.UNAPPLIED or all(alias.unapplied == () for alias in aliases)))


def _of_alias(evidence: Evidence, alias: Database, stumbled: list[tuple[Kind, Raised]]) -> Iterator[Finding]:
    if alias.ok is False and alias.kind != "driver-missing":
        kind = _BY_STATE.get(alias.kind, kinds.UNUSABLE)
        missed = any(other is kind for other, _ in stumbled)
        unused = alias.sqlite is not None and not alias.sqlite.exists
        if missed or not (answers_well(evidence) or _has_another_reason(evidence)):
            yield _of_state(evidence, alias, kind, stumbled)
        elif unused:
            # Many a small site has the settings of a database and no use for one.
            yield _of_state(evidence, alias, kinds.UNAPPLIED_YET, stumbled)
        elif kind is not kinds.LOCKED:
            # A lock that nobody has stumbled over is a write that goes on just now.
            yield _of_state(evidence, alias, kind, stumbled)
        return
    if alias.unapplied:
        yield _unapplied(evidence, alias, stumbled)
    if finding := _may_run_out(evidence, alias):
        yield finding


def _has_another_reason(evidence: Evidence) -> bool:
    """The page that was just asked for raised something that no database has to do with."""
    said = [one for one in raised(evidence) if one.basis == "request"]
    return bool(said) and not any(kind_of(one.exception, one.message) for one in said)


def _rows_of(kind: Kind, stumbled: list[tuple[Kind, Raised]]) -> tuple[list[str], Basis]:
    """What pages said of the same, and whether it was the page just asked for."""
    same = [one for other, one in stumbled if other is kind]
    basis: Basis = "request" if any(one.basis == "request" for one in same) else "state"
    return [one.says + (f" ({one.where})" if one.where else "") for one in same[:1]], basis


def _of_state(evidence: Evidence, alias: Database, kind: Kind, stumbled: list[tuple[Kind, Raised]]) -> Finding:
    rows, basis = _rows_of(kind, stumbled)
    rights = alias.kind in _RIGHTS and not as_the_account(evidence)
    certainty: Certainty = "likely" if rights else "certain"
    cause, fix = _words(evidence, alias)
    return kind.found(
        cause=cause,
        evidence=[*rows, *([alias.message.partition("\n")[0]] if alias.message else []), *_described(evidence, alias)],
        fix=fix,
        certainty=certainty,
        basis=basis,
    )


def _described(evidence: Evidence, alias: Database) -> list[str]:
    place = f"{alias.host or 'a unix socket'}{':' + alias.port if alias.port else ''}"
    name = f"DATABASES[{alias.alias!r}]: {alias.engine}"
    if alias.sqlite:
        rows = [f"{name}, {alias.sqlite.path}"]
        if alias.sqlite.name_relative:
            rows.append("NAME is relative: which file it is depends on the folder that uWSGI works in (chdir)")
        return rows
    return [f"{name}, {alias.name} at {place}"]


def _words(evidence: Evidence, alias: Database) -> tuple[str, list[str]]:
    where = f"{alias.host}:{alias.port}" if alias.port and alias.host else alias.host or "the unix socket"
    account = evidence.project.account if evidence.project else "uWSGI's account"
    if alias.sqlite:
        return _sqlite_words(evidence, alias, account)
    words: dict[str, tuple[str, list[str]]] = {
        "refused": (f"nobody listens at {where}, where the database should be", _start(alias)),
        "timeout": (f"the database at {where} does not answer in time", _start(alias)),
        "socket-missing": (
            f"the database is looked for at a unix socket ({alias.host or 'HOST is empty'}), which is not there",
            [*_start(alias)[:1], '"HOST": "127.0.0.1"   # if the server is to be reached by TCP'],
        ),
        "unknown-host": (f"{alias.host!r} has no address here", [f"getent hosts {alias.host}", "correct HOST in DATABASES"]),
        "auth": (
            f"the server at {where} refuses user {alias.user!r}",
            ["correct USER and PASSWORD where uWSGI's environment is made, or the server's pg_hba.conf"],
        ),
        "no-such-database": (
            f"the server at {where} has no database {alias.name!r}",
            [f"createdb {alias.name}", _migrate(evidence)],
        ),
        "too-many-connections": (f"the server at {where} has no connection left", _fewer(evidence, alias)),
    }
    return words.get(
        alias.kind,
        (f"the database {alias.alias!r} cannot be used: {alias.message}", [f"{python_of(evidence)} manage.py dbshell"]),
    )


def _start(alias: Database) -> list[str]:
    unit = {"postgresql": "postgresql", "mysql": "mysql"}.get(alias.vendor, "the database")
    return [f"sudo systemctl start {unit}   # if it runs on this machine", "else correct HOST and PORT in DATABASES"]


def _sqlite_words(evidence: Evidence, alias: Database, account: str) -> tuple[str, list[str]]:
    path = alias.sqlite.path if alias.sqlite else ""
    folder = path.rpartition("/")[0]
    own = f"sudo install -d -o {account} /var/lib/site   # and NAME = '/var/lib/site/db.sqlite3' in DATABASES"
    if alias.kind == "not-writable-folder":
        if alias.sqlite and not alias.sqlite.exists:
            return f"{path} does not exist, and {account} may not make it", [own, _migrate(evidence)]
        return f"{account} may not make files in {folder}, where SQLite has to put its journal", [
            own,
            f"or sudo chown {account} {folder} {path}",
        ]
    if alias.kind == "not-writable-file":
        return f"{account} may not write to {path}", [f"sudo chown {account} {path}", own]
    if alias.kind == "file-missing":
        return f"{path} does not exist: SQLite makes an empty one, without tables", [
            "correct NAME in DATABASES if the database is elsewhere",
            _migrate(evidence),
        ]
    if alias.kind == "locked":
        return _locked_words(alias)
    if alias.kind in ("folder-missing", "not-readable"):
        return f"{account} cannot open {path}", [f"sudo install -d -o {account} {folder}", "or correct NAME in DATABASES"]
    return f"the database {path} cannot be used: {alias.message}", ["sqlite3 " + path + " 'PRAGMA integrity_check'"]


def _locked_words(alias: Database) -> tuple[str, list[str]]:
    pid = alias.sqlite.lock_pid if alias.sqlite else 0
    holder = f"process {pid} holds its lock for writing" if pid else "somebody holds its lock for writing"
    wait = f"{alias.sqlite.wait_s:g}" if alias.sqlite else "5"
    return f"{alias.sqlite.path if alias.sqlite else alias.name}: {holder}, and pages wait at most {wait} s", [
        *([f"ps -p {pid} -o pid,user,args   # who is it? a manage.py shell with an open transaction?"] if pid else []),
        *_more_writers(),
    ]


def _more_writers() -> list[str]:
    return [
        '"OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"}   '
        "# in DATABASES (Django 5.1)",
        "for many writers: PostgreSQL",
    ]


def _migrate(evidence: Evidence) -> str:
    return f"{python_of(evidence)} manage.py migrate   # back the database up first; in the environment of uWSGI"


def _unapplied(evidence: Evidence, alias: Database, stumbled: list[tuple[Kind, Raised]]) -> Finding:
    rows, basis = _rows_of(kinds.UNAPPLIED, stumbled)
    # The application whose table a page missed comes first.
    names = sorted(alias.unapplied or (), key=lambda name: f"{name.partition('.')[0]}_" not in " ".join(rows))
    shown = f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
    guessed = not rows and _failed_silently(evidence)
    kind = kinds.UNAPPLIED if rows or guessed else kinds.UNAPPLIED_YET
    return kind.found(
        cause=f"{len(names)} migrations are not applied to the database {alias.alias!r}: {shown}"
        if len(names) != 1
        else f"a migration is not applied to the database {alias.alias!r}: {shown}",
        evidence=[*rows, *_described(evidence, alias)],
        fix=[_migrate(evidence)],
        certainty="likely" if guessed else "certain",
        basis=basis,
    )


def _failed_silently(evidence: Evidence) -> bool:
    """The page failed inside the application, and nothing says what it stumbled over."""
    asked = asked_exchange(evidence)
    return asked is not None and asked.status == 500 and asked.maker in ("django", "application") and not raised(evidence)


def _of_page(evidence: Evidence, kind: Kind, one: Raised) -> Finding:
    """What a page said, where the examination could not ask the database, or found it well again."""
    passing = kind in _PASSING and one.basis != "request"
    place = f" at {one.where}" if one.where else ""
    page = one.path.partition("?")[0] or "the application"
    fixes = {
        kinds.LOCKED.id: _more_writers(),
        kinds.TOO_MANY.id: _fewer(evidence, None),
        kinds.UNAPPLIED.id: [_migrate(evidence)],
    }
    rows = [*one.rows, *(row for alias in examined(evidence).database.aliases for row in _described(evidence, alias))]
    if passing:
        rows.append("at this moment the database is well: it comes and goes")
    return kind.found(
        cause=f"{page} failed with {one.says}{place}",
        evidence=rows,
        fix=fixes.get(kind.id, [kind.cure]),
        basis=one.basis,
    )


def _threads(evidence: Evidence) -> tuple[int, int]:
    """Workers and threads of all instances of the site."""
    counts = [
        (max(len(seen.workers), seen.number("processes", "workers", default=1)), seen.number("threads", default=1))
        for seen in evidence.uwsgi
        if seen.master
    ]
    return sum(count for count, _ in counts), max((threads for _, threads in counts), default=1)


def _fewer(evidence: Evidence, alias: Database | None) -> list[str]:
    workers, threads = _threads(evidence)
    limit = f" and the server takes {alias.max_connections}" if alias and alias.max_connections else ""
    return [
        f"uWSGI has {workers} workers with {threads} threads{limit}: fewer of them, or CONN_MAX_AGE = 0 in DATABASES",
        "or a pooler in between (PgBouncer); or a higher max_connections of the server",
    ]


def _may_run_out(evidence: Evidence, alias: Database) -> Finding | None:
    workers, threads = _threads(evidence)
    persistent = alias.conn_max_age_s is None or alias.conn_max_age_s > 0
    if not alias.max_connections or not persistent or workers * threads <= alias.max_connections:
        return None
    return kinds.MAY_RUN_OUT.found(
        cause=f"{workers} workers with {threads} threads may keep {workers * threads} connections, the server takes "
        f"{alias.max_connections}",
        evidence=[
            f"CONN_MAX_AGE = {alias.conn_max_age_s}",
            f"max_connections = {alias.max_connections}",
            *_described(evidence, alias),
        ],
        fix=_fewer(evidence, alias),
        basis="state",
    )


RULES = (databases,)
