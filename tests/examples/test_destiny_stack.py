"""The sample project behind a real nginx and a real uWSGI, as `make demo` leaves it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener

import pytest

CHECKOUT = Path(__file__).parents[2]
MADE = shutil.ignore_patterns("__pycache__", "db.sqlite3*", "secret-key*", "media", ".portico")


def run(*call: str) -> subprocess.CompletedProcess[str]:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("DESTINY_", "DATABASE_", "DJANGO_"))
    }
    return subprocess.run(call, env=environ, capture_output=True, text=True, timeout=180)


def portico(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "portico", "-C", str(project), *arguments)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sample, migrated and up, in a folder with a hard name."""
    copy = tmp_path_factory.mktemp("it's a demo") / "destiny"
    shutil.copytree(CHECKOUT / "examples" / "destiny", copy, ignore=MADE)
    migrated = run(sys.executable, str(copy / "manage.py"), "migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    as_root = ["--allow-root-app"] if os.geteuid() == 0 else []
    try:
        up = portico(copy, "up", "-d", "--listen", "auto", *as_root)
        assert up.returncode == 0, up.stdout + up.stderr
        yield copy
    finally:
        state = (copy / ".portico" / "log").resolve().parent
        down = portico(copy, "down")
        shutil.rmtree(state, ignore_errors=True)  # root's stack keeps it outside the project
    assert down.returncode == 0, down.stdout + down.stderr


@pytest.fixture(scope="module")
def url(project: Path) -> str:
    return str(json.loads(portico(project, "status", "--json").stdout)["result"]["url"])


@pytest.fixture
def browser() -> OpenerDirector:
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))


def test_show_request_tells_the_way_of_a_view_and_of_a_file(project: Path) -> None:
    done = run(sys.executable, str(CHECKOUT / "scripts" / "show_request"), str(project))
    assert done.returncode == 0, done.stdout + done.stderr
    view, file, then = re.split(r"\n\n", done.stdout.strip())
    hops = re.findall(r"^    (\w+)", view, re.MULTILINE)
    assert hops == ["client", "nginx", "uwsgi", "wsgi", "django", "uwsgi", "nginx", "client"]
    assert "destiny.wsgi" in view
    assert "has 200 with the same id" in view
    assert re.findall(r"^    (\w+)", file, re.MULTILINE) == ["client", "nginx", "client"]
    assert "uWSGI never hears of it" in file
    assert re.search(r"has 200 with the same id, text/css.*max-age=31536000, immutable", file)
    assert f"portico -C {project} logs -f" in then


def test_show_request_where_nothing_runs(tmp_path: Path) -> None:
    done = run(sys.executable, str(CHECKOUT / "scripts" / "show_request"), str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("show_request: nothing is running for ")


def test_an_upload_goes_in_through_django_and_comes_out_through_nginx(url: str, browser: OpenerDirector) -> None:
    page = browser.open(url, timeout=30).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    parts = (
        f'--cut\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token[1]}\r\n'
        '--cut\r\nContent-Disposition: form-data; name="note"\r\n\r\nthe whole way\r\n'
        '--cut\r\nContent-Disposition: form-data; name="file"; filename="way.txt"\r\n\r\nthere and back\r\n--cut--\r\n'
    )
    header = {"Content-Type": "multipart/form-data; boundary=cut"}
    after = browser.open(Request(f"{url}uploads/", parts.encode(), header), timeout=30).read().decode()
    assert "the whole way" in after
    link = re.search(r'href="/(media/uploads/[^"]+/way\.txt)"', after)
    assert link
    with browser.open(url + link[1], timeout=30) as answer:
        assert answer.read() == b"there and back"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "nginx"


def test_a_stream_arrives_line_by_line(url: str, browser: OpenerDirector) -> None:
    with browser.open(f"{url}stream/", timeout=30) as answer:
        lines = [answer.readline() for _ in range(10)]
    assert lines[0] == b"line 1 of 10\n"
    assert lines[-1] == b"line 10 of 10\n"


def test_a_view_that_raises_leaves_its_traceback_in_the_logs(project: Path, url: str, browser: OpenerDirector) -> None:
    with pytest.raises(HTTPError) as caught:
        browser.open(f"{url}boom/", timeout=30)
    with caught.value as answer:
        assert answer.status == 500
    assert "this view raises on purpose" in portico(project, "logs").stdout
