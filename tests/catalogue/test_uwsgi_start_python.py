"""uWSGI starts, or ends, with another Python, environment or plugin than was meant."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import Kit
from catalogue.uwsgi_start import SERVE, by_log, ids, ini, judged
from portico.model.directive import Option
from portico.model.evidence import HomeSeen

CORE = shutil.which("uwsgi-core")
Names = Callable[..., dict[str, Any]]


def test_uwsgi_need_app_missing(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "nope", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 500
    envelope = kit.doctor()
    names(envelope, "uwsgi-need-app-missing", "uwsgi.E120", "wsgi.E100", certain=True)
    found = next(one for one in envelope["findings"] if one["id"] == "uwsgi.E120")
    assert "No module named 'nope'" in found["cause"]
    assert any("need-app = true" in line for line in found["fix"])


def test_with_need_app_uwsgi_has_ended(kit: Kit, names: Names) -> None:
    assert kit.uwsgi("--master", "--need-app", "--module", "nope", "--socket", kit.socket).wait(10) == 22
    envelope = by_log(kit)
    names(envelope, "uwsgi-need-app-missing", "uwsgi.E121", "wsgi.E100", certain=True)
    assert {"uwsgi.E121"} <= ids(envelope)
    assert "uwsgi.E120" not in ids(envelope)


def test_no_application_was_named(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    names(kit.doctor(), "no-application-named", "uwsgi.E120")


def test_a_urlconf_that_fails_later_is_not_blamed_on_need_app(kit: Kit) -> None:
    kit.write("project/mysite/urls.py", "import no_such_module\n")
    kit.uwsgi("--master", "--need-app", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status >= 500
    assert not {"uwsgi.E120", "uwsgi.E121"} & ids(kit.doctor())


LOOKS = """import os
SHOWN = os.environ.get("FOO", "none")
def application(environ, start_response):
    start_response("200 OK", [])
    return [SHOWN.encode()]
