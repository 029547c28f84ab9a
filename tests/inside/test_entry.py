"""The entry module under a real uWSGI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.inside_projects import PYTHONS, URLS, WSGI, Served, django_project, refused, release, run_script, served, write

MANIFEST = (
    "STORAGES = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}, "
    "'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'}}\n"
)
SHOWS_NAME = (
    "from django.http import HttpResponse\nfrom django.templatetags.static import static\nfrom django.urls import path\n"
    "urlpatterns = [path('', lambda r: HttpResponse(static('site.css')))]\n"
)
NAMES = '{"version": "1.1", "paths": {"site.css": "site.%s.css"}, "hash": ""}'
LOGGING = (
    "LOGGING = {'version': 1, 'disable_existing_loggers': False, "
    "'root': {'handlers': ['c']}, 'handlers': {'c': {'class': 'logging.StreamHandler'}}}\n"
)
#: An application that answers with a Python expression of the environment's query.
EVAL = """\
import gc, os, sys
START = dict(os.environ)
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    from urllib.parse import unquote
    return [repr(eval(unquote(environ["QUERY_STRING"]))).encode()]
"""


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


def django_release(folder: Path, project: Path, **config: Any) -> Path:
    base = {"module": "mysite.wsgi", "settings": "mysite.settings", "framework": "django"}
    return release(folder, project, **{**base, **config})


def reports(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith('{"t"')]


@pytest.mark.parametrize("way", ["module", "file"])
def test_plain_wsgi(python: str, tmp_path: Path, way: str) -> None:
    project = write(tmp_path / "site", {"sub/hello.py": EVAL + "import neighbour\n", "sub/neighbour.py": ""})
    named = {"module": "hello", "python_path": [str(project / "sub")]}
    entry = release(tmp_path / "r", project, **(named if way == "module" else {"file": str(project / "sub" / "hello.py")}))
    with served(python, entry, project) as site:
        assert site.get("/?__name__") == (200, "'hello'")
        assert site.get("/?sys.modules['hello'].__file__")[1] == repr(str(project / "sub" / "hello.py"))
        assert site.get("/?gc.get_freeze_count()>1000") == (200, "True")
        assert site.get("/?os.getcwd()")[1] == repr(str(project))


@pytest.mark.parametrize(
    ("text", "callable_"),
    [
        ("class Box:\n    pass\nbox = Box()\nbox.inner = application\n", "box.inner"),
        ("def make():\n    return application\n", "make()"),
        (
            "class app:\n    def __init__(self, *args):\n        self.parts = application(*args)\n"
            "    def __iter__(self):\n        return iter(self.parts)\n",
            "app",
        ),
    ],
)
def test_callables_of_every_kind(python: str, tmp_path: Path, text: str, callable_: str) -> None:
    project = write(tmp_path / "site", {"hello.py": EVAL + text})
    with served(python, release(tmp_path / "r", project, module="hello", callable=callable_), project) as site:
        assert site.get("/?1+1") == (200, "2")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("import absent_package\n", "ModuleNotFoundError: No module named 'absent_package'"),
        ("application = 'text'\n", "application in hello is a str, which cannot be called"),
        ("async def application(scope, receive, send):\n    pass\n", "application in hello is an ASGI application"),
        (
            "class A:\n    async def __call__(self, scope, receive, send):\n        pass\napplication = A()\n",
            "is an ASGI application",
        ),
        ("import sys\nsys.exit(0)\n", "the application called sys.exit(0) while it was loaded"),
        ("x = 1\n", "AttributeError: module 'hello' has no attribute 'application'"),
    ],
)
def test_what_does_not_load_stops_uwsgi_with_its_own_traceback(python: str, tmp_path: Path, text: str, part: str) -> None:
    project = write(tmp_path / "site", {"hello.py": text})
    log = refused(python, release(tmp_path / "r", project, module="hello"), project)
    assert part in log
    assert "Traceback (most recent call last)" in log


def test_django(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site")
    with served(python, django_release(tmp_path / "r", project), project) as site:
        assert site.get("/") == (200, "hello")
        assert site.get("/", Host="other.example")[0] == 400
        assert site.get("/boom/?token=in-the-query", Cookie="sessionid=in-the-cookie", X_Request_ID="abc-1")[0] == 500
        log = site.log
    (report,) = reports(log)
    assert (report["rid"], report["level"], report["logger"], report["path"]) == (
        "abc-1",
        "ERROR",
        "django.request",
        "/boom/",
    )
    assert report["exc"].startswith("Traceback (most recent call last):\n")
    assert report["exc"].rstrip().endswith("ValueError: boom")
    assert "local-secret" in (project / "mysite" / "urls.py").read_text()
    assert not {"in-the-query", "in-the-cookie"} & set(report["exc"].replace("=", " ").split())


def test_django_without_a_wsgi_module(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site")
    (project / "mysite" / "wsgi.py").unlink()
    with served(python, django_release(tmp_path / "r", project, module=""), project) as site:
        assert site.get("/") == (200, "hello")


def test_the_plans_settings_win_over_the_wsgi_modules_default(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", wsgi=WSGI.replace("mysite.settings", "mysite.absent"))
    with served(python, django_release(tmp_path / "r", project), project) as site:
        assert site.get("/") == (200, "hello")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("DEBUG = True\n", id="debug"),
        pytest.param(LOGGING, id="console handler"),
    ],
)
def test_no_report_where_django_shows_the_error_itself(python: str, tmp_path: Path, settings: str) -> None:
    project = django_project(tmp_path / "site", settings)
    with served(python, django_release(tmp_path / "r", project), project) as site:
        assert site.get("/boom/")[0] == 500
        log = site.log
    assert reports(log) == []
    assert "ValueError: boom" in log


def test_a_logging_that_switches_the_request_logger_off(python: str, tmp_path: Path) -> None:
    settings = LOGGING.replace("False", "True")
    project = django_project(tmp_path / "site", settings)
    with served(python, django_release(tmp_path / "r", project), project) as site:
        site.get("/boom/")
        log = site.log
    assert len(reports(log)) == 1


def test_a_broken_urlconf_stops_uwsgi(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", urls=URLS + "from absent_package import view\n")
    log = refused(python, django_release(tmp_path / "r", project), project)
    assert "No module named 'absent_package'" in log
    assert str(project / "mysite" / "urls.py") in log


@pytest.mark.parametrize("preload", [True, False])
def test_preload_decides_who_imports_the_urlconf(python: str, tmp_path: Path, preload: bool) -> None:
    urls = "import os\nIMPORTER = os.getpid()\n" + URLS.replace('"hello"', "str(IMPORTER == os.getpid())")
    project = django_project(tmp_path / "site", urls=urls)
    with served(python, django_release(tmp_path / "r", project, preload=preload), project) as site:
        assert site.get("/") == (200, str(not preload))


def test_manifest_files_without_static_root(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "site", "STATICFILES_DIRS = [BASE_DIR / 'assets']\n" + MANIFEST, urls=SHOWS_NAME)
    write(project, {"assets/site.css": "body {}"})
    out = tmp_path / "collected"
    answer, _ = run_script("collect_static.py", python, project, destination=str(out))
    assert answer and answer["ok"]
    with served(python, django_release(tmp_path / "r", project, static_root=str(out)), project) as site:
        status, url = site.get("/")
    assert status == 200, site.log
    assert url.startswith("/static/site.") and url != "/static/site.css"
    assert (out / url.rpartition("/")[2]).exists()


def test_hashed_names_are_read_before_the_fork_and_stay_those_of_the_release(python: str, tmp_path: Path) -> None:
    out = tmp_path / "collected"
    out.mkdir()
    write(out, {"staticfiles.json": NAMES % "old"})
    project = django_project(tmp_path / "site", f"STATIC_ROOT = {str(out)!r}\n" + MANIFEST, urls=SHOWS_NAME)
    with served(python, django_release(tmp_path / "r", project), project) as site:
        write(out, {"staticfiles.json": NAMES % "new"})
        assert site.get("/") == (200, "/static/site.old.css"), site.log


def test_hashed_names_that_are_being_collected_are_waited_for(python: str, tmp_path: Path) -> None:
    out, marker = tmp_path / "collected", tmp_path / "r" / "collecting"
    done = (
        "import os, time\ndef collected(_):\n"
        f"    with open({str(out / 'staticfiles.json')!r}, 'w') as file:\n        file.write({NAMES % 'new'!r})\n"
        f"    os.unlink({str(marker)!r})\ntime.sleep = collected\n"
    )
    project = django_project(tmp_path / "site", MANIFEST, urls=done + SHOWS_NAME)
    out.mkdir()
    folder = django_release(tmp_path / "r", project, static_root=str(out))
    marker.touch()
    with served(python, folder, project) as site:
        assert site.get("/") == (200, "/static/site.new.css"), site.log


def test_a_connection_opened_while_loading_is_not_shared(python: str, tmp_path: Path) -> None:
    ready = (
        "from django.apps import AppConfig\nclass Config(AppConfig):\n    name = 'mysite'\n    def ready(self):\n"
        "        from django.db import connection\n        connection.cursor().execute('select 1')\n"
    )
    urls = (
        "from django.db import connection\nfrom django.http import HttpResponse\nfrom django.urls import path\n"
        "urlpatterns = [path('', lambda r: HttpResponse(str(connection.connection is None)))]\n"
    )
    project = django_project(tmp_path / "site", "INSTALLED_APPS += ['mysite.apps.Config']\n", urls=urls)
    write(project, {"mysite/apps.py": ready})
    with served(python, django_release(tmp_path / "r", project), project) as site:
        assert site.get("/") == (200, "True")


def test_many_errors_at_once_stay_one_line_each(python: str, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    urls = URLS.replace('raise ValueError("boom")', 'raise ValueError("boom " * 2000)')
    project = django_project(tmp_path / "site", urls=urls)
    with served(python, django_release(tmp_path / "r", project), project) as site:

        def ask(number: int, site: Served = site) -> int:
            return site.get("/boom/", X_Request_ID=f"n{number}")[0]

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(40))) == {500}
        log = site.log
    assert sorted(report["rid"] for report in reports(log)) == sorted(f"n{number}" for number in range(40))


def test_a_load_that_takes_long_says_where_it_is_and_goes_on(python: str, tmp_path: Path) -> None:
    # It goes on as soon as it was told where it is.
    told = f"' in connect' not in open({str(tmp_path / 'r' / 'uwsgi.log')!r}).read()"
    connect = f"import time\ndef connect():\n    while {told}: time.sleep(0.02)\n"
    project = write(tmp_path / "site", {"db.py": connect, "hello.py": "import db\ndb.connect()\n" + EVAL})
    with served(python, release(tmp_path / "r", project, module="hello", load_limit_s=4), project) as site:
        assert site.get("/?1+1") == (200, "2")
        log = site.log
    assert log.count("Timeout (0:00:03.600000)!") == 1
    assert f'File "{project / "db.py"}", line 3 in connect' in log


@pytest.mark.parametrize("text", [EVAL, "raise ValueError('boom')\n"], ids=["loads", "fails"])
def test_a_load_that_ends_in_time_leaves_no_stacks(python: str, tmp_path: Path, text: str) -> None:
    project = write(tmp_path / "site", {"hello.py": text})
    entry = release(tmp_path / "r", project, module="hello", load_limit_s=3)
    if text != EVAL:
        assert "Timeout (" not in refused(python, entry, project)
        return
    with served(python, entry, project) as site:
        assert site.get("/?__import__('time').sleep(3)") == (200, "None")
        assert "Timeout (" not in site.log
