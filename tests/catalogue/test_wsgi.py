"""uWSGI runs, or tries to, but the application is not loaded, or does not answer as PEP 3333 wants it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import ROOT, UWSGI, Kit
from portico.hops.wsgi.faults import answer as answer_rules
from portico.model.evidence import Evidence, Exchange, MachineSeen, ProjectSeen, UwsgiSeen, Visit
from portico.model.finding import Finding
from portico.seams.faults import loading
from support.stack import clean_environ

Names = Callable[..., dict[str, Any]]
MASTER = ("--master", "--processes=2")
#: What uWSGI says only when it is told to end without an application, and what only nginx sees of it.
AFTER = ("uwsgi.E120", "uwsgi.E121", "nginx-uwsgi.E101", "nginx-uwsgi.E102", "nginx-uwsgi.E103", "nginx-uwsgi.E104")


def start(kit: Kit, *arguments: str, cwd: Path | None = None, environ: dict[str, str] | None = None) -> None:
    kit.uwsgi(*MASTER, *arguments, "--socket", kit.socket, "--chmod-socket=666", cwd=cwd, environ=environ)
    kit.nginx(kit.site)


def application(kit: Kit, code: str, *arguments: str) -> None:
    """An application that is one file, `shop.py`."""
    kit.write("apps/shop.py", code)
    start(kit, "--module=shop", *arguments, cwd=kit.folder / "apps")


@pytest.fixture(scope="session")
def other_python() -> tuple[str, dict[str, str]]:
    """An interpreter that www-data may run, with our packages, and the environment that takes."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    environ = {"PYTHONPATH": packages}
    for python in ("/usr/bin/python3", "/usr/local/bin/python3", sys.executable):
        command = [python, "-c", "import pyuwsgi, django"]
        if ROOT and Path(python).exists():
            done = subprocess.run(command, env={**clean_environ(), **environ}, user="www-data", cwd="/", capture_output=True)
            if done.returncode == 0:
                return python, environ
    pytest.skip("there is no Python that www-data may run and that has our packages")


def as_www_data(kit: Kit, python: tuple[str, dict[str, str]], *arguments: str, chdir: str = "") -> None:
    folder = kit.folder / "run"
    folder.mkdir()
    folder.chmod(0o777)
    socket = str(folder / "app.sock")
    account = ("--uid=www-data", "--gid=www-data", "--socket", socket, "--chmod-socket=666")
    kit.uwsgi(
        *MASTER, *arguments, *account, environ=python[1], binary=(python[0], UWSGI), cwd=Path(chdir) if chdir else None
    )
    kit.nginx(f"location / {{ {kit.app.replace(kit.socket, socket)} }}")


@pytest.mark.parametrize(
    ("module", "folder", "need"),
    [
        ("mysit.wsgi:application", "project", ()),
        ("mysit.wsgi:application", "project", ("--need-app",)),
        ("mysite.wsgi", ".", ()),
        ("mysite.wsgy", "project", ()),
    ],
    ids=["name", "ends", "folder", "submodule"],
)
def test_module_not_found(kit: Kit, names: Names, module: str, folder: str, need: tuple[str, ...]) -> None:
    start(kit, f"--module={module}", *need, cwd=kit.folder / folder)
    found = names(kit.doctor(), "wsgi-module-not-found", "wsgi.E100")
    assert module.partition(".")[0] in found["cause"]


def test_module_not_found_by_its_file_alone(kit: Kit, names: Names) -> None:
    """Nothing runs, nothing was logged: only the ini says what would be loaded."""
    ini = kit.write("uwsgi.ini", f"[uwsgi]\nchdir = {kit.project}\nmodule = mysit.wsgi\nsocket = {kit.socket}\n")
    kit.nginx(kit.site)
    found = names(kit.doctor("/", "--uwsgi", str(ini)), "wsgi-module-not-found", "wsgi.E100")
    assert f"{ini}:3" in "\n".join([*found["evidence"], *found["fix"]])


def test_wrong_callable(kit: Kit, names: Names) -> None:
    start(kit, "--module=mysite.wsgi:app")
    found = names(kit.doctor(), "wsgi-wrong-callable", "wsgi.E103")
    assert any("mysite.wsgi:application" in line for line in found["fix"])


def test_wrong_callable_of_a_file(kit: Kit, names: Names) -> None:
    kit.write("apps/shop.py", "def app(environ, start_response):\n    pass\n")
    start(kit, "--wsgi-file=shop.py", cwd=kit.folder / "apps")
    names(kit.doctor(), "wsgi-wrong-callable", "wsgi.E103")


def test_file_missing(kit: Kit, names: Names) -> None:
    start(kit, "--wsgi-file=mysite/wsgii.py")
    found = names(kit.doctor(), "wsgi-file-missing", "wsgi.E102")
    assert "mysite/wsgii.py" in found["cause"]


