"""What a database lacks, as a finding; the hooks of the release may see to it."""

from __future__ import annotations

from typing import Any

import pytest

from portico.hops.django import migrations
from portico.model.finding import CouldNotTell

PLACE = "django.db.backends.sqlite3, /srv/shop/db.sqlite3"
HOOK = (("manage.py", "migrate"),)


def database(*unapplied: str, **more: Any) -> migrations.Database:
    entry = {"engine": "django.db.backends.sqlite3", "name": "/srv/shop/db.sqlite3", "alias": "default"}
    (parsed,) = migrations.parse({"databases": [{**entry, "unapplied": list(unapplied), **more}]})
    return parsed


def test_which_applications_how_many_where_and_what_to_type() -> None:
    lacking = database("auth.0001_initial", "shop.0001_initial", "auth.0002_more", fresh=True)
    found = migrations.finding(lacking, "cd /srv/shop && /venv/bin/python manage.py migrate", ())
    assert found is not None
    assert (found.id, found.severity) == ("django.W022", "warning")
    assert found.cause == "3 migrations of 2 applications are not applied to the database 'default'"
    assert found.evidence == (f"DATABASES['default']: {PLACE}", "auth 2, shop 1")
    assert found.fix[0] == "cd /srv/shop && /venv/bin/python manage.py migrate"
    assert '[release]\nhooks = ["manage.py migrate"]' in found.fix[1]


def test_what_has_data_in_it_is_to_be_backed_up() -> None:
    found = migrations.finding(database("shop.0002_more"), "python manage.py migrate", ())
    assert found is not None
    assert found.cause == "1 migration of 1 application is not applied to the database 'default'"
    assert found.fix[0] == "python manage.py migrate   # back the database up first"


def test_where_the_shell_has_another_environment_the_hook_comes_first() -> None:
    found = migrations.finding(database("shop.0001_initial", fresh=True), "python manage.py migrate", (), ("DATABASE_URL",))
    assert found is not None
    assert "hooks = " in found.fix[0]
    assert found.fix[1] == "python manage.py migrate   # set as for the site: DATABASE_URL"


def test_another_alias_is_named_in_the_command() -> None:
    lacking = database("shop.0001_initial", alias="far", host="db", name="shop", engine="django.db.backends.postgresql")
    assert migrations.words(lacking) == ("migrate", "--database", "far")
    found = migrations.finding(lacking, "", (("npm", "run", "build"),))
    assert found is not None
    assert found.evidence[0] == "DATABASES['far']: django.db.backends.postgresql, shop at db"
    assert found.fix[1].startswith('"manage.py migrate --database far"   # in [release] hooks')


def test_a_file_that_is_not_there_is_told() -> None:
    assert database("a.1", missing="/srv/db.sqlite3").place == (
        "django.db.backends.sqlite3, /srv/db.sqlite3, which does not exist"
    )


@pytest.mark.parametrize(
    ("hook", "alias", "applied"),
    [
        (("manage.py", "migrate"), "default", True),
        (("python", "manage.py", "migrate", "--noinput"), "default", True),
        (("sh", "-c", "python manage.py migrate && npm run build"), "default", True),
        (("manage.py", "migrate"), "far", False),
        (("manage.py", "migrate", "--database", "far"), "far", True),
        (("manage.py", "migrate", "--database=far"), "far", True),
        (("manage.py", "migrate", "--database=far"), "default", False),
        (("manage.py", "makemigrations"), "default", False),
    ],
)
def test_what_a_hook_of_the_release_applies_is_no_finding(hook: tuple[str, ...], alias: str, applied: bool) -> None:
    lacking = database("shop.0001_initial", alias=alias)
    assert (migrations.finding(lacking, "", (hook,)) is None) is applied
    assert ("to be applied by the hook" in migrations.row(lacking, (hook,))) is applied


def test_nothing_lacking_is_looked_at_and_no_finding() -> None:
    assert migrations.finding(database(), "", ()) is None
    assert migrations.row(database(), HOOK) == "migrations of the database 'default'"
    assert migrations.unknown(database()) is None


def test_what_could_not_be_told_is_no_pass() -> None:
    far = database(alias="far", reason="it did not answer within 4 s")
    assert migrations.unknown(far) == CouldNotTell(
        "django.migrations", "migrations of the database 'far': it did not answer within 4 s"
    )
    (every,) = migrations.parse({"databases": [{"alias": "", "reason": "ImportError: no"}]})
    assert migrations.unknown(every) == CouldNotTell("django.migrations", "migrations: ImportError: no")
    assert migrations.parse({}) == ()
