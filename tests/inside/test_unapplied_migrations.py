"""What each database lacks, looked at inside the project's own Python: read only, and never a new file."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.examined import contents
from support.inside_projects import PYTHONS, clean_environ, django_project, run_script, write

TYPES = ["contenttypes.0001_initial", "contenttypes.0002_remove_content_type_name"]
AUTH = "INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes']\n"
OTHER = "DATABASES['other'] = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'other.sqlite3'}\n"
ROUTED = f"{AUTH}{OTHER}DATABASE_ROUTERS = ['mysite.routers.Router']\n"


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


def asked(python: str, project: Path, databases_s: float = 60) -> dict[str, dict[str, Any]]:
    """The entries by alias. The project is as it was before."""
    before = contents(project)
    answer, done = run_script("deploy_checks.py", python, project, databases_s=databases_s)
    assert answer is not None, done
    assert contents(project) == before
    assert "very-secret" not in str(answer["databases"])
    return {entry["alias"]: entry for entry in answer["databases"]}


def migrate(project: Path, *names: str, file: str = "db.sqlite3") -> None:
    """What Django writes down of migrations that it has applied."""
    with closing(sqlite3.connect(project / file)) as database:
        database.execute("CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text, applied datetime)")
        rows = [(*name.split(".", 1), "2026-01-02 03:04:05") for name in names]
        database.executemany("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", rows)
        database.commit()


def test_a_file_that_is_not_there_lacks_everything_and_is_not_made(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", "print('noise')\n")
    (found,) = asked(python, project).values()
    assert (found["alias"], found["missing"], found["fresh"]) == ("default", str(project / "db.sqlite3"), True)
    assert (found["unapplied"], found["reason"]) == (TYPES, "")


def test_only_what_is_not_applied_counts(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site")
    migrate(project, TYPES[0])
    found = asked(python, project)["default"]
    assert (found["unapplied"], found["fresh"], found["missing"]) == (TYPES[1:], False, "")


def test_what_djangos_own_command_has_applied_is_not_lacking(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site")
    subprocess.run([sys.executable, "-B", "manage.py", "migrate", "-v", "0"], cwd=project, env=clean_environ(), check=True)
    found = asked(python, project)["default"]
    assert (found["unapplied"], found["told"]) == ([], True)


@pytest.mark.parametrize(
    "name", ["'db.sqlite3'", "f'file:{BASE_DIR}/db.sqlite3?mode=rwc'", "f'file://{BASE_DIR}/db.sqlite3'"]
)
def test_a_name_may_be_relative_or_a_uri(python: str, tmp_path: Path, name: str) -> None:
    project = django_project(tmp_path / "site", f"DATABASES['default']['NAME'] = {name}\n")
    assert asked(python, project)["default"]["missing"] == str(project / "db.sqlite3")
    migrate(project, *TYPES)
    found = asked(python, project)["default"]
    assert (found["unapplied"], found["reason"]) == ([], "")


def test_an_empty_file_and_one_with_a_log_stay_as_they_are(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site")
    (project / "db.sqlite3").touch()
    assert asked(python, project)["default"]["unapplied"] == TYPES
    (project / "db.sqlite3").unlink()
    migrate(project, *TYPES)
    with closing(sqlite3.connect(project / "db.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
    assert asked(python, project)["default"]["unapplied"] == []


@pytest.mark.parametrize(
    "settings",
    [
        "DATABASES = {}\n",
        "INSTALLED_APPS = []\n",
        "DATABASES['default']['NAME'] = ':memory:'\n",
        "DATABASES['default']['NAME'] = 'file:shared?mode=memory&cache=shared'\n",
        "DATABASES['default']['NAME'] = '/nonexistent/db.sqlite3'\n",
        "MIGRATION_MODULES = {'contenttypes': None}\n",
        "DATABASES['default']['ENGINE'] = 'mysite.no_such_backend'\n",
    ],
)
def test_where_there_is_nothing_to_migrate_or_to_connect_to_nothing_is_told(
    python: str, tmp_path: Path, settings: str
) -> None:
    assert asked(python, django_project(tmp_path / "site", settings)) == {}


def test_an_application_without_migrations_lacks_none(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", "INSTALLED_APPS += ['shop']\n")
    write(
        project, {"shop/__init__.py": "", "shop/models.py": "from django.db import models\nclass Item(models.Model): pass\n"}
    )
    assert asked(python, project)["default"]["unapplied"] == TYPES


def test_a_squashed_migration_counts_for_those_it_replaces(python: str, tmp_path: Path) -> None:
    one = "from django.db import migrations\nclass Migration(migrations.Migration):\n    operations = []\n"
    files = {"shop/__init__.py": "", "shop/migrations/__init__.py": "", "shop/migrations/0001_first.py": one}
    project = write(django_project(tmp_path / "site", "INSTALLED_APPS += ['shop']\n"), files)
    migrate(project, *TYPES, "shop.0001_first")
    squashed = f"{one}    replaces = [('shop', '0001_first')]\n"
    write(project, {"shop/migrations/0001_squashed.py": squashed})
    assert asked(python, project)["default"]["unapplied"] == []


PEOPLE = {
    "people/migrations/0001_initial.py": "from django.db import migrations, models\n"
    "class Migration(migrations.Migration):\n"
    "    dependencies = [('auth', '0012_alter_user_first_name_max_length')]\n"
    "    operations = [migrations.CreateModel('Person', [('id', models.AutoField(primary_key=True))])]\n"
}


def test_a_user_model_of_the_project_takes_the_place_of_djangos(python: str, tmp_path: Path) -> None:
    model = "from django.contrib.auth.models import AbstractUser\nclass Person(AbstractUser): pass\n"
    files = {"people/__init__.py": "", "people/models.py": model, "people/migrations/__init__.py": "", **PEOPLE}
    settings = f"{AUTH}INSTALLED_APPS += ['people']\nAUTH_USER_MODEL = 'people.Person'\n"
    found = asked(python, write(django_project(tmp_path / "site", settings), files))["default"]
    assert {name.partition(".")[0] for name in found["unapplied"]} == {"auth", "contenttypes", "people"}


def router(body: str) -> dict[str, str]:
    head = "class Router:\n    def allow_migrate(self, db, app_label, model_name=None, **hints):\n"
    return {"mysite/routers.py": f"{head}        {body}\n"}


@pytest.mark.parametrize(
    "body",
    [
        "return (app_label == 'auth') == (db == 'other')",
        "return None if not model_name else (app_label == 'auth') == (db == 'other')",
        "return hints['model']._meta.app_label == 'auth' if db == 'other' else app_label != 'auth'",
    ],
)
def test_each_database_lacks_what_the_routers_give_it(python: str, tmp_path: Path, body: str) -> None:
    found = asked(python, write(django_project(tmp_path / "site", ROUTED), router(body)))
    assert found["default"]["unapplied"] == TYPES
    assert {name.partition(".")[0] for name in found["other"]["unapplied"]} == {"auth"}


def test_a_router_that_breaks_is_told(python: str, tmp_path: Path) -> None:
    found = asked(python, write(django_project(tmp_path / "site", ROUTED), router("raise RuntimeError('no way')")))
    assert found["default"]["reason"] == "RuntimeError: no way"


@pytest.mark.parametrize(
    "settings",
    [
        OTHER,
        f"{OTHER}DATABASES['other']['TEST'] = {{'MIRROR': 'default'}}\n",
        "DATABASES['other'] = {**DATABASES['default'], 'USER': 'reader'}\n",
    ],
)
def test_a_second_database_is_not_taken_for_one_that_django_migrates(python: str, tmp_path: Path, settings: str) -> None:
    assert list(asked(python, django_project(tmp_path / "site", settings))) == ["default"]


def test_a_second_database_that_has_been_migrated_is_looked_at(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", OTHER)
    migrate(project, TYPES[0], file="other.sqlite3")
    assert asked(python, project)["other"]["unapplied"] == TYPES[1:]


def test_migrations_that_cannot_be_loaded_are_told(python: str, tmp_path: Path) -> None:
    project = write(
        django_project(tmp_path / "site", "INSTALLED_APPS += ['shop']\n"),
        {"shop/__init__.py": "", "shop/migrations/__init__.py": "", "shop/migrations/0001_odd.py": "import nowhere\n"},
    )
    assert asked(python, project)[""]["reason"] == "ModuleNotFoundError: No module named 'nowhere'"


def test_a_check_that_breaks_does_not_keep_the_databases_from_being_told(python: str, tmp_path: Path) -> None:
    own = "from django.core.checks import register\n@register\ndef mine(app_configs, **kwargs):\n    1 / 0\n"
    project = write(django_project(tmp_path / "site", "import mysite.own\n"), {"mysite/own.py": own})
    assert asked(python, project)["default"]["unapplied"] == TYPES


#: A backend that answers through a network, as a client library does that waits for ever.
BACKEND = """
import socket
from django.db.backends.sqlite3 import base
class DatabaseWrapper(base.DatabaseWrapper):
    vendor = "farsql"
    def get_new_connection(self, parameters):
        host, port = self.settings_dict["HOST"], int(self.settings_dict["PORT"])
        with socket.create_connection((host, port)) as connection:
            connection.recv(1)
        raise AssertionError
"""
FAR = "DATABASES['far'] = {{'ENGINE': 'mysite.far', 'NAME': 'shop', 'HOST': '127.0.0.1', 'PORT': {port}}}\n"


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def far(folder: Path, port: int) -> Path:
    return write(
        django_project(folder, FAR.format(port=port)), {"mysite/far/__init__.py": "", "mysite/far/base.py": BACKEND}
    )


def test_a_database_that_does_not_answer_holds_up_nobody(python: str, tmp_path: Path, silent: int) -> None:
    found = asked(python, far(tmp_path / "site", silent), databases_s=1)
    assert list(found) == ["default", "far"]
    assert found["far"]["reason"] == "it did not answer within 1 s"


def test_of_a_database_that_refuses_nothing_is_told(python: str, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert list(asked(python, far(tmp_path / "site", port))) == ["default"]
