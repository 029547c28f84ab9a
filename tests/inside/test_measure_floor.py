"""The application called in a loop by `inside/measure_floor.py`, in its own Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portico.model.command import Command
from portico.system.talk import Silent, talk
from support.inside_projects import INSIDE, PYTHONS, clean_environ, release, write

APP = """\
import io, sys
print("noise", flush=True)
seen = []
class Body:
    def __iter__(self):
        yield b"ok"
    def close(self):
        seen.append("closed")
def application(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("boom")
    if environ["PATH_INFO"] == "/exit":
        import os
        os._exit(3)
    print("more noise")
    assert environ["wsgi.input"].read() == b""
    good = environ["HTTP_COOKIE"] == "a=b" and environ["QUERY_STRING"] == "q=1" and len(set(seen)) < 2
    start_response("200 OK" if good and environ["HTTP_HOST"] == "h:81" else "400 Bad", [])
    return Body()
"""


def _command(python: str, tmp_path: Path) -> Command:
    return Command((python, str(INSIDE / "measure_floor.py")), "measure", cwd=str(tmp_path), environ=clean_environ())


def _job(folder: Path, *paths: str) -> dict[str, Any]:
    return {"folder": str(folder), "requests": [{"path": p, "host": "h:81", "headers": [["Cookie", "a=b"]]} for p in paths]}


@pytest.mark.parametrize("python", PYTHONS)
def test_pages_are_called_in_turns_and_what_the_project_prints_disturbs_nobody(python: str, tmp_path: Path) -> None:
    project = write(tmp_path / "site", {"shop.py": APP})
    folder = release(tmp_path / "r", project, module="shop").parent
    with talk(_command(python, tmp_path)) as talking:
        told = talking.ask(_job(folder, "/?q=1", "/boom", "/exit"), 20)
        assert told["ok"]
        assert told["optimized"] in (True, False, None)
        for _ in range(2):
            good, bad = (talking.ask({"at": at, "seconds": 0.02}, 20) for at in (0, 1))
            assert good["statuses"] == {"200": good["calls"]}
            assert bad["statuses"] == {"500": bad["calls"]}
            assert good["cpu_us"] > 0 and good["wall_us"] >= 20_000
        with pytest.raises(Silent) as silent:
            talking.ask({"at": 2, "seconds": 0.02}, 20)
        assert "ended" in silent.value.why
    assert not list(project.rglob("__pycache__"))


def test_an_application_that_does_not_load_says_why(tmp_path: Path) -> None:
    project = write(tmp_path / "site", {"shop.py": "import uwsgi\n"})
    folder = release(tmp_path / "r", project, module="shop").parent
    with talk(_command(PYTHONS[0], tmp_path)) as talking:
        told = talking.ask(_job(folder, "/"), 20)
    assert not told["ok"]
    assert "No module named 'uwsgi'" in told["message"]


def test_a_program_that_is_not_there_is_silent() -> None:
    with pytest.raises(Silent, match="no-such-python"), talk(Command(("/no-such-python",), "measure")):
        pass
