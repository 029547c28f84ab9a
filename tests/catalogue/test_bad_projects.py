"""Projects that do not behave, parts of the doctor that fail, secrets, and requests of the past."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogue.answers import apart, sound
from catalogue.kit import LOGGING, ROOT, Kit
from portico.actions.doctor import diagnose, look_project, look_uwsgi
from portico.model.evidence import Evidence
from portico.model.finding import Finding

APP = 'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"fine"]\n'
#: Done where the doctor imports it, and not where uWSGI does. Those that hang do so for ever: who waits for their end fails.
ELSEWHERE = "import os, sys\nif 'uwsgi' not in sys.modules:\n    "
PROJECTS = {
    "hangs": "os.read(os.pipe()[0], 1)",
    "hangs and is deaf": "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); os.read(os.pipe()[0], 1)",
    "prints megabytes": "[os.write(number, b'x' * 1_000_000) for number in (1, 2) * 20]",
    "ends at once": "os._exit(7)",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "kills its group": "import signal; os.killpg(0, signal.SIGKILL)",
    "wants a terminal": "open('/dev/tty').read(1)",
    "wants an answer": "input('password? ')",
    "closes everything": "os.closerange(0, 256)",
    "leaves a process that holds the output": "import leaves",
    "breaks Python": "import builtins; builtins.open = None; sys.modules['json'] = None",
    "moves away": "os.chdir('/proc')",
}
LEAVES = """
import os, time
if os.fork() == 0:
    os.setsid()
    while os.path.exists(__file__):
        time.sleep(0.1)
    os._exit(0)
"""
WITHOUT_A_WORD = ("ends at once", "crashes", "kills its group", "breaks Python")
DJANGO = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_that(kit: Kit, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = name.startswith("hangs")
    if hangs:
        monkeypatch.setattr(look_project, "LIMIT_S", 2.0)
    kit.write("project/app.py", ELSEWHERE + PROJECTS[name] + "\n" + APP)
    kit.write("project/leaves.py", LEAVES)
    kit.uwsgi("--master", "--module", "app", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    envelope = sound(kit.doctor(), code=0)
    told = [one for one in envelope["result"]["unknown"] if one["check"] == "project"]
    assert bool(told) is (name in WITHOUT_A_WORD)
    assert not hangs or "wsgi.I140" in [one["id"] for one in envelope["findings"]]


def test_a_python_that_is_gone(kit: Kit) -> None:
    ini = kit.write("uwsgi.ini", f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}\n")
    envelope = sound(kit.portico("doctor", "--uwsgi", str(ini), "--python", str(kit.folder / "gone" / "python")))
    assert any("gone/python" in one["reason"] for one in envelope["result"]["unknown"])


def test_what_is_seen_in_a_python_that_was_guessed_is_not_certain(kit: Kit) -> None:
    kit.write("project/app.py", "import not_there_at_all\n" + APP)
    ini = kit.write("uwsgi.ini", f"[uwsgi]\nmaster = true\nmodule = app\nchdir = {kit.project}\nsocket = {kit.socket}\n")
    guessed = sound(kit.portico("doctor", "--uwsgi", str(ini)), code=1)
    assert "--python" in " ".join(one["reason"] for one in guessed["result"]["unknown"])
    named = sound(kit.portico("doctor", "--uwsgi", str(ini), "--python", sys.executable), code=1)
    found = [next(one for one in said["findings"] if "not_there_at_all" in one["cause"]) for said in (guessed, named)]
    assert [one["certainty"] for one in found] == ["likely", "certain"]


def test_a_rule_that_fails_keeps_no_other_from_judging(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(evidence: Evidence) -> Iterator[Finding]:
        raise LookupError("no such thing")
        yield

    monkeypatch.setattr(diagnose, "RULES", (broken, *diagnose.RULES))
    kit.nginx(f"location / {{ {kit.app} }}")
    envelope = kit.doctor()
    assert (envelope["code"], kit.first(envelope)) == (1, "nginx-uwsgi.E104")
    (said,) = [one for one in envelope["result"]["unknown"] if "LookupError" in one["reason"]]
    assert "broken" in said["check"]
    assert "no such thing" in said["reason"]


def test_a_look_that_fails_keeps_no_other_from_being_taken(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> Any:
        raise OSError(5, "a disk")

    monkeypatch.setattr(look_uwsgi, "running", broken)
    kit.nginx(f"location / {{ {kit.app} }}")
    envelope = kit.doctor()
    assert envelope["code"] == 1
    assert [visit["status"] for visit in envelope["result"]["visits"]] == [502]
    assert any(one["check"] == "uwsgi" and "failed" in one["reason"] for one in envelope["result"]["unknown"])


KEPT = {
    "environment": "aa-environment-0001",
    "short": "hunter2",
    "command line": "bb-command-line-0002",
    "set": "cc-set-0003",
    "ini": "dd-ini-file-0004",
    "misspelt": "ee-misspelt-0005",
    "userinfo": "ff-userinfo-0006",
    "query": "gg-query-0007",
    "header": "hh-header-0008",
    "cookie": "ii-cookie-0009",
    "nginx": "jj-nginx-0010",
    "settings": "kk-settings-0011",
    "old query": "ll-old-query-0012",
}
LEAK = """
import os

