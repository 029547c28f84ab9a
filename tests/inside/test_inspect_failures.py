"""Broken Django projects: each failure is reported as data, with the stage, the cause and the place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.inside_projects import INSIDE, MANAGE, PYTHONS, URLS, WSGI, django_project, inspect, run_script, write


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize(
    ("manage", "type_", "part"),
    [
        pytest.param("print 'python 2'\n", "SyntaxError", "print", id="python 2"),
        pytest.param("import sys\nsys.exit('wrong directory')\n", "SystemExit", "wrong directory", id="exits"),
        pytest.param(
            "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\nraise SystemExit(3)\n",
            "SystemExit",
            "3",
            id="exits early",
        ),
        pytest.param("print('no Django here')\n", "NoSettings", "names no Django settings", id="not Django's"),
        pytest.param("raise KeyboardInterrupt\n", "KeyboardInterrupt", "", id="interrupts"),
        pytest.param(
            "class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E\n",
            "E",
            "cannot be shown",
            id="no text",
        ),
    ],
)
def test_manage_py_fails(python: str, tmp_path: Path, manage: str, type_: str, part: str) -> None:
    found = inspect(python, django_project(tmp_path, manage=manage))
    assert (found["ok"], found["stage"], found["type"]) == (False, "manage", type_)
    assert part in found["message"]
    assert found["python"]["executable"] == python


def test_django_is_not_installed(python: str, tmp_path: Path) -> None:
    manage = MANAGE.replace("django.core", "jango.core")
    found = inspect(python, django_project(tmp_path, manage=manage))
    assert (found["stage"], found["type"], found["missing_module"]) == ("manage", "ImportError", "jango")
    assert found["file"] == str(tmp_path / "manage.py")


ABSENT = "ModuleNotFoundError"
LOG_TO_NOWHERE = (
    "LOGGING = {'version': 1, 'root': {'handlers': ['f']}, "
    "'handlers': {'f': {'class': 'logging.FileHandler', 'filename': '/nonexistent/x.log'}}}"
)


@pytest.mark.parametrize(
    ("settings", "stage", "type_", "more"),
    [
        ("import absent_package", "settings", ABSENT, {"missing_module": "absent_package"}),
        ("from absent.sub import x", "settings", ABSENT, {"missing_module": "absent"}),
        ("import os; os.environ['SECRET_KEY']", "settings", "KeyError", {"missing_variable": "SECRET_KEY"}),
        ("{}['SECRET_KEY']", "settings", "KeyError", {"missing_variable": None, "message": "'SECRET_KEY'"}),
        ("def broken(:", "settings", "SyntaxError", {}),
        ("raise SystemExit(0)", "settings", "SystemExit", {"message": "sys.exit(0) was called"}),
        ("ALLOWED_HOSTS = 'example.com'", "settings", "ImproperlyConfigured", {}),
        ("input()", "settings", "EOFError", {}),
        ("open('/nonexistent')", "settings", "FileNotFoundError", {"errno": 2, "path": "/nonexistent"}),
        ("INSTALLED_APPS += ['absent_app']", "setup", ABSENT, {"missing_module": "absent_app"}),
        ("INSTALLED_APPS += ['mysite', 'mysite']", "setup", "ImproperlyConfigured", {}),
        (LOG_TO_NOWHERE, "setup", "ValueError", {"errno": 2, "path": "/nonexistent/x.log"}),
        ("MIDDLEWARE += ['absent_middleware.M']", "wsgi", ABSENT, {"missing_module": "absent_middleware"}),
        ("WSGI_APPLICATION = 'mysite.wsgii.app'", "wsgi", ABSENT, {"missing_module": "mysite.wsgii"}),
        ("WSGI_APPLICATION = 'mysite.wsgi.app'", "callable", "NoCallable", {"candidates": ["application"]}),
        ("ROOT_URLCONF = 'mysite.nourls'", "urls", ABSENT, {"missing_module": "mysite.nourls"}),
    ],
)
def test_settings_fail(python: str, tmp_path: Path, settings: str, stage: str, type_: str, more: dict[str, object]) -> None:
    found = inspect(python, django_project(tmp_path, settings + "\n"))
    assert (found["ok"], found["stage"], found["type"]) == (False, stage, type_)
    assert {key: found.get(key) for key in more} == more


def test_the_place_in_the_project_is_named(python: str, tmp_path: Path) -> None:
    found = inspect(python, django_project(tmp_path, urls=URLS + "from django.db import modells\n"))
    assert (found["stage"], found["type"]) == ("urls", "ImportError")
    assert (found["file"], found["line"]) == (str(tmp_path / "mysite" / "urls.py"), URLS.count("\n") + 1)
    assert "modells" in found["traceback"][-1]
    assert not any(str(INSIDE) in line or "importlib" in line for line in found["traceback"])
    # What was learned before the failure is there all the same.
    assert found["django"]["settings"] == "mysite.settings"


def test_a_missing_settings_module(python: str, tmp_path: Path) -> None:
    found = inspect(python, django_project(tmp_path), {"DJANGO_SETTINGS_MODULE": "mysite.prod"})
    assert (found["stage"], found["missing_module"]) == ("settings", "mysite.prod")


def test_an_asgi_application_as_wsgi_application(python: str, tmp_path: Path) -> None:
    asgi = WSGI.replace("wsgi", "asgi")
    project = write(django_project(tmp_path, "WSGI_APPLICATION = 'mysite.asgi.application'\n"), {"mysite/asgi.py": asgi})
    found = inspect(python, project)
    assert (found["stage"], found["type"]) == ("callable", "Asgi")


def test_a_hang_is_reported_with_its_place(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path, "import threading\nthreading.Event().wait()\n")
    found = inspect(python, project, timeout_s=8)
    assert (found["ok"], found["stage"], found["type"]) == (False, "settings", "Hang")
    settings = project / "mysite" / "settings.py"
    assert (found["file"], found["line"]) == (str(settings), len(settings.read_text().splitlines()))


def test_a_project_that_ends_the_process_gives_no_answer(python: str, tmp_path: Path) -> None:
    answer, done = run_script("inspect_project.py", python, django_project(tmp_path, "import os\nos._exit(7)\n"))
    assert (answer, done.returncode) == (None, 7)


def test_a_child_made_by_the_project_writes_nothing(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path, "import os\nif os.fork() == 0:\n    raise RuntimeError('child')\nos.wait()\n")
    assert inspect(python, project)["ok"] is True


def test_neither_settings_nor_manage_py_nor_target(python: str, tmp_path: Path) -> None:
    project = tmp_path / "empty"
    project.mkdir()
    found = inspect(python, project)
    assert (found["ok"], found["stage"], found["type"]) == (False, "settings", "NoSettings")


def test_a_copy_in_another_folder_works(python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copytree(INSIDE, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("support.inside_projects.INSIDE", copy)
    settings = f"import sys\nassert {os.fspath(copy)!r} not in sys.path, sys.path\nimport loading\n"
    found = inspect(python, django_project(tmp_path / "site", settings))
    assert found["missing_module"] == "loading"