"""


def test_pyuwsgi_env_option_ignored(kit: Kit, names: Names) -> None:
    kit.write("project/looks.py", LOOKS)
    file = ini(
        kit, f"[uwsgi]\nmaster = true\nmodule = looks\nenv = FOO=secret-bar\nsocket = {kit.socket}\nchmod-socket = 666\n"
    )
    kit.uwsgi("--ini", file)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().body == b"none"
    envelope = kit.doctor()
    found = names(envelope, "pyuwsgi-env-option-ignored", "uwsgi.E122", certain=True)
    assert f"{file}:4" in " ".join(found["evidence"])
    assert "secret-bar" not in str(envelope)


def test_pyuwsgi_env_option_ignored_for_a_setting_that_is_required(kit: Kit, names: Names) -> None:
    kit.write("project/needs.py", "import os\nFOO = os.environ['FOO']\n")
    kit.uwsgi("--master", "--need-app", "--env=FOO=bar", "--module", "needs", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    file = ini(kit, f"[uwsgi]\nmodule = needs\nneed-app = true\nenv = FOO=bar\nsocket = {kit.socket}\n")
    kit.uwsgi("--ini", file)
    assert kit.get().status == 502
    names(kit.doctor(), "pyuwsgi-env-option-ignored", "uwsgi.E122", certain=True)


def test_pyuwsgi_env_option_ignored_for_other_settings(kit: Kit, names: Names) -> None:
    kit.write("project/mysite/prod.py", "from mysite.settings import *\nPROD = True\n")
    options = ("--env=DJANGO_SETTINGS_MODULE=mysite.prod", "--module", "mysite.wsgi")
    kit.uwsgi("--master", *options, "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(kit.site)
    assert kit.get().status == 200
    names(kit.doctor(), "pyuwsgi-env-option-ignored", "uwsgi.E122", certain=True)


def test_a_variable_that_the_process_has_as_well_is_not_missed(kit: Kit) -> None:
    kit.write("project/looks.py", LOOKS)
    options = ("--master", "--env=FOO=real", "--module", "looks", "--socket", kit.socket, "--chmod-socket=666")
    kit.uwsgi(*options, environ={"FOO": "real"})
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().body == b"real"
    assert not {"uwsgi.E122", "uwsgi.W123"} & ids(kit.doctor())


@pytest.mark.parametrize("exists", [True, False])
def test_pyuwsgi_virtualenv_option_ignored(kit: Kit, names: Names, exists: bool) -> None:
    home = kit.folder / "venv"
    if exists:
        home.mkdir()
        (home / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    kit.uwsgi(*SERVE, kit.socket, "--virtualenv", str(home))
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 200
    found = names(kit.doctor(), "pyuwsgi-virtualenv-option-ignored", "uwsgi.W125", certain=True)
    assert str(home) in found["cause"]
    assert ("does not exist" in found["cause"]) is not exists


def test_pyuwsgi_virtualenv_option_ignored_and_a_package_is_missed(kit: Kit, names: Names) -> None:
    package = kit.folder / "venv/lib/python3.11/site-packages/onlythere"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (kit.folder / "venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    kit.write("project/wants.py", "import onlythere\n")
    kit.uwsgi("--master", "--module", "wants", "--socket", kit.socket, "--chmod-socket=666", "--home", f"{kit.folder}/venv")
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 500
    names(kit.doctor(), "pyuwsgi-virtualenv-option-ignored", "uwsgi.E124", certain=True)


def test_the_environment_that_runs_is_not_called_ignored(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--virtualenv", str(Path(sys.executable).parent.parent))
    kit.nginx(f"location / {{ {kit.app} }}")
    assert not {"uwsgi.E124", "uwsgi.W125"} & ids(kit.doctor())


def test_stdlib_modules_missing(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"PYTHONHOME": "/nonexistent"})
    names(by_log(kit), "stdlib-modules-missing", "uwsgi.E131")


def test_the_environment_was_made_for_another_python(kit: Kit, names: Names) -> None:
    """Its script is there, its packages lie in the folder of the version before."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", kit.folder / "venv"], check=True)
    script = kit.write("venv/bin/uwsgi", f"#!{kit.folder}/venv/bin/python\nfrom pyuwsgi import run\nrun()\n")
    script.chmod(0o755)
    kit.uwsgi(*SERVE, kit.socket, binary=(str(script),))
    envelope = by_log(kit)
    found = names(envelope, "venv-minor-mismatch", "uwsgi.E132")
    assert str(script) in found["cause"]
    assert "uwsgi.E133" not in ids(envelope)


@pytest.mark.parametrize("option", ["plugins", "need-plugins"])
def test_plugin_line_under_pyuwsgi(kit: Kit, names: Names, option: str) -> None:
    kit.uwsgi(f"--{option}=python3", *SERVE, kit.socket)
    if option == "need-plugins":
        names(by_log(kit), "plugin-line-under-pyuwsgi", "uwsgi.E127", certain=True)
        return
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 200
    envelope = kit.doctor()
    names(envelope, "plugin-line-under-pyuwsgi", "uwsgi.W128", certain=True)
    assert envelope["code"] == 0


def test_https_under_pyuwsgi(kit: Kit, names: Names) -> None:
    kit.uwsgi("--https", f"127.0.0.1:{kit.spare},cert,key", *SERVE, kit.socket)
    names(by_log(kit), "plugin-line-under-pyuwsgi", "uwsgi.E127")


@pytest.mark.skipif(CORE is None, reason="no uwsgi-core is installed on this system")
def test_wrong_uwsgi_on_path(kit: Kit, names: Names) -> None:
    file = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}\nchmod-socket = 666\n")
    kit.uwsgi("--ini", file, binary=(str(CORE),))
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 502
    names(kit.doctor(), "wrong-uwsgi-on-path", "uwsgi.E126", certain=True)


@pytest.mark.skipif(CORE is None, reason="no uwsgi-core is installed on this system")
@pytest.mark.parametrize("option", ["--module", "-w"])
def test_wrong_uwsgi_on_path_and_command_line(kit: Kit, names: Names, option: str) -> None:
    kit.uwsgi("--master", option, "hello", "--socket", kit.socket, binary=(str(CORE),))
    names(by_log(kit), "wrong-uwsgi-on-path", "uwsgi.E126")


