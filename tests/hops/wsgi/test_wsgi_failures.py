"""From broken projects, loaded for real, to the finding a user reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from portico.hops.wsgi import failures, kinds
from portico.hops.wsgi.facts import InspectFailure, parse
from portico.hops.wsgi.failures import Context
from portico.model.finding import Finding, Kind
from support.inside_projects import MANAGE, URLS, WSGI, django_project, inspect, target, write

ENVIRON = (
    "class ImproperlyConfigured(Exception):\n    pass\n"
    "raise ImproperlyConfigured('Set the DATABASE_URL environment variable')\n"
)
LOGGING = "LOGGING = {'version': 1, 'handlers': {'log': {'class': 'logging.FileHandler', 'filename': '/missing/x.log'}}}"
PYTHON = "'/srv/my site/.venv/bin/python'"


def found(project: Path, context: Context, **request: Any) -> Finding:
    seen = parse(inspect(sys.executable, project, **request))
    assert seen.failure is not None
    return failures.finding(seen.failure, context)


def context(**more: object) -> Context:
    return Context(python="/srv/my site/.venv/bin/python", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "kind", "cause", "first_fix"),
    [
        ("import rest_framework", kinds.MISSING_PACKAGE, "rest_framework", "{python} -m pip install djangorestframework "),
        ("import my_blog", kinds.MISSING_PACKAGE, "my_blog", "{python} -m pip install PACKAGE "),
        ("import os; os.environ['API_KEY']", kinds.MISSING_VARIABLE, "API_KEY is not set", '[env]\nAPI_KEY = "..."'),
        (ENVIRON, kinds.MISSING_VARIABLE, "DATABASE_URL is not set", "[env]\nDATABASE_URL"),
        ("1 / 0", kinds.SETTINGS_FAILED, "ZeroDivisionError at ", "correct "),
        ("raise SystemExit(2)", kinds.EXITS, "sys.exit(2)", "raise an exception"),
        ("def broken(:", kinds.SETTINGS_FAILED, "SyntaxError at ", "{python} -m py_compile "),
        ("open('/nonexistent')", kinds.SETTINGS_FAILED, "FileNotFoundError", "ls -ld /nonexistent "),
        (LOGGING, kinds.SETUP_FAILED, "handler 'log': No such file or directory: /missing/x.log", "mkdir -p /missing "),
        ("INSTALLED_APPS += ['mysite', 'mysite']", kinds.SETUP_FAILED, "ImproperlyConfigured", ""),
        ("ROOT_URLCONF = 'mysite.nourls'", kinds.URLS_FAILED, "mysite.nourls", ""),
        ("WSGI_APPLICATION = 'mysite.wsgi.app'", kinds.NO_CALLABLE, "has no app", "portico up mysite.wsgi:application"),
    ],
)  # fmt: skip
def test_settings(tmp_path: Path, settings: str, kind: Kind, cause: str, first_fix: str) -> None:
    finding = found(django_project(tmp_path, settings + "\n"), context(module="mysite.wsgi", settings="mysite.settings"))
    assert finding.id == kind.id, finding
    assert cause in finding.cause
    assert finding.fix[0].startswith(first_fix.replace("{python}", PYTHON))
    assert finding.evidence


def test_what_the_project_wrote_before_it_ended_itself_comes_first(tmp_path: Path) -> None:
    project = django_project(tmp_path, "raise SystemExit(1)\n")
    finding = found(project, context(settings="mysite.settings", written=("SITE_CONFIG points nowhere",)))
    assert finding.evidence[0] == "it wrote: SITE_CONFIG points nowhere"


def test_a_file_that_a_library_does_not_find_is_not_the_application(tmp_path: Path) -> None:
    failure = InspectFailure(
        stage="import", type="FileNotFoundError", message="No such file", path="/missing/x.log", errno=2, module="shop.wsgi"
    )
    finding = failures.finding(failure, context(module="shop.wsgi"))
    assert finding.id == kinds.IMPORT_FAILED.id
    assert finding.fix[0].startswith("mkdir -p /missing ")


def test_a_variable_that_a_dotenv_file_defines(tmp_path: Path) -> None:
    project = django_project(tmp_path, "import os\nos.environ['SECRET_KEY']\n")
    finding = found(project, context(dotenv={".env.dist": ["OTHER"], ".env": ["SECRET_KEY"]}))
    assert finding.fix == ('env_files = [".env"]   # in portico.toml',)
    assert ".env defines SECRET_KEY" in finding.evidence


def test_a_variable_that_only_manage_py_sets(tmp_path: Path) -> None:
    wsgi = "import os\nos.environ['FROM_DOTENV']\n" + WSGI
    project = django_project(tmp_path, wsgi=wsgi)
    finding = found(project, context(environ_added=("FROM_DOTENV",)))
    assert "manage.py sets FROM_DOTENV itself, which does not reach a WSGI server" in finding.evidence


def test_a_requirements_file_comes_first(tmp_path: Path) -> None:
    finding = found(django_project(tmp_path, "import absent\n"), context(requirements="requirements/live.txt"))
    assert finding.fix[0] == f"{PYTHON} -m pip install -r requirements/live.txt"


def test_a_settings_module_that_is_not_there(tmp_path: Path) -> None:
    finding = found(django_project(tmp_path), context(settings="mysite.prod"), settings="mysite.prod")
    assert finding.id == kinds.SETTINGS_FAILED.id
    assert "there is no module mysite.prod" in finding.cause


def test_a_settings_module_of_another_project_in_the_shell(tmp_path: Path) -> None:
    finding = found(django_project(tmp_path), context(), environ={"DJANGO_SETTINGS_MODULE": "other.settings"})
    assert finding.title == "The settings module other.settings is not there"
    assert finding.fix[0].startswith("unset DJANGO_SETTINGS_MODULE")


def test_a_wsgi_application_that_is_not_there(tmp_path: Path) -> None:
    finding = found(django_project(tmp_path, "WSGI_APPLICATION = 'mysite.wsgii.application'\n"), context())
    assert (finding.id, finding.hop) == (kinds.MODULE_NOT_FOUND.id, "wsgi")


def test_django_is_missing(tmp_path: Path) -> None:
    project = django_project(tmp_path, manage=MANAGE.replace("django.core", "django_of_another_env.core"))
    assert found(project, context()).id == kinds.MISSING_PACKAGE.id


def test_manage_py_that_is_not_djangos(tmp_path: Path) -> None:
    finding = found(django_project(tmp_path, manage="print('hello')\n"), context())
    assert finding.id == kinds.MANAGE_FAILED.id
    assert "names no Django settings" in finding.cause


def test_urls(tmp_path: Path) -> None:
    finding = found(django_project(tmp_path, urls=URLS + "1 / 0\n"), context())
    assert finding.id == kinds.URLS_FAILED.id
    line = URLS.count("\n") + 1
    assert finding.evidence == (f"{tmp_path / 'mysite' / 'urls.py'}:{line}", "1 / 0", "ZeroDivisionError: division by zero")


def test_a_hang(tmp_path: Path) -> None:
    finding = found(django_project(tmp_path, "import threading\nthreading.Event().wait()\n"), context(), timeout_s=2)
    assert finding.id == kinds.HANGS.id
    assert "it waits at " in finding.cause


@pytest.mark.parametrize(
    ("text", "module", "kind", "fix"),
    [
        ("x = 1\n", "hello", kinds.NO_CALLABLE, "portico up package.module:callable"),
        ("def create_app(): pass\n", "hello", kinds.FACTORY, "portico up 'hello:create_app()'"),
        ("application = 1\n", "hello", kinds.NOT_WSGI, "portico up package.module:callable"),
        ("async def application(scope, receive, send): pass\n", "shop.asgi", kinds.ASGI, "portico up shop.wsgi:application"),
        ("1 / 0\n", "hello", kinds.IMPORT_FAILED, "correct "),
        ("from . import other\n", "hello", kinds.IMPORT_FAILED, "name it as a module"),
    ],
)
def test_plain_wsgi(tmp_path: Path, text: str, module: str, kind: Kind, fix: str) -> None:
    project = write(tmp_path, {f"{module.replace('.', '/')}.py": text})
    finding = found(project, context(module=module), target=target(module))
    assert finding.id == kind.id, finding
    assert finding.fix[0].startswith(fix)


def test_a_module_or_file_that_is_not_there(tmp_path: Path) -> None:
    project = tmp_path / "site"
    project.mkdir()
    finding = found(project, context(module="helo.wsgi"), target=target("helo.wsgi"))
    assert (finding.id, finding.cause) == (kinds.MODULE_NOT_FOUND.id, "there is no module helo on the application's path")
    lost = found(project, context(), target=target(file=str(project / "helo.py")))
    assert (lost.id, lost.cause) == (kinds.MODULE_NOT_FOUND.id, f"there is no file {project / 'helo.py'}")


def test_no_answer() -> None:
    killed = failures.no_answer(context(), -11, False, "a\n\nSegmentation fault\n")
    assert "was killed by signal 11" in killed.cause
    assert killed.evidence == ("a", "Segmentation fault")
    assert "did not end in time" in failures.no_answer(context(), -9, True, "").cause
    assert "ended with status 3" in failures.no_answer(context(), 3, False, "").cause


def test_every_message_is_good_enough_for_a_finding_without_a_place() -> None:
    finding = failures.finding(InspectFailure("setup", "RuntimeError", ""), context())
    assert (finding.cause, finding.evidence) == ("RuntimeError", ("RuntimeError: ",))
    assert finding.fix