class Leak:
    def __init__(self, get_response):
        pass

    def __call__(self, request):
        token = os.environ["API_TOKEN"]
        print("password=" + token, request.headers, request.GET, flush=True)
        raise ValueError(f"no postgres://joe:{token}@db/x with {os.environ['DB_PASSWORD']}, {request.headers}, {token!r}")
"""


def leaking(kit: Kit) -> Path:
    """A site that fails, and quotes every secret it has in what it prints."""
    kit.write("project/leak.py", LEAK)
    ini = kit.write(
        "uwsgi.ini",
        f"[uwsgi]\nmaster = true\nmodule = mysite.wsgi\nsocket = {kit.socket}\nchmod-socket = 666\n"
        f"env = DB_PASSWORD={KEPT['ini']}\nset-placeholder = api_token={KEPT['set']}\nsocket-secret = {KEPT['misspelt']}\n",
    )
    extra = f"SECRET_KEY = '{KEPT['settings']}'\nMIDDLEWARE.insert(0, 'leak.Leak')\n{LOGGING}"
    environ = {"API_TOKEN": KEPT["environment"], "DB_PASSWORD": KEPT["short"], "SETTINGS_EXTRA": extra}
    set_one = ("--set", f"other_token={KEPT['set']}", "--env", f"DJANGO_SECRET={KEPT['command line']}")
    kit.uwsgi("--ini", str(ini), *set_one, environ=environ)
    kit.nginx(
        f'location / {{ {kit.app} uwsgi_param DB_PASSWORD {KEPT["nginx"]}; proxy_set_header X-Api-Key "{KEPT["nginx"]}"; }}'
    )
    kit.get("/old", "-H", f"Authorization: Bearer {KEPT['header']}", "-H", f"Cookie: sessionid={KEPT['cookie']}")
    kit.get(f"/old?api_key={KEPT['old query']}&x=1")
    return ini


def leaked(text: str) -> list[str]:
    """What is in it, or a good part of it: texts are cut short."""
    return [name for name, secret in KEPT.items() if secret in text or (len(secret) > 12 and secret[:-3] in text)]


def test_no_secret_is_in_any_output(kit: Kit) -> None:
    ini = leaking(kit)
    files = ("--nginx", str(kit.folder / "nginx.conf"), "--uwsgi", str(ini), "--log", str(kit.log))
    url = f"http://joe:{KEPT['userinfo']}@127.0.0.1:{kit.port}/page?password={KEPT['query']}"
    envelope = sound(kit.portico("doctor", url, "--recent", *files), code=1)
    assert leaked(json.dumps(envelope, ensure_ascii=False)) == []
    assert kit.first(envelope) == "django.E110"
    assert "?password=***" in envelope["result"]["visits"][0]["line"]
    assert any("?api_key=***" in visit["line"] for visit in envelope["result"]["visits"])
    text = apart(kit, "doctor", url, *files)
    assert (text.code, leaked(text.out + text.err)) == (1, [])
    assert "***" in text.out + text.err


@pytest.mark.parametrize("end", ["", "--no-such-flag", "second"])
def test_no_secret_is_in_a_refusal(kit: Kit, end: str) -> None:
    url = f"ftp://joe:{KEPT['userinfo']}@host/?token={KEPT['query']}"
    for form in ((), ("--json",)):
        ran = apart(kit, "doctor", url, *([end] if end else []), *form)
        assert (ran.code, leaked(ran.out + ran.err)) == (2, [])


WATCHED = """
def application(environ, start_response):
    with open(__file__ + ".requests", "a") as seen:
        seen.write(environ["REQUEST_METHOD"] + " " + environ["REQUEST_URI"] + "\\n")
    status = "500 Oops" if "fail" in environ["PATH_INFO"] else "404 No" if "no" in environ["PATH_INFO"] else "200 OK"
    start_response(status, [("Content-Type", "text/plain")])
    return [b"x"]
