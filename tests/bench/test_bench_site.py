"""The project that is measured answers everything that a workload asks of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import site

ASK = """
import json, django
from django.test.utils import setup_test_environment
django.setup(); setup_test_environment()
from django.test import Client
client, seen = Client(headers={"host": "localhost"}), {}
for path in ("/json/", "/page/sqlite/", "/page/sqlite/?page=10", "/page/postgres/", "/sleep/", "/version/", "/"):
    answer = client.get(path)
    seen[path] = [answer.status_code, answer.content.decode()]
answer = client.post("/upload/", b"x" * 200_000, content_type="application/octet-stream")
seen["/upload/"] = [answer.status_code, answer.content.decode()]
print(json.dumps(seen))
"""


def _seen(folder: Path, environ: dict[str, str]) -> dict[str, list]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        cwd=folder,
        env=site.surroundings(environ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_site_answers_what_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "astray.settings")
    folder = tmp_path / "site"
    environ = site.make(folder, Path(sys.executable), {})
    site.change(folder, "2.0")
    seen = _seen(folder, environ)
    assert {path: status for path, (status, _) in seen.items() if status != 200} == {"/page/postgres/": 404}
    assert json.loads(seen["/json/"][1])["ready"] is True
    assert "200 books" in seen["/page/sqlite/"][1]
    assert seen["/page/sqlite/"][1].count("<td>") == 20 * 5
    assert "page 10 of 10" in seen["/page/sqlite/?page=10"][1]
    assert seen["/upload/"][1] == "200000\n"
    assert seen["/version/"][1] == "2.0"
    assert "/static/journal/style." in seen["/"][1]
    sizes = {name: (folder / "collected" / "bench" / name).stat().st_size for name in ("1k.bin", "100k.bin", "10m.bin")}
    assert sizes == {"1k.bin": 1024, "100k.bin": 102_400, "10m.bin": 10_485_760}


def test_a_change_shows_in_code_that_was_compiled_in_the_same_second(tmp_path: Path) -> None:
    module = tmp_path / "bench_version.py"
    module.write_text('VERSION = "1"\n')
    told = []
    for version in ("2", "3", "4"):
        site.change(tmp_path, version)
        code = "import bench_version; print(bench_version.VERSION)"
        told.append(subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True).stdout)
    assert told == ["2\n", "3\n", "4\n"]


def test_a_python_that_cannot_prepare_the_site_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="could not be prepared"):
        site.make(tmp_path / "site", Path("/bin/false"), {})
