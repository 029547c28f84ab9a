"""The inspection of plain WSGI applications and of the interpreter alone."""

from __future__ import annotations

import ast
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.inside_projects import INSIDE, MANAGE, PYTHONS, inspect, target, write

HELLO = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n"
# Like flask.request, of which nothing can be asked outside of a request.
PROXY = "class Proxy:\n    def __getattr__(self, name): raise RuntimeError('no request')\nrequest = Proxy()\n"
ASYNC = "async def application(scope, receive, send):\n    pass\n"


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("script", sorted(path.name for path in INSIDE.glob("*.py")))
def test_the_scripts_are_python_3_8(script: str) -> None:
    ast.parse((INSIDE / script).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_python_only(python: str, tmp_path: Path) -> None:
    project = tmp_path / "p"
    project.mkdir()
    found = inspect(python, project, python_only=True)
    assert (found["ok"], found["python"]["executable"], found["python"]["implementation"]) == (True, python, "cpython")
    assert set(found) == {"ok", "python"}
    uwsgi = found["python"]["uwsgi"]
    assert uwsgi["kind"] == "pyuwsgi"
    assert Path(uwsgi["path"]).is_file()
    assert uwsgi["version"][0] == "2"


def test_a_compiled_uwsgi_beside_the_interpreter(tmp_path: Path) -> None:
    project = tmp_path / "p"
    project.mkdir()
    (tmp_path / "bin").mkdir()
    alone = tmp_path / "bin" / "python"
    alone.symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    (tmp_path / "pyvenv.cfg").write_text(f"home = {Path(sys._base_executable).parent}\n")  # type: ignore[attr-defined]
    assert inspect(str(alone), project, python_only=True)["python"]["uwsgi"] is None
    binary = tmp_path / "bin" / "uwsgi"
    binary.write_bytes(b"\x7fELF rest")
    binary.chmod(0o755)
    assert inspect(str(alone), project, python_only=True)["python"]["uwsgi"] == {
        "kind": "binary",
        "path": str(binary),
        "version": "",
    }
    binary.write_bytes(b"#!/usr/bin/python\n")
    assert inspect(str(alone), project, python_only=True)["python"]["uwsgi"] is None


def test_a_single_file(python: str, tmp_path: Path) -> None:
    project = write(tmp_path, {"hello.py": "print('noise')\nimport sibling\n" + HELLO, "sibling.py": ""})
    found = inspect(python, project, target=target(file=str(project / "hello.py")))
    assert (found["ok"], found["framework"]) == (True, "wsgi")
    assert found["callable"] == {
        "module": "",
        "file": str(project / "hello.py"),
        "callable": "application",
        "candidates": ["application"],
        "type": "function",
        "kind": "wsgi",
    }


def test_a_file_in_a_subfolder_finds_its_neighbours(python: str, tmp_path: Path) -> None:
    project = write(tmp_path, {"app/main.py": "import sibling\n" + HELLO, "app/sibling.py": ""})
    assert inspect(python, project, target=target(file=str(project / "app" / "main.py")))["ok"] is True


def test_a_file_named_like_a_loaded_module_does_not_replace_it(python: str, tmp_path: Path) -> None:
    project = write(tmp_path, {"json.py": HELLO})
    assert inspect(python, project, target=target(file=str(project / "json.py")))["ok"] is True


@pytest.mark.parametrize(
    ("text", "name", "found_name"),
    [
        ("class App:\n    def __call__(self, environ, start_response): pass\napp = App()\n", "", "app"),
        (
            "class application:\n    def __init__(self, environ, start_response): pass\n    def __iter__(self): pass\n",
            "",
            "application",
        ),
        ("import functools\ndef f(x, environ, start_response): pass\napp = functools.partial(f, 1)\n", "", "app"),
        (HELLO + "class box:\n    inner = application\n", "box.inner", "box.inner"),
        (HELLO.replace("(environ, start_response)", "(*args)"), "", "application"),
        ("def create_app():\n    return None\n", "create_app()", "create_app()"),
        ("class F:\n    def wsgi_app(self, e, s): pass\n    def __call__(self, e, s): pass\nsite = F()\n", "", "site"),
        (PROXY + "def create_app():\n    return None\n", "create_app()", "create_app()"),
        (PROXY + HELLO, "", "application"),
    ],
)
def test_callables_of_every_kind(python: str, tmp_path: Path, text: str, name: str, found_name: str) -> None:
    found = inspect(python, write(tmp_path, {"hello.py": text}), target=target("hello", callable=name))
    assert found["ok"] is True, found
    assert found["callable"]["callable"] == found_name


@pytest.mark.parametrize(
    ("text", "name", "type_", "part"),
    [
        (HELLO, "app", "NoCallable", "hello has no app"),
        ("x = 1\n", "", "NoCallable", "none of application, app"),
        ("application = 'text'\n", "", "NotCallable", "is a str"),
        ("application = 'text'\n", "application", "NotCallable", "is a str"),
        (ASYNC, "", "Asgi", "ASGI"),
        ("class A:\n    async def __call__(self, scope, receive, send): pass\napp = A()\n", "", "Asgi", "ASGI"),
        ("class A:\n    def __call__(self, scope, receive, send): pass\napp = A()\n", "app", "Asgi", "ASGI"),
        ("def create_app(config=None):\n    pass\n", "", "Factory", "create_app"),
        ("def create_app():\n    pass\n", "create_app", "Factory", "create_app"),
        ("def application(environ):\n    pass\n", "", "WrongArguments", "too many positional"),
        ("create_app = 1\n", "create_app()", "NotCallable", "is a int"),
    ],
)
def test_what_is_not_a_wsgi_callable(python: str, tmp_path: Path, text: str, name: str, type_: str, part: str) -> None:
    found = inspect(python, write(tmp_path, {"hello.py": text}), target=target("hello", callable=name))
    assert (found["ok"], found["stage"], found["type"]) == (False, "callable", type_)
    assert part in found["message"]


def test_a_factory_is_named(python: str, tmp_path: Path) -> None:
    project = write(tmp_path, {"hello.py": "def make_app():\n    raise RuntimeError('called')\n"})
    assert inspect(python, project, target=target("hello"))["factory"] == "make_app"


def test_a_module_that_is_not_there(python: str, tmp_path: Path) -> None:
    project = write(tmp_path, {"hello.py": HELLO})
    found = inspect(python, project, target=target("helo"))
    assert (found["stage"], found["type"], found["missing_module"]) == ("import", "ModuleNotFoundError", "helo")
    lost = inspect(python, project, target=target(file=str(project / "helo.py")))
    assert (lost["stage"], lost["type"], lost["path"]) == ("import", "FileNotFoundError", str(project / "helo.py"))


def test_a_manage_py_that_is_not_djangos_does_not_hide_the_target(python: str, tmp_path: Path) -> None:
    project = write(tmp_path, {"manage.py": "import flask_script_that_is_gone\n", "hello.py": HELLO})
    found = inspect(python, project, target=target("hello"))
    assert (found["ok"], found["framework"]) == (True, "wsgi")


def test_settings_in_the_shell_do_not_make_a_wsgi_application_djangos(python: str, tmp_path: Path) -> None:
    project = write(tmp_path, {"hello.py": HELLO, "notes.txt": MANAGE})
    found = inspect(python, project, {"DJANGO_SETTINGS_MODULE": "another.project"}, target=target("hello"))
    assert (found["ok"], found["framework"]) == (True, "wsgi")


@pytest.mark.skipif(find_spec("flask") is None, reason="Flask is not installed")
def test_flask(tmp_path: Path) -> None:
    text = "from flask import Flask\napp = Flask(__name__)\n"
    found = inspect(sys.executable, write(tmp_path, {"hello.py": text}), target=target("hello"))
    assert (found["callable"]["callable"], found["callable"]["kind"], found["callable"]["type"]) == (
        "app",
        "flask",
        "flask.app.Flask",
    )
    factory = "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n"
    write(tmp_path, {"made.py": factory})
    assert inspect(sys.executable, tmp_path, target=target("made"))["type"] == "Factory"
