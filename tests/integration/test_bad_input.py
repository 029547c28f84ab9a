"""Folders, projects, names and addresses that cannot work: one clear error each, and nothing is written."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bad_input import APP, as_other, clean_up, django, no_mistake_of_ours, ordinary, refused, untouched
from support.stack import ROOT, Project

VERBS = ("up", "restart", "check", "config", "render")


def wsgi(folder: Path, text: str = APP) -> Project:
    project = Project(folder)
    project.write("app.py", text)
    return project


@pytest.mark.parametrize("verb", VERBS)
def test_an_empty_folder(folder: Path, verb: str) -> None:
    with untouched(folder):
        ran = Project(folder).portico(verb, "--json")
    refused(ran, "project.E002", 2, "manage.py", str(folder), "portico up hello.py")


def test_a_folder_that_is_not_there_a_file_and_one_behind_a_closed_door(folder: Path) -> None:
    missing = Project(folder / "no such")
    refused(missing.portico("status", "--json"), "project.E001", 2, "No such file or directory", "portico -C DIR")
    file = Project(wsgi(folder / "site").folder / "app.py")
    refused(file.portico("up", "--json"), "project.E001", 2, "is a file", f"portico -C {file.folder.parent} up app.py")
    closed = ordinary(folder / "closed")
    closed.folder.chmod(0o300)
    refused(closed.portico("up", "--json"), "system.E016", 2, "Permission denied", f"ls -ld {closed.folder}")
    closed.folder.chmod(0)
    inner = type(closed)(closed.folder / "inner")
    refused(inner.portico("status", "--json"), "system.E016", 2, "Permission denied")
    closed.folder.chmod(0o700)


def test_two_projects_in_one_folder_are_both_named(folder: Path) -> None:
    for name in ("it's one", "two"):
        (folder / name).mkdir()
        (folder / name / "manage.py").write_text("")
    with untouched(folder):
        ran = Project(folder).up()
    finding = refused(ran, "project.E003", 2, "2 projects")
    assert finding["fix"] == [f"""portico -C '{folder}/it'"'"'s one' up""", f"portico -C {folder}/two up"]


BROKEN_SETTINGS = {
    "syntax": ("def x(:", "django.E015", ("SyntaxError", "settings.py:")),
    "import": ("import no_such_thing", "wsgi.E002", ("No module named no_such_thing", "-m pip install")),
    "app": ("INSTALLED_APPS += ['rest_framework']", "wsgi.E002", ("rest_framework", "pip install djangorestframework")),
    "key": ("import os; SECRET_KEY = os.environ['A_KEY']", "wsgi.E009", ("A_KEY is not set", "[env]", "export A_KEY=")),
    "improper": (
        "from django.core.exceptions import ImproperlyConfigured as E; raise E('no key')",
        "django.E015",
        ("ImproperlyConfigured", "no key"),
    ),
    "exit": ("import sys; sys.exit('not today')", "wsgi.E012", ("not today", "settings.py:")),
    "os._exit": ("import os; os._exit(7)", "wsgi.E011", ("ended with status 7", "manage.py check")),
    "crash": ("import ctypes; ctypes.string_at(0)", "wsgi.E011", ("signal 11", "faulthandler")),
}


@pytest.mark.parametrize("name", BROKEN_SETTINGS)
def test_broken_settings(folder: Path, name: str) -> None:
    lines, finding_id, words = BROKEN_SETTINGS[name]
    project = django(folder / "site", lines)
    with untouched(project.folder):
        ran = project.up()
    refused(ran, finding_id, 2, *words)


def test_a_variable_that_a_dotenv_file_defines_is_found_there_and_its_value_is_not_shown(folder: Path) -> None:
    lines = "import os; SECRET_KEY = os.environ['A_KEY']"
    project = django(folder / "site", lines, **{".env": "A_KEY=hush-hush-hush\n"})
    ran = project.up()
    refused(ran, "wsgi.E009", 2, ".env defines A_KEY", 'env_files = [".env"]')
    assert "hush-hush-hush" not in ran.out + ran.err


def test_django_missing_in_the_virtual_environment_of_the_project(folder: Path) -> None:
    project = django(folder / "site", **{"requirements.txt": "django\n"})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.folder / ".venv")], check=True, timeout=60)
    with untouched(project.folder):
        ran = project.up()
    python = project.folder / ".venv" / "bin" / "python"
    refused(ran, "wsgi.E002", 2, "No module named django", f"{python} -m pip install -r {project.folder}/requirements.txt")


CALLABLES = {
    "raises": ("1 / 0\n", "wsgi.E007", ("ZeroDivisionError", "app.py:1")),
    "imports": ("import no_such_thing\n", "wsgi.E002", ("no_such_thing",)),
    "nothing": ("x = 1\n", "wsgi.E004", ("has none of application",)),
    "a text": ("application = 'no'\n", "wsgi.E005", ("is a str",)),
    "too few arguments": ("def application(): pass\n", "wsgi.E005", ("environ, start_response",)),
    "asgi": ("async def application(scope, receive, send): pass\n", "wsgi.E010", ("ASGI", "uvicorn")),
    "factory": ("def create_app(): pass\n", "wsgi.E006", ("app:create_app()",)),
    "exits": ("raise SystemExit(0)\n", "wsgi.E012", ("SystemExit",)),
}


@pytest.mark.parametrize("name", CALLABLES)
def test_a_module_that_has_no_application(folder: Path, name: str) -> None:
    text, finding_id, words = CALLABLES[name]
    project = wsgi(folder / "site", text)
    with untouched(project.folder):
        ran = project.up("app.py")
    refused(ran, finding_id, 2, *words)


BAD_TARGETS = ("nope.py", "app.py:x y", "no/such", "..", "-x", "\x1b[31m", "class", "$(id)", " ")


@pytest.mark.parametrize("target", BAD_TARGETS)
def test_a_target_that_names_nothing(folder: Path, target: str) -> None:
    project = wsgi(folder / "site")
    with untouched(project.folder):
        ran = project.up("--", target)
    refused(ran, "project.E002" if target == ".." else "project.E004", 2)
    assert "\x1b" not in ran.out


def test_a_callable_that_is_not_there_is_answered_with_the_one_that_is(folder: Path) -> None:
    refused(wsgi(folder / "site").up("app.py:nope"), "wsgi.E004", 2, "it has application", "portico up app:application")


BAD_ADDRESSES = {
    "": "port", "x": "port", "-1": "port", "0": "port", "65536": "port", "9" * 5000: "port", "٨٠٠٠": "port", "*": "port",
    "80:80": "IP address", "300.1.1.1:80": "IP address", "site.example:80": "IP address", "127.0.0.1;x:80": "IP address",
    "::1:80": "brackets", "http://localhost:8000": "URL", "[fe80::1%eth0]:80": "one link", "224.0.0.1:80": "many machines",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_ADDRESSES, ids=lambda text: text[:20])
def test_an_address_that_cannot_be_understood(folder: Path, text: str) -> None:
    project = wsgi(folder / "site")
    with untouched(project.folder):
        ran = project.up("app.py", "--listen", text)
    refused(ran, "config.E006", 2, BAD_ADDRESSES[text], "--listen", "portico up --listen 8000")


def test_an_address_of_another_machine(folder: Path) -> None:
    project = wsgi(folder / "site")
    with untouched(project.folder):
        # TEST-NET-1 is nobody's (RFC 5737).
        ran = project.up("app.py", "--listen", "192.0.2.1:8000")
    refused(ran, "nginx.E006", 2, "192.0.2.1:8000", "errno 99", "ip -brief address")
    checked = project.portico("check", "app.py", "--json", "--listen", "192.0.2.1:8000", *(["--allow-root-app"] * ROOT))
    assert (checked.code, checked.ids) == (1, ["nginx.E006"])


def test_a_port_for_root_alone(folder: Path) -> None:
    limit = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if limit <= 1:
        pytest.skip("this kernel lets every account listen everywhere")
    project = ordinary(folder / "site")
    with untouched(project.folder):
        ran = project.up("app.py", "--listen", str(limit - 1))
    refused(ran, "nginx.E005", 2, f"port {limit - 1}", "errno 13", "sudo portico up")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "*"])
def test_a_port_that_a_stranger_holds(folder: Path, taken: int, host: str) -> None:
    project = wsgi(folder / "site")
    with untouched(project.folder):
        ran = project.up("app.py", "--listen", f"{host}:{taken}")
    refused(ran, "nginx.E004", 2, f"127.0.0.1:{taken}", f"kill {os.getpid()}", "--listen auto")


def test_a_port_that_a_process_of_root_holds(folder: Path, taken: int) -> None:
    project = as_other(folder / "site")
    with untouched(project.folder):
        ran = project.up("app.py", "--listen", str(taken))
    finding = refused(ran, "nginx.E004", 2, "a process of root", "its pid is hidden", "sudo ss -ltnp")
    assert not [line for line in finding["fix"] if line.startswith("kill")]


@pytest.mark.parametrize("front", ["nginx", "none"])
def test_a_port_that_another_stack_holds_names_that_project(folder: Path, front: str) -> None:
    first, second = wsgi(folder / "the first"), wsgi(folder / "second")
    try:
        assert first.up("app.py", "--front", front).code == 0
        port = first.url.rsplit(":", 1)[1].strip("/")
        with untouched(second.folder):
            ran = second.up("app.py", "--listen", port)
        refused(ran, "nginx.E004", 2, f"portico -C '{first.folder}' down")
        assert first.get("/").body == b"fine"
    finally:
        clean_up(first)


def test_a_stack_that_is_told_to_move_to_a_taken_port_stays_where_it_is(folder: Path, taken: int) -> None:
    project = wsgi(folder / "site")
    try:
        assert project.up("app.py").code == 0
        ran = project.portico("up", "-d", "--json", "--listen", str(taken))
        refused(ran, "nginx.E004", 2, f"kill {os.getpid()}")
        assert project.get("/").body == b"fine"
        assert project.status().result["url"] == project.url
    finally:
        clean_up(project)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "yesterday"),
        ("--since", f"{'9' * 400}d"),
        ("--since", "0001-01-01"),
        ("--status", "99"),
        ("--status", "4*"),
    ],
    ids=lambda arguments: arguments[1][:12],
)
def test_a_filter_of_logs_that_says_nothing(folder: Path, arguments: tuple[str, str]) -> None:
    refused(Project(folder).portico("logs", "--json", *arguments), "config.E009", 2, arguments[0])


def test_a_flag_or_a_verb_that_is_not_known(folder: Path) -> None:
    for arguments in (("up", "--no-such-flag"), ("no-such-verb",), ("up", "--front", "apache"), ("logs", "-n", "-5")):
        refused(Project(folder).portico(*arguments, "--json"), "config.E011", 2, "--help")


def test_messages_are_the_same_as_text_and_no_output_is_no_traceback(folder: Path) -> None:
    project = wsgi(folder / "site", "1 / 0\n")
    shown = project.portico("config", "app.py", *(["--allow-root-app"] * ROOT))
    assert (shown.code, shown.out) == (2, "")
    for label in (
        "error  The application raises an exception",
        "  cause  ZeroDivisionError",
        "  seen   ",
        "  do     correct ",
    ):
        assert label in shown.err
    argv = [sys.executable, "-m", "portico", "-C", str(project.folder), "status", "--json"]
    with Path("/dev/full").open("w") as output:
        full = subprocess.run(argv, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    assert full.returncode == 5
    assert full.stderr == "portico: standard output cannot be written: No space left on device (errno 28)\n"
    narrow = project.portico("status", "--json", environ={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
    assert json.loads(narrow.out)["ok"]


def test_no_verb_makes_a_traceback_of_a_stranger_s_folder(folder: Path) -> None:
    for path in (Path("/proc/self"), Path("/dev"), Path("/")):
        for verb in ("status", "down", "check"):
            no_mistake_of_ours(Project(path).portico(verb, "--json"))