# Captured from uWSGI 2.0.21 of Debian 12, whose package is not everywhere.

HEAD = (
    "*** Starting uWSGI 2.0.21-debian (64bit) on [Fri Nov 27 02:48:01 2026] ***\n"
    "current working directory: /srv/site\n"
    "detected binary path: /usr/bin/uwsgi-core\n"
    "detected max file descriptor number: 1024\n"
    "uwsgi socket 0 bound to UNIX address /run/site/app.sock fd 3\n"
)
NO_PLUGIN = (
    "*** no app loaded. going in full dynamic mode ***\n"
    "!!!!!!!!!!!!!! WARNING !!!!!!!!!!!!!!\n"
    "no request plugin is loaded, you will not be able to manage requests.\n"
    "spawned uWSGI master process (pid: 31242)\n"
    "spawned uWSGI worker 1 (pid: 31243, cores: 1)\n"
    "-- unavailable modifier requested: 0 --\n"
)
NO_HOME = (
    "Python version: 3.11.2 (main, Oct  7 2026, 12:35:07) [GCC 12.2.0]\n"
    "!!! Python Home is not a directory: /srv/site/env !!!\n"
    "Set PythonHome to /srv/site/env\n"
    "Fatal Python error: init_fs_encoding: failed to get the Python codec of the filesystem encoding\n"
    "ModuleNotFoundError: No module named 'encodings'\n"
)
OTHER_MINOR = (
    "Python version: 3.11.2 (main, Oct  7 2026, 12:35:07) [GCC 12.2.0]\n"
    "PEP 405 virtualenv detected: /srv/site/venv\n"
    "Set PythonHome to /srv/site/venv\n"
    "*** Operational MODE: single process ***\n"
    "Traceback (most recent call last):\n"
    '  File "/srv/site/mysite/wsgi.py", line 3, in <module>\n'
    "    from django.core.wsgi import get_wsgi_application\n"
    "ModuleNotFoundError: No module named 'django'\n"
    "unable to load app 0 (mountpoint='') (callable not found or import error)\n"
    "*** no app loaded. going in full dynamic mode ***\n"
    "spawned uWSGI worker 1 (and the only) (pid: 31253, cores: 1)\n"
)


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        (HEAD + "bind(): Permission denied [core/socket.c line 230]\n", "uwsgi.E105"),
        (HEAD + "bind(): No such file or directory [core/socket.c line 230]\n", "uwsgi.E106"),
        (HEAD + NO_PLUGIN, "uwsgi.E126"),
        ("/usr/bin/uwsgi-core: unrecognized option '--module'\ngetopt_long() error\n", "uwsgi.E126"),
        ("/usr/bin/uwsgi: invalid option -- 'w'\ngetopt_long() error\n", "uwsgi.E126"),
        (HEAD + NO_HOME, "uwsgi.E131"),
        ("Listen queue size is greater than the system max net.core.somaxconn (128).\n", "uwsgi.E103"),
        ('unable to load plugin "python3"\n', "uwsgi.E127"),
    ],
    ids=["denied", "folder", "core", "core-option", "core-letter", "home", "somaxconn", "plugin"],
)
def test_captured_logs(log: str, wanted: str) -> None:
    assert judged(log, kind="binary")[0].id == wanted


def test_venv_minor_mismatch() -> None:
    home = HomeSeen("/srv/site/venv", True, "3.12", "/srv/site/venv/bin/python")
    first, *rest = judged(
        HEAD + OTHER_MINOR, kind="binary", homes=(home,), options=(Option("home", "/srv/site/venv", "/srv/u.ini:4"),)
    )
    assert first.id == "uwsgi.E130"
    assert "3.11" in first.cause
    assert "3.12" in first.cause
    assert "uwsgi.E120" in {one.id for one in rest}
    same = HomeSeen("/srv/site/venv", True, "3.11")
    assert "uwsgi.E130" not in {one.id for one in judged(HEAD + OTHER_MINOR, kind="binary", homes=(same,))}
