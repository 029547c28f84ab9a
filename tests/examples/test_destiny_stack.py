"""The sample project behind a real nginx and a real uWSGI, as `make demo` leaves it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener
from venv import EnvBuilder

import pytest

CHECKOUT = Path(__file__).parents[2]
OWN = ("__pycache__", "db.sqlite3*", "secret-key*", "media", ".portico", ".ruff_cache")
MADE = shutil.ignore_patterns(*OWN)


def run(*call: str) -> subprocess.CompletedProcess[str]:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("DESTINY_", "DATABASE_", "DJANGO_"))
    }
    return subprocess.run(call, env=environ, capture_output=True, text=True, timeout=180)


def portico(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "portico", "-C", str(project), *arguments)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `portico demo` told that made the sample and started it, in a folder with a hard name."""
    folder = tmp_path_factory.mktemp("it's a demo")
    copy = folder / "destiny"
    try:
        done = portico(folder, "demo", "destiny", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        yield json.loads(done.stdout)["result"]
    finally:
        state = (copy / ".portico" / "log").resolve().parent
        down = portico(copy, "down")
        shutil.rmtree(state, ignore_errors=True)  # root's stack keeps it outside the project
    assert down.returncode == 0, down.stdout + down.stderr


@pytest.fixture(scope="module")
def project(first: dict[str, Any]) -> Path:
    return Path(first["project"])


@pytest.fixture(scope="module")
def url(first: dict[str, Any]) -> str:
    return str(first["url"])


@pytest.fixture
def browser() -> OpenerDirector:
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))


def test_two_requests_are_traced_and_what_to_try_next_is_said(first: dict[str, Any]) -> None:
    view, file = first["traces"]
    assert [hop["hop"] for hop in view["hops"]] == ["client", "nginx", "uwsgi", "wsgi", "django"]
    assert [hop["hop"] for hop in file["hops"]] == ["client", "nginx"]
    assert [(trace["status"], trace["died_at"]) for trace in (view, file)] == [(200, None), (200, None)]
    assert view["url"].endswith("/api/hello/")
    assert re.search(r"/static/.*\.css$", file["url"])
    assert first["made"] is True
    assert first["next"][0]["run"] == first["url"]
    for verb in ("status", "trace /", "explain", "logs -f", "doctor", "down"):
        assert shlex.join(["-C", first["project"], *verb.split()]) in " ".join(row["run"] for row in first["next"])


def test_a_second_demo_goes_on_with_what_runs(project: Path, first: dict[str, Any]) -> None:
    again = portico(project, "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"{first['url']} " in again.stdout
    assert "django" in again.stdout
    assert json.loads(portico(project, "status", "--json").stdout)["result"]["release"] == 1
    assert "copied" not in again.stderr


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "portico-demo").mkdir()
    (tmp_path / "portico-demo" / "notes.txt").write_text("mine")
    done = portico(tmp_path, "demo", "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)["findings"][0]
    assert told["id"] == "project.E005"
    assert "notes.txt" in told["evidence"][0]
    assert [path.name for path in (tmp_path / "portico-demo").iterdir()] == ["notes.txt"]


def test_without_django_it_is_said_what_to_install(tmp_path: Path) -> None:
    copy = tmp_path / "portico-demo"
    shutil.copytree(CHECKOUT / "examples" / "destiny", copy, ignore=MADE)
    EnvBuilder(symlinks=True, with_pip=False).create(tmp_path / "bare")
    python = tmp_path / "bare" / "bin" / "python"
    (copy / "portico.toml").write_text(f"python = {json.dumps(str(python))}\n")
    done = portico(tmp_path, "demo", "--json")
    assert done.returncode == 3, done.stdout
    told = json.loads(done.stdout)["findings"][0]
    assert told["id"] == "project.E007"
    assert f"{python} -m pip install 'Django>=5.2,<5.3'" in told["fix"]


def test_the_package_takes_along_what_the_sample_is_made_of() -> None:
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    packed = {name.rpartition("/")[2] for name in re.findall(r'^  "examples/destiny/(.+)",$', text, re.MULTILINE)}
    here = {path.name for path in (CHECKOUT / "examples" / "destiny").iterdir()}
    ours = {name for name in here if not any(fnmatch(name, own) for own in (*OWN, "ruff.toml"))}
    assert packed == ours


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
