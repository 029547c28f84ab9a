"""Migrations that a database lacks (`databases` of `inside/deploy_checks.py`), judged by the hooks of the release."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from portico.model.finding import CouldNotTell, Finding, Kind

UNAPPLIED = Kind(
    "django.W022",
    "django",
    "Migrations have not been applied",
    "The site starts, and the first page that uses what they bring fails: its tables or columns are not there.",
    source="https://docs.djangoproject.com/en/stable/ref/django-admin/#migrate",
    shows="Nothing until such a page is asked for; then 500 and `no such table: auth_user` (SQLite) or `relation "
    '"auth_user" does not exist` (PostgreSQL). `manage.py migrate --check` has exit status 1.',
    example="DATABASES['default']: django.db.backends.sqlite3, /srv/shop/db.sqlite3, which does not exist\n"
    "admin 3, auth 12, contenttypes 2, sessions 1",
    cure="`manage.py migrate`, as the account of the application and in its environment; back up first what has data in it. "
    "As a hook of the release, `[release] hooks`, it is done at each `portico up` and `reload`, before the new code "
    "answers.",
)


@dataclass(frozen=True)
class Database:
    """One entry of `databases`. `place` is for people: the engine, and where the database is. `unapplied` are
    `application.name`; `fresh` says that nothing has been applied. `reason` is why it could not be told, empty where it
    could; `alias` is empty where that holds for all of them."""

    alias: str
    place: str
    fresh: bool
    unapplied: tuple[str, ...]
    reason: str

    @property
    def what(self) -> str:
        return f"migrations of the database {self.alias!r}" if self.alias else "migrations"


def parse(answer: Mapping[str, Any]) -> tuple[Database, ...]:
    """The databases of the answer; none where it has none."""
    return tuple(map(_database, answer.get("databases") or ()))


def _database(entry: Mapping[str, Any]) -> Database:
    host, name, missing = entry.get("host"), entry.get("name"), entry.get("missing")
    where = f"{missing}, which does not exist" if missing else f"{name} at {host}" if name and host else name or host
    return Database(
        alias=str(entry["alias"]),
        place=", ".join(str(part) for part in (entry.get("engine"), where) if part),
        fresh=bool(entry.get("fresh")),
        unapplied=tuple(map(str, entry.get("unapplied") or ())),
        reason=str(entry.get("reason") or ""),
    )


def unknown(database: Database) -> CouldNotTell | None:
    """What could not be told of it."""
    return CouldNotTell("django.migrations", f"{database.what}: {database.reason}"[:300]) if database.reason else None


def words(database: Database) -> tuple[str, ...]:
    """The words of Django's command for it."""
    return ("migrate",) if database.alias == "default" else ("migrate", "--database", database.alias)


def applied_by(database: Database, hooks: Sequence[Sequence[str]]) -> str:
    """The hook of the release that applies them; empty where there is none."""
    return next((shlex.join(hook) for hook in hooks if _migrates(shlex.join(hook).replace("'", " ").split(), database)), "")


def _migrates(said: Sequence[str], database: Database) -> bool:
    """Whether a command line, in single words, has Django migrate all of that database."""
    if "migrate" not in said:
        return False
    after = said[said.index("migrate") + 1 :]
    named = [word.partition("=")[2] for word in after if word.startswith("--database=")]
    named += [alias for flag, alias in pairwise(after) if flag == "--database"]
    return (named or ["default"]) == [database.alias]


def row(database: Database, hooks: Sequence[Sequence[str]]) -> str:
    """That it was looked at, for people."""
    hook = applied_by(database, hooks) if database.unapplied else ""
    return database.what + (f" ({len(database.unapplied)} to be applied by the hook `{hook}`)" if hook else "")


def finding(database: Database, command: str, hooks: Sequence[Sequence[str]], unset: Sequence[str] = ()) -> Finding | None:
    """What it lacks; None where it lacks nothing, or a hook of the release applies it. `command` is what to type where the
    user stands; `unset` are names of the site's environment that are not set there."""
    if not database.unapplied or applied_by(database, hooks):
        return None
    counts = Counter(name.partition(".")[0] for name in database.unapplied)
    said = f"{_counted(len(database.unapplied), 'migration')} of {_counted(len(counts), 'application')}"
    by_hand, by_hook = _by_hand(database, command, unset), _by_hook(database, hooks)
    return UNAPPLIED.found(
        cause=f"{said} {'is' if len(database.unapplied) == 1 else 'are'} not applied to the database {database.alias!r}",
        evidence=[
            f"DATABASES[{database.alias!r}]: {database.place}",
            ", ".join(f"{label} {count}" for label, count in sorted(counts.items())),
        ],
        # By hand, with another environment, it could well be another database.
        fix=[by_hook, by_hand] if unset else [by_hand, by_hook],
        basis="state",
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _by_hand(database: Database, command: str, unset: Sequence[str]) -> str:
    first = [] if database.fresh else ["back the database up first"]
    if unset:
        names = f"{', '.join(unset[:6])}{', ...' if len(unset) > 6 else ''}"
        first.append(f"set as for the site: {names}")
    return f"{command}   # {'; '.join(first)}" if first else command


def _by_hook(database: Database, hooks: Sequence[Sequence[str]]) -> str:
    hook = shlex.join(("manage.py", *words(database)))
    when = "portico up and reload do it, in the environment of the site"
    return (
        f'"{hook}"   # in [release] hooks: {when}' if hooks else f'[release]\nhooks = ["{hook}"]   # in portico.toml: {when}'
    )
