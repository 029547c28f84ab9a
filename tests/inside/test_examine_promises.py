"""An examination changes nothing, tells no secret, prints nothing and is soon over."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from portico.hops.wsgi.examination import parse
from support.examined import answer, contents, examine
from support.inside_projects import INSIDE, PYTHONS, URLS, clean_environ, django_project, write

FILES = (
    "LOGGING = {'version': 1, 'disable_existing_loggers': False, 'root': {'handlers': ['f', 'r', 't'], 'level': 'DEBUG'}, "
    "'handlers': {'f': {'class': 'logging.FileHandler', 'filename': BASE_DIR / 'kept.log'}, "
    "'r': {'class': 'logging.handlers.RotatingFileHandler', 'filename': BASE_DIR / 'full.log', "
    "'maxBytes': 10, 'backupCount': 2}, "
    "'t': {'class': 'logging.handlers.TimedRotatingFileHandler', 'filename': BASE_DIR / 'old.log', 'when': 'S'}}}\n"
)


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def fresh(python: str, tmp_path: Path) -> Path:
    project = tmp_path / "site"
    project.mkdir()
    command = [python, "-B", "-m", "django", "startproject", "shop", "."]
    subprocess.run(command, check=True, cwd=project, env=clean_environ())
    return project


def test_a_project_made_by_startproject(python: str, fresh: Path) -> None:
    before = contents(fresh)
    raw, done = answer(fresh, python=python, module="shop.wsgi", host="localhost")
    assert raw is not None
    found = parse(raw)
    oks = (found.python.ok, found.load.ok, found.django.ok, found.media.ok, found.call.ok, found.checks.ok)
    assert oks == (True, True, True, True, True, True)
    assert (found.database.ok, found.database.aliases[0].kind) == (False, "file-missing")
    assert (found.call.status, found.unfinished) == (200, "")
    assert contents(fresh) == before
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    # Every key that the script writes is one that somebody can read.
    assert set(raw) == {*vars(found)}


def test_it_is_soon_over(python: str, fresh: Path) -> None:
    """Processor time, which the load of the machine does not change."""
    script, request = str(INSIDE / "examine_project.py"), fresh.parent / f"{fresh.name}-asked" / "request.json"
    answer(fresh, python=python, module="shop.wsgi", host="localhost")
    measured = (
        f"import resource, subprocess, sys; subprocess.run([sys.executable, {script!r}, {str(request)!r}]); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"
    )
    tries = [
        float(
            subprocess.run([python, "-c", measured], cwd=fresh, env=clean_environ(), capture_output=True, check=True).stdout
        )
        for _ in range(3)
    ]
    assert min(tries) < 1.6


def test_what_the_project_prints_goes_nowhere(tmp_path: Path) -> None:
    noise = (
        "import os, sys\nprint('noise')\nprint('noise', file=sys.stderr)\nos.write(1, b'noise')\nos.system('echo noise')\n"
    )
    raw, done = answer(django_project(tmp_path / "site", noise))
    assert (done.stdout, done.stderr) == ("", "")
    assert raw is not None
    assert "noise" not in json.dumps(raw)


def test_log_files_are_neither_made_nor_filled_nor_rotated(tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", FILES)
    write(project, {"full.log": "x" * 100 + "\n", "old.log": "y\n"})
    before = contents(project)
    found = examine(project, path="/boom/")
    assert (found.call.status, len(found.call.exceptions)) == (500, 1)
    assert contents(project) == before


def test_a_log_file_that_cannot_be_opened_is_still_told(tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", FILES.replace("BASE_DIR / 'kept.log'", "'/nonexistent/x.log'"))
    load = examine(project, parts=["load"]).load
    assert (load.ok, load.kind, load.failure.errno, load.failure.path) == (False, "exception", 2, "/nonexistent/x.log")


SECRETS = {
    "APP_SECRET": "env-secret-value",
    "DATABASE_URL": "postgres://shop:url-password@db/shop",
    "STRIPE_API_KEY": "sk_live_1234",
    "DJANGO_PASSWORD": "django",
}
LEAKS = """
import os
API_TOKEN = "settings-token-value"
NESTED = {"auth": [{"client_secret": "nested-secret-value"}]}
"""
PAGE = (
    URLS
    + """
