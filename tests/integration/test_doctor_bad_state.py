"""`portico doctor` on Portico's own stacks, when things are in a bad state: its files, its output, its account, its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from portico.actions.options import find_places
from support.bad_input import NOBODY, Other, clean_up
from support.stack import ROOT, Project, Ran, clean_environ, start_project, until

SECRET = "tt-kept-in-portico-toml-0001"
APP = """
import os


def application(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise RuntimeError("no way in with " + os.environ["SERVICE_TOKEN"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine"]
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Project]:
    """A running stack; whoever damages it puts it back."""
    base = Path(tempfile.mkdtemp(prefix="ptest-", dir="/tmp"))
    base.chmod(0o755)
    project = Project(base / "site")
    project.write("app.py", APP)
    project.write("portico.toml", f'[env]\nSERVICE_TOKEN = "{SECRET}"\n')
    try:
        assert project.up("app.py").code == 0
        yield project
        clean_up(project)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def sound(ran: Ran, *codes: int) -> dict[str, Any]:
    """The envelope of an answer in which nothing of the doctor itself failed."""
    assert ran.code in codes, ran.out + ran.err
    assert "Traceback" not in ran.err, ran.err
    envelope = ran.json
    assert envelope["code"] == ran.code
    assert "system.E000" not in ran.ids
    assert [one for one in ran.result["unknown"] if "failed: " in one["reason"]] == []
    return envelope


def doctor(project: Project, *arguments: str) -> Ran:
    return project.portico("doctor", "--json", *arguments)


STATES: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: "",
    "junk": lambda text: "\0{\udcff",
    "another type": lambda text: "[1]",
    "half of it": lambda text: text[: len(text) // 2],
    "no plan": lambda text: json.dumps({**json.loads(text), "plan": {}}),
    "another release": lambda text: json.dumps({**json.loads(text), "release": 99}),
}


@pytest.mark.parametrize("change", STATES.values(), ids=list(STATES))
def test_a_state_file_with(running: Project, change: Callable[[str], str]) -> None:
    file = find_places(running.folder).state / "state.json"
    before = file.read_text()
    file.write_text(change(before), encoding="utf-8", errors="surrogateescape")
    try:
        sound(doctor(running), 0, 1)
    finally:
        file.write_text(before)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, None], ids=["pipe", "folder", "nothing"])
def test_in_the_place_of_the_state_file_stands(running: Project, make: Callable[[Path], None] | None) -> None:
    file = find_places(running.folder).state / "state.json"
    aside = file.rename(file.with_name("aside"))
    try:
        if make:
            make(file)
        sound(doctor(running), 0, 1)
    finally:
        if make:
            file.rmdir() if file.is_dir() else file.unlink()
        aside.rename(file)


@pytest.mark.parametrize("name", ["conf", "log", "releases", "tmp"])
def test_without_the_folder(running: Project, name: str) -> None:
    folder = find_places(running.folder).state / name
    aside = folder.rename(folder.with_name("aside"))
    try:
        sound(doctor(running), 0, 1)
    finally:
        aside.rename(folder)


def listing(folders: Sequence[Path]) -> dict[str, tuple[int, ...]]:
    found = {}
    for path in [path for folder in folders for path in (folder, *folder.rglob("*"))]:
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


def test_looking_changes_nothing(site: Project) -> None:
    assert site.up().code == 0
    where = find_places(site.folder)
    folders = [site.folder, where.state, where.run]
    # What supervisord says of a start is written a second after it.
    log = where.run / "supervisord.log"
    until(lambda: log.read_text().count("entered RUNNING") == log.read_text().count("spawned: ") > 0)
    before = listing(folders)
    sound(doctor(site), 0)
    sound(doctor(site, "/admin/login/"), 0)
    after = listing(folders)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {Path(path).parent.name for path in changed} <= {"log"}, changed


@pytest.mark.skipif(not ROOT, reason="only root's stack is hidden from others")
def test_another_account_sees_what_it_may(running: Project) -> None:
    other = Other(running.folder, uid=NOBODY)
    envelope = sound(other.portico("doctor", "--json", running.url), 0)
    assert [visit["status"] for visit in envelope["result"]["visits"]][:1] == [200]
    reasons = " ".join(one["reason"] for one in envelope["result"]["unknown"])
    assert "hidden from this account" in reasons
    hops = {hop["hop"]: hop for hop in envelope["result"]["hops"]}
    assert hops.get("uwsgi", {}).get("running") is None


def test_a_secret_of_the_configuration_is_in_no_output(running: Project) -> None:
    envelope = sound(doctor(running, f"/boom?token={SECRET}x"), 1)
    first = envelope["findings"][0]
    assert "RuntimeError: no way in with ***" in first["cause"] + " ".join(first["evidence"])
    assert SECRET not in json.dumps(envelope)
    text = running.portico("doctor", f"/boom?token={SECRET}x")
    assert (text.code, SECRET in text.out + text.err) == (1, False)


def started(project: Project, *arguments: str, **kwargs: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "portico", "-C", str(project.folder), "doctor", *arguments]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | kwargs
    return subprocess.Popen(command, **{"env": clean_environ(), **streams})


@pytest.mark.parametrize(("encoding", "arrow"), [("latin-1", b"\\u2192"), ("ascii", b""), ("utf-8", "\u2192".encode())])
def test_a_terminal_that_knows_few_letters(running: Project, encoding: str, arrow: bytes) -> None:
    environ = {**clean_environ(), "LC_ALL": "C", "PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    process = started(running, "/\u2603/\u00e9", env=environ)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"\x1b" not in out
    assert b"-> 200 text/plain" in out
    assert arrow in out


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_standard_output_that_is(running: Project, form: tuple[str, ...]) -> None:
    closed = started(running, *form, stdout=None, preexec_fn=lambda: os.close(1))
    assert (closed.communicate(timeout=60)[1], closed.returncode) == (b"", 0)
    read, write = os.pipe()
    os.close(read)
    gone = started(running, *form, stdout=write)
    os.close(write)
    assert (gone.communicate(timeout=60)[1], gone.returncode) == (b"", 141)
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = started(running, *form, stdout=full)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 5
    assert b"errno 28" in err
    assert b"Traceback" not in err


def test_exit_codes(running: Project) -> None:
    assert running.portico("doctor").code == 0
    assert running.portico("doctor", "/boom").code == 1
    assert running.portico("doctor", "no-url").code == 2
    assert running.portico("doctor", "--since", "yesterday").code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_and_all_that_it_began(folder: Path, number: int) -> None:
    project = Project(start_project(folder / "site"))
    (project.folder / "mysite" / "wsgi.py").write_text("import time\ntime.sleep(600)\n")
    ini = project.write("uwsgi.ini", f"[uwsgi]\nmodule = mysite.wsgi\nchdir = {project.folder}\nsocket = {folder}/a.sock\n")
    temporary = folder / "temporary"
    temporary.mkdir(mode=0o777)
    flags = ("--uwsgi", str(ini), "--python", sys.executable)
    process = started(project, *flags, env={**clean_environ(), "TMPDIR": str(temporary)}, start_new_session=True)
    until(lambda: examiners(temporary), what="the application is examined")
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, b"Traceback" in err) == (130, b"", False)
    assert examiners(temporary) == []
    assert list(temporary.iterdir()) == []


def examiners(temporary: Path) -> list[str]:
    """Processes that were given something in that folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        found += [entry.name] if str(temporary).encode() in command else []
    return found