"""


def repeated(kit: Kit, *arguments: str) -> list[str]:
    """The requests that the doctor repeats, as the application saw them."""
    seen = kit.project / "watched.py.requests"
    seen.unlink(missing_ok=True)
    envelope = sound(kit.doctor("/ok", "--recent", *arguments))
    names = [visit["line"].split()[1].split("/", 3)[3] for visit in envelope["result"]["visits"] if visit["for"] == "recent"]
    lines = seen.read_text().splitlines()
    assert {line.split()[0] for line in lines} <= {"GET", "HEAD"}
    assert [f"GET /{name}" in lines for name in names] == [True] * len(names)
    return names


def test_recent_repeats_a_few_that_failed_and_are_safe(kit: Kit) -> None:
    kit.write("project/watched.py", WATCHED)
    kit.uwsgi("--master", "--module", "watched", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    assert repeated(kit) == []
    for number in range(4):
        kit.get(f"/no{number}")
    kit.get("/fail-head", "-I")
    kit.get("/fail-get?a=1")
    for method in ("POST", "PUT", "DELETE"):
        kit.get(f"/fail-{method}", "-X", method)
    kit.get("/", "--request-target", "http://elsewhere.invalid/fail-proxy")
    kit.get("/fine")
    assert repeated(kit) == ["fail-get?a=1", "fail-head", "no3"]


def test_since_bounds_what_counts_as_lately(kit: Kit) -> None:
    kit.write("project/watched.py", WATCHED)
    kit.uwsgi("--master", "--module", "watched", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ {kit.app} }}")
    old = time.strftime("%d/%b/%Y:%H:%M:%S %z", time.localtime(time.time() - 3000))
    with (kit.folder / "access.log").open("a") as log:
        log.write(f'127.0.0.1 - - [{old}] "GET /fail-old HTTP/1.1" 500 1 "-" "-"\n')
    assert repeated(kit) == []
    assert repeated(kit, "--since", "1h") == ["fail-old"]


def listing(folder: Path) -> dict[str, tuple[int, ...]]:
    """Everything below a folder, as lstat(2) tells it, without what only reading changes."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        status = os.lstat(path)
        found[str(path)] = (
            status.st_mode,
            status.st_uid,
            status.st_gid,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
    return found


#: At the end of a wsgi.py.
WRITES = """
import contextlib, logging
from shop.models import Item
logging.FileHandler("made.log").emit(logging.makeLogRecord({"msg": "loaded"}))
with contextlib.suppress(Exception):
    Item.objects.create(name="made")
"""


@pytest.mark.parametrize("failing", [False, True], ids=["well", "failing"])
def test_looking_changes_nothing(kit: Kit, failing: bool) -> None:
    kit.uwsgi(*DJANGO, kit.socket)
    kit.nginx(kit.site)
    if failing:
        with (kit.project / "mysite" / "wsgi.py").open("a") as module:
            module.write(WRITES)
        Path(kit.socket).chmod(0o600)
    kit.get("/items/")
    before = listing(kit.folder)
    sound(kit.doctor(), code=int(failing and ROOT))
    after = listing(kit.folder)
    logs = {str(kit.folder / name) for name in ("access.log", "error.log", "uwsgi.log")}
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= logs
