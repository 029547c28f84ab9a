"""The inspection of Django projects, run as it is in real use: a process of the project's Python."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.inside_projects import (
    INSIDE,
    MANAGE,
    PYTHONS,
    URLS,
    WSGI,
    clean_environ,
    django_project,
    inspect,
    target,
    write,
)

LOGGING = (
    "LOGGING = {{'version': 1, 'disable_existing_loggers': {disable}, "
    "'handlers': {{'c': {{'class': 'logging.{handler}'}}}}, 'root': {{'handlers': ['c']}}}}"
)
OTHER = "from mysite.settings import *\nDEBUG = True\n"


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_project_made_by_startproject(python: str, tmp_path: Path) -> None:
    subprocess.run(
        [python, "-m", "django", "startproject", "shop", str(tmp_path)], check=True, cwd=tmp_path, env=clean_environ()
    )
    found = inspect(python, tmp_path)
    assert found["ok"] is True
    assert found["framework"] == "django"
    django = found["django"]
    assert (django["settings"], django["settings_origin"]) == ("shop.settings", "manage.py")
    assert django["settings_file"] == str(tmp_path / "shop" / "settings.py")
    assert django["wsgi"] == {
        "module": "shop.wsgi",
        "file": "",
        "callable": "application",
        "origin": "WSGI_APPLICATION",
        "importable": True,
    }
    assert (django["debug"], django["allowed_hosts"], django["root_urlconf"]) == (True, [], "shop.urls")
    assert (django["static_url"], django["static_root"], django["staticfiles_installed"]) == ("/static/", "", True)
    assert (django["media_url"], django["media_url_set"], django["media_root"]) == ("/", False, "")
    assert django["databases"] == {"default": {"engine": "django.db.backends.sqlite3", "name": str(tmp_path / "db.sqlite3")}}
    assert found["callable"]["type"] == "django.core.handlers.wsgi.WSGIHandler"
    assert not [*tmp_path.rglob("*.pyc"), *INSIDE.glob("__pycache__/loading*")]


def test_nothing_confidential_leaves_the_project(python: str, tmp_path: Path) -> None:
    found = inspect(python, django_project(tmp_path))
    assert found["ok"] is True
    assert "very-secret" not in json.dumps(found)


@pytest.mark.parametrize(
    ("request_", "environ", "origin", "settings"),
    [
        ({"settings": "mysite.one", "dotenv_settings": "mysite.three"}, "mysite.two", "request", "mysite.one"),
        ({"dotenv_settings": "mysite.three"}, "mysite.two", "environment", "mysite.two"),
        ({"dotenv_settings": "mysite.three"}, "", ".env", "mysite.three"),
        ({}, "", "manage.py", "mysite.settings"),
    ],
)
def test_who_names_the_settings(
    python: str, tmp_path: Path, request_: dict[str, str], environ: str, origin: str, settings: str
) -> None:
    project = django_project(tmp_path)
    write(project, {f"mysite/{name}.py": OTHER for name in ("one", "two", "three")})
    found = inspect(python, project, {"DJANGO_SETTINGS_MODULE": environ} if environ else {}, **request_)
    assert (found["django"]["settings_origin"], found["django"]["settings"]) == (origin, settings)


def test_a_manage_py_that_overrides_the_environment_does_not_override_the_user(python: str, tmp_path: Path) -> None:
    project = django_project(
        tmp_path, manage=MANAGE.replace('setdefault("DJANGO_SETTINGS_MODULE", ', "update(DJANGO_SETTINGS_MODULE=")
    )
    write(project, {"mysite/one.py": OTHER})
    assert inspect(python, project, settings="mysite.one")["django"]["settings"] == "mysite.one"


@pytest.mark.parametrize(
    "manage",
    [
        pytest.param("import os\nprint('{\"ok\": false}')\n" + MANAGE, id="prints"),
        pytest.param(
            "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\n"
            "from django.core.management import ManagementUtility\nManagementUtility(sys.argv).execute()\n",
            id="ManagementUtility",
        ),
        pytest.param(
            MANAGE.replace(
                "    execute_from_command_line(sys.argv)",
                "    try:\n        execute_from_command_line(sys.argv)\n    except:\n        sys.exit('handled')",
            ),
            id="bare except",
        ),
        pytest.param(
            MANAGE.replace("execute_from_command_line(sys.argv)", "sys.exit(execute_from_command_line(sys.argv))"),
            id="exits",
        ),
        pytest.param("import sys\nif sys.argv[1] == 'test':\n    raise SystemExit('tests')\n" + MANAGE, id="needs argv[1]"),
        pytest.param(MANAGE.replace("if __name__ ==", "if True or"), id="no guard"),
        pytest.param(
            "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + MANAGE,
            id="leaves a thread",
        ),
        pytest.param("import atexit, time\natexit.register(time.sleep, 600)\n" + MANAGE, id="sleeps at exit"),
    ],
)
def test_odd_but_working_manage_py(python: str, tmp_path: Path, manage: str) -> None:
    found = inspect(python, django_project(tmp_path, manage=manage))
    assert found["ok"] is True, found
    assert found["django"]["settings"] == "mysite.settings"


def test_settings_chosen_by_argv(python: str, tmp_path: Path) -> None:
    chooser = "import sys\nname = 'mysite.tests' if 'test' in sys.argv else 'mysite.settings'\n"
    project = django_project(tmp_path, manage=chooser + MANAGE.replace('"mysite.settings"', "name"))
    assert inspect(python, project)["django"]["settings"] == "mysite.settings"


def test_what_manage_py_adds_is_told(python: str, tmp_path: Path) -> None:
    manage = (
        "import os, sys\nsys.path.append(os.path.join(os.getcwd(), 'apps'))\nos.environ['FROM_MANAGE'] = 'hidden'\n" + MANAGE
    )
    project = django_project(tmp_path, "import os, local_app\nos.environ['FROM_MANAGE']\n", manage=manage)
    write(project, {"apps/local_app.py": ""})
    found = inspect(python, project)
    assert found["ok"] is True
    assert (found["path_added"], found["environ_added"]) == ([str(project / "apps")], ["FROM_MANAGE"])
    assert "hidden" not in json.dumps(found)


def test_a_manage_py_below_the_project(python: str, tmp_path: Path) -> None:
    django_project(tmp_path / "src")
    found = inspect(python, tmp_path, manage=str(tmp_path / "src" / "manage.py"))
    assert found["django"]["settings_file"] == str(tmp_path / "src" / "mysite" / "settings.py")


def test_django_configurations(python: str, tmp_path: Path) -> None:
    probe = subprocess.run([python, "-c", "import configurations"], capture_output=True)
    if probe.returncode:
        pytest.skip("django-configurations is not installed in this Python")
    manage = MANAGE.replace("django.core", "configurations").replace(
        "    try:", '    os.environ.setdefault("DJANGO_CONFIGURATION", "Live")\n    try:', 1
    )
    project = django_project(tmp_path, manage=manage, wsgi=WSGI.replace("django.core", "configurations"))
    settings = (project / "mysite" / "settings.py").read_text()
    body = "".join(f"    {line}\n" for line in settings.splitlines()[2:])
    head = "from pathlib import Path\nfrom configurations import Configuration\nBASE_DIR = Path(__file__).parent.parent\n"
    write(
        project,
        {"mysite/settings.py": f"{head}class Base(Configuration):\n{body}class Live(Base):\n    ALLOWED_HOSTS = ['live']\n"},
    )
    found = inspect(python, project)
    assert found["ok"] is True, found
    assert (found["django"]["configuration"], found["django"]["allowed_hosts"]) == ("Live", ["live"])
    again = inspect(python, project, {"DJANGO_CONFIGURATION": "Base"}, manage="", settings="mysite.settings")
    assert again["django"]["allowed_hosts"] == ["example.com"]


def test_the_wsgi_module_is_found_without_wsgi_application(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path / "a", "del WSGI_APPLICATION\n")
    assert inspect(python, project)["django"]["wsgi"]["origin"] == "package"
    nested = django_project(tmp_path / "b", manage=MANAGE.replace("mysite.settings", "mysite.conf.live"))
    write(
        nested,
        {"mysite/conf/__init__.py": "", "mysite/conf/live.py": "from mysite.settings import *\nWSGI_APPLICATION = None\n"},
    )
    place = inspect(python, nested)["django"]["wsgi"]
    assert (place["module"], place["origin"]) == ("mysite.wsgi", "package")
    bare = django_project(tmp_path / "c", "WSGI_APPLICATION = None\n")
    (bare / "mysite" / "wsgi.py").unlink()
    found = inspect(python, bare)
    assert (found["ok"], found["django"]["wsgi"]["module"], found["django"]["wsgi"]["origin"]) == (True, "", "fallback")


def test_a_wsgi_module_that_would_choose_other_settings(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path, wsgi=WSGI.replace("mysite.settings", "mysite.live"))
    assert inspect(python, project)["django"]["wsgi_settings"] == "mysite.live"
    demanding = django_project(tmp_path / "x", wsgi="import os\nos.environ['DJANGO_SETTINGS_MODULE']\n" + WSGI)
    found = inspect(python, demanding)
    assert (found["ok"], found["django"]["wsgi_settings"]) == (True, "")


def test_a_target_wins_over_wsgi_application(python: str, tmp_path: Path) -> None:
    project = write(django_project(tmp_path), {"mysite/other.py": WSGI.replace("application =", "served =")})
    found = inspect(python, project, target=target("mysite.other", callable="served"))
    assert (found["django"]["wsgi"]["module"], found["callable"]["callable"]) == ("mysite.other", "served")


def test_a_wsgi_module_without_manage_py(python: str, tmp_path: Path) -> None:
    project = django_project(tmp_path)
    (project / "manage.py").unlink()
    found = inspect(python, project, target=target("mysite.wsgi"))
    assert (found["framework"], found["django"]["settings"]) == ("django", "mysite.settings")
    assert inspect(python, project, settings="mysite.settings")["django"]["wsgi"]["module"] == "mysite.wsgi"


def test_django_in_a_single_file(python: str, tmp_path: Path) -> None:
    text = (
        "from django.conf import settings\nsettings.configure(SECRET_KEY='x', ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'])\n"
        + URLS
        + "from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()\n"
    )
    project = write(tmp_path, {"hello.py": text})
    found = inspect(python, project, target=target(file=str(project / "hello.py")))
    assert found["ok"] is True, found
    assert (found["framework"], found["django"]["settings"], found["callable"]["callable"]) == ("django", "", "app")


@pytest.mark.parametrize(
    ("settings", "key", "value"),
    [
        (
            "class Hosts(list):\n    def __iter__(self):\n        return iter(['made.example'])\nALLOWED_HOSTS = Hosts()",
            "allowed_hosts",
            ["made.example"],
        ),
        (
            "from django.utils.functional import lazystr\nALLOWED_HOSTS = [lazystr('lazy.example')]",
            "allowed_hosts",
            ["lazy.example"],
        ),
        ("ALLOWED_HOSTS = ('a',)", "allowed_hosts", ["a"]),
        ("STATIC_ROOT = 'collected'", "static_root", "{project}/collected"),
        ("STATIC_ROOT = BASE_DIR / 'collected'", "static_root", "{project}/collected"),
        ("STATIC_URL = 'https://cdn.example/s/'", "static_url", "https://cdn.example/s/"),
        ("FORCE_SCRIPT_NAME = '/shop'", "static_url", "/shop/static/"),
        ("STATIC_URL = None", "static_url", ""),
        ("MEDIA_ROOT = BASE_DIR / 'media'", "media_root", "{project}/media"),
        (
            "SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')",
            "secure_proxy_ssl_header",
            ["HTTP_X_FORWARDED_PROTO", "https"],
        ),
        ("DATA_UPLOAD_MAX_MEMORY_SIZE = None", "data_upload_max_bytes", None),
        (
            "DATABASES['default']['NAME'] = 'postgres://u:p@h/db'",
            "databases",
            {"default": {"engine": "django.db.backends.sqlite3", "name": ""}},
        ),
        ("", "shows_errors", False),
        ("DEBUG = True", "shows_errors", True),
        (LOGGING.format(disable=False, handler="StreamHandler"), "shows_errors", True),
        # Without disable_existing_loggers: False, a LOGGING of one's own switches django.request off.
        (LOGGING.format(disable=True, handler="StreamHandler"), "shows_errors", False),
        (LOGGING.format(disable=False, handler="NullHandler"), "shows_errors", False),
        ("LOGGING_CONFIG = None", "shows_errors", True),
    ],
)
def test_settings_as_django_sees_them(python: str, tmp_path: Path, settings: str, key: str, value: object) -> None:
    project = django_project(tmp_path, settings + "\n")
    found = inspect(python, project, load=False)
    assert found["ok"] is True, found
    expected = value.format(project=project) if isinstance(value, str) else value
    assert found["django"][key] == expected


@pytest.mark.parametrize(
    ("backend", "manifest", "local"),
    [
        ("django.contrib.staticfiles.storage.StaticFilesStorage", False, True),
        ("django.contrib.staticfiles.storage.ManifestStaticFilesStorage", True, True),
        ("mysite.remote.Remote", False, False),
        ("mysite.absent.Storage", False, False),
    ],
)
def test_static_storage(python: str, tmp_path: Path, backend: str, manifest: bool, local: bool) -> None:
    remote = (
        "from django.core.files.storage import Storage\nclass Remote(Storage):\n    def __init__(self):\n        1 / 0\n"
    )
    default = "'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}"
    storages = f"STORAGES = {{{default}, 'staticfiles': {{'BACKEND': {backend!r}}}}}\n"
    project = write(django_project(tmp_path, storages), {"mysite/remote.py": remote})
    django = inspect(python, project, load=False)["django"]
    assert (django["static_storage"], django["static_storage_manifest"], django["static_storage_local"]) == (
        backend,
        manifest,
        local,
    )
    assert bool(django["static_storage_error"]) == ("absent" in backend)
