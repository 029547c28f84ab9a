"""The sample project by itself, without Portico: as its developer runs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "examples" / "destiny"
MADE = shutil.ignore_patterns("__pycache__", "db.sqlite3*", "secret-key*", "media", ".portico")
PRODUCTION = "from destiny.settings import *\nSTATIC_ROOT = BASE_DIR / 'collected'\n"
ASK_FOR_HOME = """
import django
django.setup()
from django.test import Client
answer = Client().get("/", headers={"host": "localhost"})
print(answer.status_code)
print(answer.content.decode())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "destiny", ignore=MADE))


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DESTINY_", "DATABASE_", "DJANGO_"))}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "DJANGO_SETTINGS_MODULE": "destiny.settings", **extra}


def python(project: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(call, cwd=project, env=environment(**extra), capture_output=True, text=True, timeout=120)


def good(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_own_tests_pass(project: Path) -> None:
    done = python(project, "manage.py", "test")
    good(done)
    assert re.search(r"Ran \d\d tests", done.stderr)


def test_its_migrations_are_complete(project: Path) -> None:
    good(python(project, "manage.py", "makemigrations", "--check", "--dry-run"))


def test_home_works_before_migrate_and_after(project: Path) -> None:
    before = good(python(project, "-c", ASK_FOR_HOME, DESTINY_DEBUG="1"))
    assert before.startswith("200\n")
    assert "manage.py migrate" in before
    good(python(project, "manage.py", "migrate", "--verbosity", "0"))
    after = good(python(project, "-c", ASK_FOR_HOME, DESTINY_DEBUG="1"))
    assert after.startswith("200\n")
    assert "manage.py migrate" not in after


def test_in_production_every_static_file_has_a_hashed_name_that_exists(project: Path) -> None:
    (project / "production.py").write_text(PRODUCTION)
    good(python(project, "manage.py", "collectstatic", "--noinput", DJANGO_SETTINGS_MODULE="production"))
    home = good(python(project, "-c", ASK_FOR_HOME, DJANGO_SETTINGS_MODULE="production"))
    used = re.findall(r'(?:href|src)="/static/([^"]+)"', home)
    assert len(used) >= 4
    for name in used:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", name), name
        assert (project / "collected" / name).is_file()
    style = next(name for name in used if name.endswith(".css"))
    assert re.search(r'url\("stars\.[0-9a-f]{12}\.svg"\)', (project / "collected" / style).read_text())


def test_processes_that_start_at_once_agree_on_one_private_secret_key(project: Path) -> None:
    call = [sys.executable, "-c", "from destiny.settings import SECRET_KEY; print(SECRET_KEY)"]
    running = [subprocess.Popen(call, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {process.communicate(timeout=60)[0].strip() for process in running}
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert [path.name for path in project.glob("secret-key*")] == ["secret-key"]
    assert (project / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_secret_key_from_the_environment_leaves_no_file(project: Path) -> None:
    good(python(project, "manage.py", "check", DESTINY_SECRET_KEY="from-the-environment"))
    assert not list(project.glob("secret-key*"))


def test_nothing_is_loaded_from_elsewhere() -> None:
    app = SAMPLE / "journal"
    pages = [*app.glob("templates/**/*.html"), *(path for path in app.glob("static/**/*") if path.is_file())]
    assert {path.suffix for path in pages} == {".html", ".css", ".js", ".svg"}
    for page in pages:
        found = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", page.read_text(encoding="utf-8"))
        assert set(found) <= {"http://www.w3.org/2000/svg"}, page
