"""Applications that cannot be loaded: each is told from the others, with its place and what would help."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.examined import answer, examine, mode, stranger
from support.inside_projects import SETTINGS, URLS, WSGI, django_project, write

PARTS = ["python", "load"]
GOOD = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n"


def test_an_application_that_loads(tmp_path: Path) -> None:
    found = examine(django_project(tmp_path / "site"), parts=PARTS)
    load = found.load
    assert (load.ok, load.kind, load.callables, load.django) == (True, "", ("application",), True)
    assert load.type == "django.core.handlers.wsgi.WSGIHandler"
    assert load.settings == "mysite.settings"
    assert load.environ_missing == ()
    assert found.python.ok is True
    # What was not asked for could not be told.
    assert (found.call.ok, found.database.ok) == (None, None)


@pytest.mark.parametrize(
    ("files", "request_", "kind", "part"),
    [
        pytest.param({}, {"module": "mysit.wsgi"}, "module-not-found", "mysit", id="wsgi-module-not-found"),
        pytest.param({}, {"module": "mysite.wsgii"}, "module-not-found", "mysite.wsgii", id="no such module in the package"),
        pytest.param({}, {"file": "mysite/wsgii.py"}, "file-missing", "wsgii.py", id="wsgi-file-missing"),
        pytest.param({"mysite/wsgi.py": "import rest_frame\n"}, {}, "missing-dependency", "rest_frame", id="dependency"),
        pytest.param({"mysite/wsgi.py": "import mysite.other\n"}, {}, "missing-dependency", "mysite.other", id="own"),
        pytest.param(
            {"mysite/wsgi.py": GOOD}, {"callable": "app"}, "wrong-callable", "has no app", id="wsgi-wrong-callable"
        ),
        pytest.param(
            {"mysite/wsgi.py": "application = 'x'"}, {}, "not-callable", "is a str", id="wsgi-callable-not-callable"
        ),
        pytest.param(
            {"mysite/wsgi.py": "def make(): pass\n"}, {"callable": "make"}, "wrong-arguments", "make in", id="a factory"
        ),
        pytest.param(
            {"mysite/wsgi.py": "async def application(scope, receive, send): pass"}, {}, "asgi", "ASGI", id="wsgi-asgi-app"
        ),
        pytest.param({"mysite/wsgi.py": "def broken(:\n"}, {}, "syntax", "invalid syntax", id="syntax"),
        pytest.param({"mysite/wsgi.py": "raise ValueError('boom')"}, {}, "exception", "boom", id="exception"),
        pytest.param({"mysite/wsgi.py": "import sys; sys.exit(4)"}, {}, "exit", "sys.exit(4)", id="exit"),
    ],
)
def test_kinds(tmp_path: Path, files: dict[str, str], request_: dict[str, str], kind: str, part: str) -> None:
    project = write(django_project(tmp_path / "site"), files)
    load = examine(project, parts=PARTS, **request_).load
    assert (load.ok, load.kind) == (False, kind)
    assert part in load.failure.says


@pytest.mark.parametrize(
    ("settings", "environ", "kind", "stage", "message"),
    [
        ("import os; os.environ['DJANGO_SECRET']", {}, "missing-variable", "settings", "DJANGO_SECRET"),
        ("", {"DJANGO_SETTINGS_MODULE": "mysite.prod"}, "settings", "settings", "mysite.prod"),
        (
            "from django.core.exceptions import ImproperlyConfigured as E\nraise E('Set the DB_URL environment variable')",
            {},
            "missing-variable",
            "settings",
            "DB_URL",
        ),
        ("ALLOWED_HOSTS = 'x'", {}, "settings", "settings", "ALLOWED_HOSTS"),
        ("1 / 0", {}, "exception", "settings", "division"),
        ("INSTALLED_APPS += ['rest_frame']", {}, "missing-dependency", "setup", "rest_frame"),
        ("MIDDLEWARE += ['absent.Middleware']", {}, "missing-dependency", "import", "absent"),
    ],
)
def test_settings(tmp_path: Path, settings: str, environ: dict[str, str], kind: str, stage: str, message: str) -> None:
    project = django_project(tmp_path / "site", settings + "\n")
    found = examine(project, environ)
    assert (found.load.ok, found.load.kind, found.load.stage) == (False, kind, stage)
    assert message in found.load.failure.message
    # Other parts say that they could not tell, or tell what they can; none of them claims to be well.
    assert found.call.ok is None
    assert found.call.reason == "the application could not be loaded"


def test_settings_that_nobody_named(tmp_path: Path) -> None:
    wsgi = WSGI.replace('os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")', "")
    load = examine(django_project(tmp_path / "site", wsgi=wsgi), parts=PARTS).load
    assert (load.kind, load.stage, load.environ_missing) == ("settings", "settings", ("DJANGO_SETTINGS_MODULE",))
    assert "settings are not configured" in load.failure.message


def test_the_variables_that_were_looked_for(tmp_path: Path) -> None:
    settings = (
        "import os, asyncio\nA = os.environ.get('NOT_THERE', 'x')\nB = os.getenv('ALSO_NOT')\nC = os.environ['THERE']\n"
    )
    load = examine(django_project(tmp_path / "site", settings), {"THERE": "1"}, parts=PARTS).load
    assert load.ok is True
    assert load.environ_missing == ("NOT_THERE", "ALSO_NOT")


def test_the_places_are_named_in_full(tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", "def read():\n    return {}['KEY']\nread()\n")
    failure = examine(project, parts=PARTS).load.failure
    count = SETTINGS.count("\n")
    frame = failure.frame
    assert frame is not None
    settings = project / "mysite" / "settings.py"
    assert (frame.where, frame.function, frame.code) == (f"{settings}:{count + 2}", "read", "return {}['KEY']")
    assert failure.last == frame
    assert failure.missing_variable == ""
    assert len(failure.traceback) <= 20
    assert failure.traceback[-1] == "KeyError: 'KEY'"


def test_a_hang_is_named_and_the_rest_is_told(tmp_path: Path) -> None:
    project = write(django_project(tmp_path / "site"), {"mysite/wsgi.py": "import threading\nthreading.Event().wait()\n"})
    found = examine(project, timeout_s=8)
    assert (found.load.ok, found.load.kind, found.load.limit_s) == (False, "hang", pytest.approx(5.6))
    assert found.load.failure.frame is not None
    assert found.load.failure.frame.where == f"{project}/mysite/wsgi.py:2"
    assert (found.unfinished, found.media.ok) == ("", True)


def test_a_hang_that_catches_everything(tmp_path: Path) -> None:
    stubborn = "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass\n"
    project = write(django_project(tmp_path / "site"), {"mysite/wsgi.py": stubborn})
    found = examine(project, timeout_s=8)
    assert (found.load.ok, found.load.kind) == (False, "hang")
    assert found.load.failure.frame is not None
    assert found.load.failure.frame.file == f"{project}/mysite/wsgi.py"


def test_a_process_that_ends_itself_leaves_what_was_known(tmp_path: Path) -> None:
    project = write(django_project(tmp_path / "site"), {"mysite/wsgi.py": "import os\nos._exit(9)\n"})
    found, done = answer(project)
    assert done.returncode == 9
    assert found is not None
    assert (found["unfinished"], found["python"]["ok"]) == ("load", True)


def test_a_crash_says_where_it_was(tmp_path: Path) -> None:
    crash = "import os, signal\ndef crash():\n    os.kill(os.getpid(), signal.SIGSEGV)\ncrash()\n"
    project = write(django_project(tmp_path / "site"), {"mysite/wsgi.py": crash})
    found, done = answer(project)
    assert found is not None
    assert found["unfinished"] == "load"
    assert done.returncode < 0
    assert f'File "{project}/mysite/wsgi.py", line 3 in crash' in done.stderr


def test_a_child_of_the_project_does_not_answer(tmp_path: Path) -> None:
    fork = "import os\nif os.fork() == 0:\n    raise RuntimeError('child')\nos.wait()\n" + GOOD
    assert examine(write(django_project(tmp_path / "site"), {"mysite/wsgi.py": fork}), parts=PARTS).load.ok is True


def test_what_exists_only_inside_uwsgi(tmp_path: Path) -> None:
    project = write(django_project(tmp_path / "site"), {"mysite/wsgi.py": "import uwsgi\n" + GOOD})
    load = examine(project, parts=PARTS).load
    assert load.ok is None
    assert "only inside uWSGI" in load.reason


def test_a_file_and_a_factory(tmp_path: Path) -> None:
    project = write(tmp_path / "site", {"app.py": "def make():\n    return run\n" + GOOD.replace("application", "run")})
    load = examine(project, file="app.py", callable="make()", parts=PARTS).load
    assert (load.ok, load.type, load.django) == (True, "function", False)


def test_a_module_of_the_project_that_hides_the_standard_library(tmp_path: Path) -> None:
    project = write(django_project(tmp_path / "site"), {"logging.py": "x = 1\n", "turtle.py": "", "mysite/json.py": ""})
    found = examine(project, parts=PARTS)
    # Our own use of logging must not keep Django from getting what it would get in uWSGI.
    assert (found.load.ok, found.python.ok) == (False, False)
    assert "logging" in found.load.failure.message
    by_name = {shadow.name: shadow for shadow in found.python.shadows}
    assert set(by_name) == {"logging", "turtle"}
    assert (by_name["logging"].file, by_name["logging"].loaded) == (str(project / "logging.py"), True)
    assert by_name["logging"].hidden.endswith("logging/__init__.py")
    assert by_name["turtle"].loaded is False


def test_folders_of_the_path_that_are_not_there(tmp_path: Path) -> None:
    project = django_project(tmp_path / "site")
    python = examine(project, python_path=[str(project), "/nonexistent/apps"], parts=PARTS).python
    assert (python.ok, python.path_missing) == (False, ("/nonexistent/apps",))


def test_the_missing_module_is_in_another_environment(tmp_path: Path) -> None:
    project = write(
        django_project(tmp_path / "site", "import restframe\n"),
        {"venv/pyvenv.cfg": "", "venv/lib/python3.9/site-packages/restframe/__init__.py": ""},
    )
    load = examine(project, parts=PARTS).load
    assert (load.kind, load.failure.missing_module) == ("missing-dependency", "restframe")
    assert [(entry.python, entry.readable) for entry in load.elsewhere] == [("3.9", True)]
    assert load.elsewhere[0].path == str(project / "venv/lib/python3.9/site-packages/restframe")


def test_a_package_that_this_account_may_not_enter() -> None:
    with stranger() as (other, folder):
        project = django_project(folder / "site")
        with mode(project / "mysite", 0o700 if other.user else 0):
            load = other.examine(project, parts=PARTS).load
    # To Python the module simply is not there.
    assert (load.kind, load.failure.missing_module) == ("module-not-found", "mysite.wsgi")
    assert [(entry.path, entry.mode) for entry in load.closed] == [(f"{project}/mysite", "0700" if other.user else "0000")]


def test_a_folder_above_that_this_account_may_not_enter() -> None:
    with stranger() as (other, folder):
        project = django_project(folder / "home" / "apps" / "site")
        with mode(folder / "home", 0o700 if other.user else 0):
            load = other.examine(write(folder / "cwd", {"x": ""}), python_path=[str(project)], parts=PARTS).load
    assert (load.kind, load.failure.missing_module) == ("module-not-found", "mysite")
    assert [entry.path for entry in load.closed] == [str(folder / "home")]


def test_a_file_that_this_account_may_not_read() -> None:
    with stranger() as (other, folder):
        project = django_project(folder / "site")
        with mode(project / "mysite" / "wsgi.py", 0o600 if other.user else 0):
            load = other.examine(project, parts=PARTS).load
            by_file = other.examine(project, file="mysite/wsgi.py", parts=PARTS).load
    assert (load.kind, by_file.kind) == ("unreadable", "unreadable")
    assert load.failure.path == str(project / "mysite" / "wsgi.py")


def test_the_urlconf_that_django_imports_late(tmp_path: Path) -> None:
    found = examine(django_project(tmp_path / "site", urls=URLS + "from django.db import modells\n"))
    assert found.load.ok is True
    assert (found.django.ok, found.django.urlconf.ok) == (False, False)
    failure = found.django.urlconf.failure
    assert failure is not None
    assert failure.frame is not None
    assert failure.frame.file.endswith("mysite/urls.py")
    # The checks that do not need it are there all the same.
    assert any("modells" in one.message for one in found.checks.raised)
    assert any(message.id.startswith("security.") for message in found.checks.messages)
    # Django needs the URLconf for its error page as well, so that the exception reaches the server.
    assert (found.call.ok, [problem.kind for problem in found.call.problems]) == (False, ["raised"])
    assert "modells" in found.call.problems[0].message
