"""Small projects on disk, and the way to run an `inside` script on them in a Python of one's choice."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INSIDE = Path(__file__).parents[2] / "src" / "portico" / "inside"

#: Interpreters the scripts are tried in: `PORTICO_TEST_PYTHONS=/a/bin/python:/b/bin/python`, each with a Django.
PYTHONS = [path for path in os.environ.get("PORTICO_TEST_PYTHONS", "").split(os.pathsep) if path] or [sys.executable]

MANAGE = """\
import os, sys
def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as exc:
        raise ImportError("Couldn't import Django.") from exc
    execute_from_command_line(sys.argv)
if __name__ == "__main__":
    main()
"""

SETTINGS = """\
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "very-secret-key"
DEBUG = False
ALLOWED_HOSTS = ["example.com"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3",
                         "PASSWORD": "very-secret-password"}}
STATIC_URL = "static/"
USE_TZ = True
"""

WSGI = """\
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
application = get_wsgi_application()
"""

URLS = """\
import sys
from django.http import HttpResponse
from django.urls import path
def hello(request):
    return HttpResponse("hello")
def boom(request):
    password = "local-secret"
    raise ValueError("boom")
urlpatterns = [path("", hello), path("boom/", boom)]
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def django_project(folder: Path, settings: str = "", **replaced: str) -> Path:
    """A minimal project named `mysite`; `settings` is added to its settings, other keywords replace whole files."""
    files = {
        "manage.py": replaced.get("manage", MANAGE),
        "mysite/__init__.py": "",
        "mysite/settings.py": replaced.get("settings_file", SETTINGS) + settings,
        "mysite/wsgi.py": replaced.get("wsgi", WSGI),
        "mysite/urls.py": replaced.get("urls", URLS),
    }
    return write(folder, files)


def clean_environ(**added: str) -> dict[str, str]:
    own = ("DJANGO_", "PYTHONPATH", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE", "COV_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {**kept, **added}


def run_script(
    script: str, python: str, project: Path, environ: dict[str, str] | None = None, **request: Any
) -> tuple[dict[str, Any] | None, subprocess.CompletedProcess[str]]:
    """The script's answer and what its process did. manage.py is named if there is one."""
    manage = project / "manage.py"
    full = {
        "out": str(project.parent / f"{project.name}-answer.json"),
        "project": str(project),
        "manage": str(manage) if manage.exists() else "",
        "settings": "",
        "dotenv_settings": "",
        "target": None,
        "python_path": [],
        "timeout_s": 60,
        **request,
    }
    asked = project.parent / f"{project.name}-request.json"
    asked.write_text(json.dumps(full), encoding="utf-8")
    answer = Path(full["out"])
    answer.unlink(missing_ok=True)
    done = subprocess.run(
        [python, str(INSIDE / script), str(asked)],
        cwd=project,
        env=clean_environ(**(environ or {})),
        capture_output=True,
        text=True,
        timeout=90,
        stdin=subprocess.DEVNULL,
    )
    return (json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else None), done


def inspect(python: str, project: Path, environ: dict[str, str] | None = None, **request: Any) -> dict[str, Any]:
    answer, done = run_script("inspect_project.py", python, project, environ, **request)
    assert answer is not None, done
    return answer


def target(module: str = "", file: str = "", callable: str = "") -> dict[str, str]:
    return {"module": module, "file": file, "callable": callable}


def release(folder: Path, project: Path, **config: Any) -> Path:
    """A release folder with `entry.py` and its `entry.json`; returns the path of entry.py."""
    full = {
        "project": str(project),
        "python_path": [str(project)],
        "module": "",
        "file": "",
        "callable": "application",
        "settings": "",
        "static_root": "",
        "framework": "wsgi",
        "preload": True,
        **config,
    }
    scripts = {name: (INSIDE / name).read_text(encoding="utf-8") for name in ("entry.py", "request_body.py")}
    write(folder, {**scripts, "entry.json": json.dumps(full)})
    return folder / "entry.py"


@dataclass
class Served:
    """A running uWSGI: `get` answers (status, body), `log` is all it wrote."""

    port: int
    path: Path

    @property
    def log(self) -> str:
        return self.path.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            sent = {"Host": "example.com", **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request("GET", path, headers=sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


def start_uwsgi(python: str, entry: Path, project: Path, environ: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """uWSGI as Portico runs it, on a port of the kernel's choice; it writes to `uwsgi.log` beside the entry."""
    options = [
        "--http-socket",
        "127.0.0.1:0",
        "--master",
        "--die-on-term",
        "--need-app",
        "--processes",
        "2",
        "--threads",
        "2",
    ]
    with (entry.parent / "uwsgi.log").open("wb") as log:
        return subprocess.Popen(
            [python, "-c", "import pyuwsgi; pyuwsgi.run()", *options, "--chdir", str(project), "--wsgi-file", str(entry)],
            cwd=project,
            env=clean_environ(PYTHONUNBUFFERED="1", **(environ or {})),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextlib.contextmanager
def served(python: str, entry: Path, project: Path, environ: dict[str, str] | None = None) -> Iterator[Served]:
    """A uWSGI that has loaded `entry`; fails with its log if it does not."""
    process = start_uwsgi(python, entry, project, environ)
    path = entry.parent / "uwsgi.log"
    try:
        deadline = time.monotonic() + 60
        while "spawned uWSGI worker 2" not in (text := path.read_text(errors="replace")):
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.02)
        port = re.search(r"bound to TCP address 127\.0\.0\.1:(\d+)", text)
        assert port, text
        yield Served(int(port[1]), path)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def refused(python: str, entry: Path, project: Path, environ: dict[str, str] | None = None) -> str:
    """The log of a uWSGI that must not come up."""
    process = start_uwsgi(python, entry, project, environ)
    try:
        assert process.wait(timeout=60) == 22, (entry.parent / "uwsgi.log").read_text()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return (entry.parent / "uwsgi.log").read_text(errors="replace")
