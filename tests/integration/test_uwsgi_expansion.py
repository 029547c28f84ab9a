"""uWSGI's configuration in all its formats, with its logic: read as the real uWSGI reads it, file by file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico.actions.uwsgi_files import read_uwsgi
from portico.hops.uwsgi import formats
from portico.hops.uwsgi.normal import normal
from portico.model.directive import Option

_RUN = (sys.executable, "-c", "import pyuwsgi, sys; sys.argv[0] = 'uwsgi'; pyuwsgi.run()")
ENVIRON = {"PATH": os.environ["PATH"], "PLACE": "/srv/place", "EMPTY": "", "STAGE": "prod"}

_SHAPES = Path(__file__).parent.parent / "captured" / "uwsgi-shapes.txt"


def shapes() -> Iterator[tuple[str, str, dict[str, str]]]:
    """What a shape is about, the file that uWSGI is given (with a section), and all files of it."""
    for shape in _SHAPES.read_text().split("\n=== ")[1:]:
        head, *files = ("\n" + shape).split("\n--- ")
        about, _, name = head.strip().partition(" | ")
        parts = (file.partition("\n") for file in files)
        yield about, name, {path: text.replace("\\r", "\r") + ("\n" if text else "") for path, _, text in parts}


CASES = list(shapes())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes").resolve()


def shown(name: str, folder: Path) -> list[tuple[str, str]]:
    """Names and values in order, as the real uWSGI has them after all."""
    kind = formats.by_name(name.partition(":")[0]) or "ini"
    argv = [*_RUN, "--show-config", "--chdir", "/dev/null/x", f"--{kind}", name]
    done = subprocess.run(
        argv, cwd=folder, env=ENVIRON, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, text=True
    )
    head, mark, rest = (done.stdout + done.stderr).partition(";uWSGI instance configuration\n[uwsgi]\n")
    assert mark, head
    lines = rest.partition("\n;end of configuration")[0].split("\n")
    pairs = [(key, value) for key, _, value in (line.partition(" = ") for line in lines)]
    assert [key for key, _ in pairs[:3]] == ["show-config", "chdir", kind]
    return pairs[3:]


def understood(options: tuple[Option, ...]) -> list[tuple[str, str]]:
    return [(option.name, option.value) for option in options]


def normalised(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Under first names; flags as they are taken."""
    return understood(tuple(normal(Option(name, value, "")) for name, value in pairs))


@pytest.mark.parametrize(("name", "files"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_file_is_read_as_the_real_uwsgi_reads_it(
    base: Path, request: pytest.FixtureRequest, name: str, files: dict[str, str]
):
    folder = base / f"case{[case[0] for case in CASES].index(request.node.callspec.id)}"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    file, _, section = name.partition(":")
    seen = read_uwsgi(str(folder / file), section or "uwsgi", str(folder), environ=ENVIRON)
    expected = [(key, value.replace(f"{folder}/", "")) for key, value in normalised(shown(name, folder))]
    assert [(key, value.replace(f"{folder}/", "")) for key, value in understood(seen.options)] == expected
    assert seen.unread == ()