import os
from django.conf import settings
def tell(request):
    password = "literal-password"
    raise ValueError(f"{os.environ['APP_SECRET']} {os.environ['DATABASE_URL']} {os.environ['STRIPE_API_KEY']} "
                     f"{settings.API_TOKEN} {settings.SECRET_KEY} {settings.NESTED} {settings.DATABASES}")
def literal(request):
    password = "literal-password" + undefined
def page(request):
    response = HttpResponse(f"{settings.API_TOKEN} <input name='csrfmiddlewaretoken' value='csrf-token-value'>")
    response.set_cookie("sessionid", "cookie-value")
    return response
urlpatterns += [path("tell/", tell), path("literal/", literal), path("page/", page)]
"""
)
NEVER = (
    *("env-secret-value", "url-password", "sk_live_1234", "settings-token-value", "nested-secret-value", "very-secret-key"),
    *("very-secret-password", "literal-password", "csrf-token-value", "cookie-value"),
)


@pytest.mark.parametrize("page", ["/tell/", "/literal/", "/page/"])
def test_no_secret_is_told(tmp_path: Path, page: str) -> None:
    raw, done = answer(django_project(tmp_path / "site", LEAKS, urls=PAGE), SECRETS, path=page)
    text = json.dumps(raw) + done.stdout + done.stderr
    assert [secret for secret in NEVER if secret in text] == []
    assert raw is not None
    found = parse(raw)
    assert found.call.status == (200 if page == "/page/" else 500)
    assert "***" in json.dumps(raw["call"])
    # A password that is a plain word (`django`) makes nothing unreadable that rules compare.
    assert found.load.type == "django.core.handlers.wsgi.WSGIHandler"
    assert found.django.facts["settings_file"] == str(tmp_path / "site" / "mysite" / "settings.py")


def test_no_secret_is_told_by_settings_that_fail(tmp_path: Path) -> None:
    settings = (
        "import os\nraise ValueError('cannot use ' + os.environ['APP_SECRET'] + ' at ' + os.environ['DATABASE_URL'])\n"
    )
    raw, _ = answer(django_project(tmp_path / "site", settings), SECRETS)
    assert raw is not None
    assert raw["load"]["failure"]["message"] == "cannot use *** at postgres://shop:***@db/shop"
    assert [secret for secret in NEVER if secret in json.dumps(raw)] == []


def test_it_works_from_a_copy_elsewhere(tmp_path: Path) -> None:
    copy = shutil.copytree(INSIDE, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    raw, done = answer(django_project(tmp_path / "site"), script=copy / "examine_project.py")
    assert raw is not None, done
    assert raw["load"]["ok"] is True
    assert str(copy) not in raw["python"]["path"]


@pytest.mark.parametrize("raw", [None, {}, {"load": None, "call": [], "database": {"aliases": [None, {"alias": 7}]}}])
def test_an_answer_that_lacks_things_is_understood(raw: object) -> None:
    found = parse(raw)  # type: ignore[arg-type]
    assert (found.load.ok, found.call.status, found.python.version) == (None, 0, "")
    assert found.database.get() is None


def test_the_interpreter_is_the_one_that_ran(tmp_path: Path) -> None:
    python = examine(
        django_project(tmp_path / "site"), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ).python
    told = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.executable, sys.prefix, sep='\\n')"
    said = subprocess.run([PYTHONS[0], "-c", told], capture_output=True, text=True, check=True, env=clean_environ()).stdout
    assert [python.version, python.executable, python.prefix] == said.split("\n")[:3]
    # locale-ascii
    assert (python.ok, python.filesystem_encoding) == (False, "ascii")