@pytest.mark.parametrize("need", [(), ("--need-app",)], ids=["serves", "ends"])
def test_missing_dependency(kit: Kit, names: Names, need: tuple[str, ...]) -> None:
    start(kit, "--module=mysite.wsgi", *need, environ={"SETTINGS_EXTRA": "INSTALLED_APPS+=['rest_framework']"})
    found = names(kit.doctor(), "wsgi-missing-dependency", "wsgi.E104")
    assert any("djangorestframework" in line for line in found["fix"])


def test_a_missing_module_of_its_own(kit: Kit, names: Names) -> None:
    start(kit, "--module=mysite.wsgi", environ={"SETTINGS_EXTRA": "INSTALLED_APPS+=['shop.basket']"})
    names(kit.doctor(), "own-module-missing", "wsgi.E105")


@pytest.mark.parametrize(
    ("code", "wanted", "word"),
    [
        ("def x(:\n", "wsgi.E108", "shop.py:1"),
        ("x = 1\nopen('nothing.json')\n", "wsgi.E109", "shop.py:2"),
        ("import os\nKEY = os.environ['API_KEY']\n", "wsgi.E112", "API_KEY"),
        ("import sys\nsys.exit('no key')\n", "wsgi.E110", ""),
    ],
    ids=["syntax", "exception", "variable", "exit"],
)
def test_an_import_that_fails(kit: Kit, names: Names, code: str, wanted: str, word: str) -> None:
    application(kit, code)
    found = names(kit.doctor(), "import-fails", wanted)
    assert word in found["cause"]


def test_what_is_mended_on_the_disk_needs_a_restart(kit: Kit, names: Names) -> None:
    application(kit, "1 / 0\n")
    kit.write("apps/shop.py", "def application(e, s):\n    s('200 OK', [])\n    return [b'x']\n")
    found = names(kit.doctor(), "import-fails", "wsgi.E109")
    assert "can be loaded now" in found["fix"][0]


def test_a_site_that_is_well_is_not_blamed_for_newer_code(kit: Kit) -> None:
    application(kit, "def application(e, s):\n    s('200 OK', [])\n    return [b'x']\n")
    kit.write("apps/shop.py", "1 / 0\n")
    envelope = kit.doctor()
    assert [one["id"] for one in envelope["findings"] if one["severity"] == "error"] == []
    assert "wsgi.I140" in [one["id"] for one in envelope["findings"]]


def test_one_of_two_mounted_applications(kit: Kit, names: Names) -> None:
    start(kit, "--mount=/=hello:application", "--mount=/shop=mysit.wsgi:application", "--manage-script-name")
    assert kit.get("/").status == 200
    found = names(kit.doctor("/"), "mount-not-found", "wsgi.E100")
    assert "mysit" in found["cause"]


@pytest.mark.parametrize("name", ["random", "logging"])
def test_a_file_named_like_a_module_of_python(kit: Kit, names: Names, name: str) -> None:
    kit.write(f"project/{name}.py", "x = 1\n")
    start(kit, "--module=mysite.wsgi")
    found = names(kit.doctor(), "stdlib-shadowed", "wsgi.E107")
    assert f"{kit.project}/{name}.py" in found["cause"]


@pytest.mark.skipif(not ROOT, reason="another account is needed")
@pytest.mark.parametrize("closed", ["mysite", ".", "mysite/wsgi.py", "shop"])
def test_a_project_that_the_account_may_not_read(
    kit: Kit, names: Names, other_python: tuple[str, dict[str, str]], closed: str
) -> None:
    (kit.project / closed).chmod(0o700)
    as_www_data(kit, other_python, "--module=mysite.wsgi")
    found = names(kit.doctor(), "project-unreadable", "wsgi.E101")
    assert str((kit.project / closed).resolve()) in found["cause"]


@pytest.mark.skipif(not ROOT, reason="another account is needed")
def test_a_file_that_the_account_may_not_read(kit: Kit, names: Names, other_python: tuple[str, dict[str, str]]) -> None:
    (kit.project / "mysite" / "wsgi.py").chmod(0o600)
    as_www_data(kit, other_python, "--wsgi-file=mysite/wsgi.py")
    names(kit.doctor(), "project-unreadable", "wsgi.E101")


@pytest.mark.skipif(not ROOT, reason="another account is needed")
def test_a_python_that_the_account_may_not_read(kit: Kit, names: Names) -> None:
    if subprocess.run(["test", "-x", sys.executable], user="www-data", check=False).returncode == 0:
        pytest.skip("www-data may run the Python of these tests")
    as_www_data(kit, (sys.executable, {}), "--module=mysite.wsgi")
    names(kit.doctor(), "stdlib-missing", "wsgi.E106", "wsgi.E101")


@pytest.mark.parametrize(
    ("failure", "code", "wanted"),
    [
        ("wsgi-callable-not-callable", "application = 'x'", "wsgi.E120"),
        ("wsgi-asgi-app", "async def application(scope, receive, send):\n    pass", "wsgi.E121"),
        ("wsgi-factory", "def application(config=None):\n    return None", "wsgi.E122"),
        ("wsgi-returns-str", "def application(e, s):\n    s('200 OK', [])\n    return ['hello']", "wsgi.E123"),
        ("wsgi-returns-str", "def application(e, s):\n    s('200 OK', [])\n    return 'hello'", "wsgi.E123"),
        ("wsgi-returns-none", "def application(e, s):\n    s('200 OK', [])", "wsgi.E123"),
        ("wsgi-no-start-response", "def application(e, s):\n    return [b'hi']", "wsgi.E124"),
        ("wsgi-raises", "def application(e, s):\n    raise KeyError('x')", "wsgi.E125"),
        ("wsgi-bad-head", "def application(e, s):\n    s(200, [])\n    return [b'hi']", "wsgi.E126"),
        ("wsgi-bad-head", "def application(e, s):\n    s('200 OK', [('X', 1)])\n    return [b'hi']", "wsgi.E126"),
    ],
)
def test_an_application_that_breaks_the_rules(kit: Kit, names: Names, failure: str, code: str, wanted: str) -> None:
    application(kit, code, "--need-app")
    names(kit.doctor(), failure, wanted, certain=True)


def test_the_same_without_a_log(kit: Kit, names: Names) -> None:
    """What uWSGI writes is lost: calling the application in its own Python shows it."""
    application(kit, "def application(e, s):\n    return [b'hi']\n")
    kit.log.unlink()
    names(kit.doctor(), "wsgi-no-start-response", "wsgi.E124")


def test_djangos_own_asgi(kit: Kit, names: Names) -> None:
    kit.write(
        "project/mysite/asgi.py",
        "import os\nfrom django.core.asgi import get_asgi_application\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\napplication = get_asgi_application()\n",
    )
    start(kit, "--module=mysite.asgi")
    found = names(kit.doctor(), "wsgi-asgi-app", "wsgi.E121")
    assert "mysite.wsgi:application" in found["fix"][0]


def test_flask(kit: Kit, names: Names) -> None:
    code = (
        "from flask import Flask\napplication = Flask(__name__)\n@application.route('/')\ndef home():\n    return {}['x']\n"
    )
    application(kit, code)
    found = names(kit.doctor(), "flask-raises", "wsgi.E125")
    assert "shop.py:5" in found["cause"]


def test_ascii_locale(kit: Kit, names: Names) -> None:
    environ = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    start(kit, "--module=mysite.wsgi", environ=environ)
    names(kit.doctor("/uni/"), "locale-ascii", "wsgi.E130")


def test_a_plain_application_that_is_well(kit: Kit) -> None:
    start(kit, "--module=hello")
    assert [one["id"] for one in kit.doctor()["findings"] if one["severity"] == "error"] == []
    assert not [one for one in kit.doctor()["findings"] if one["id"].startswith(("wsgi.", "django."))]


def judged(answer: dict[str, Any], status: int, rules: tuple[Any, ...]) -> list[Finding]:
    """What rules make of an examination and of the answer to the request that was made before it."""
    project = ProjectSeen("/srv/site", "python", "site", "shop", "", "application", answer=answer)
    exchange = Exchange(
        "http", "127.0.0.1:80", "GET", "/", "site", status=status, body=b"<hr><center>nginx" if status > 499 else b""
    )
    evidence = Evidence("http://site/", False, 100.0, 0.0, MachineSeen("root", True), project=project)
    evidence = replace(evidence, uwsgi=(UwsgiSeen(),), visits=(Visit("asked", exchange),))
    return [finding for rule in rules for finding in rule(evidence)]


def test_a_page_that_never_answers() -> None:
    frame = {"file": "/srv/site/shop.py", "line": 3, "function": "home", "code": "requests.get(url)"}
    problem = {"kind": "hang", "message": "did not end within 6 s", "frame": frame}
    answer = {"load": {"ok": True}, "call": {"ok": False, "problems": [problem]}}
    (found,) = judged(answer, 504, answer_rules.RULES)
    assert (found.id, found.certainty) == ("wsgi.E128", "likely")
    assert "/srv/site/shop.py:3: requests.get(url)" in found.cause
    assert judged(answer, 200, answer_rules.RULES) == []


def test_an_import_that_never_ends() -> None:
    frame = {"file": "/srv/site/shop.py", "line": 2, "function": "<module>", "code": "time.sleep(300)"}
    failure = {"exception": "Hang", "message": "did not end within 14 s", "frame": frame}
    (found,) = judged({"load": {"ok": False, "kind": "hang", "stage": "import", "failure": failure}}, 504, loading.RULES)
    assert found.id == "wsgi.E111"
    assert "/srv/site/shop.py:2" in found.cause


def test_a_variable_that_only_the_doctor_misses_is_a_guess() -> None:
    """Nothing runs: the environment is that of the doctor's shell, and not of the unit that starts uWSGI."""
    failure = {"exception": "KeyError", "message": "'API_KEY'", "missing_variable": "API_KEY"}
    answer = {"load": {"ok": False, "kind": "missing-variable", "stage": "import", "failure": failure}}
    (found,) = judged(answer, 502, loading.RULES)
    assert (found.id, found.certainty) == ("wsgi.E112", "likely")
