"""Folders Portico keeps its own things in, in every state somebody or a crash may leave them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico.actions.options import find_places
from support.bad_input import APP, NOBODY, Other, as_other, clean_up, no_mistake_of_ours, ordinary, refused, untouched
from support.stack import ROOT, Project


@pytest.fixture(scope="module")
def running() -> Iterator[Project]:
    """A running stack; whoever damages its state puts it back."""
    base = Path(tempfile.mkdtemp(prefix="ptest-", dir="/tmp"))
    base.chmod(0o755)
    project = Project(base / "site")
    project.write("app.py", APP)
    try:
        assert project.up("app.py").code == 0
        yield project
        clean_up(project)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def changed(text: str) -> str:
    data = json.loads(text)
    data["release"] += 1
    return json.dumps(data)


DAMAGE = {
    "empty": lambda text: "",
    "cut short": lambda text: text[: len(text) // 2],
    "binary": lambda text: "\0\x01\x02" * 100,
    "another version": lambda text: text.replace('"format": 1', '"format": 2'),
    "another shape": lambda text: '{"format": 1, "release": "x", "plan": 7}',
    "a list": lambda text: "[]",
    "nested without end": lambda text: "[" * 100_000,
    "edited": changed,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_record_is_named_and_the_stack_serves_on(running: Project, kind: str) -> None:
    file = find_places(running.folder).state_file
    text = file.read_text()
    try:
        file.write_text(DAMAGE[kind](text))
        status = running.status()
        assert status.code == 1
        finding = status.json["findings"][0]
        assert (status.result["running"], finding["id"]) == (True, "system.E018")
        assert str(file) in finding["cause"]
        assert [line.split("  ")[0] for line in finding["fix"]] == ["portico up", "portico down"]
        no_mistake_of_ours(running.portico("logs", "--json", "-n", "1"))
        assert running.get("/").body == b"fine"
    finally:
        file.write_text(text)
    assert running.status().code == 0


def test_up_and_down_work_without_a_readable_record(folder: Path) -> None:
    project = Project(folder / "site")
    project.write("app.py", APP)
    assert project.up("app.py").code == 0
    file = find_places(project.folder).state_file
    file.write_text("{")
    again = project.up("app.py")
    assert (again.code, again.result["release"], project.get("/").body) == (0, 2, b"fine")
    file.write_text("{")
    assert project.portico("down", "--json").result["stopped"] == ["nginx", "uwsgi-2"]
    assert not project.status().result["running"]
    clean_up(project)


def test_a_lock_that_somebody_left_and_one_that_is_no_file(folder: Path) -> None:
    project = ordinary(folder / "site")
    dot = project.folder / ".portico"
    dot.mkdir()
    if isinstance(project, Other):
        project.give(dot)
    lock = dot / "lock"
    for wrong, word in ((lambda: lock.mkdir(), "Is a directory"), (lambda: lock.symlink_to("/etc/passwd"), "symbolic link")):
        wrong()
        refused(project.up("app.py"), "system.E002", 2, word, str(lock))
        lock.rmdir() if lock.is_dir() else lock.unlink()
    lock.write_text("999999999\n")
    lock.chmod(0o666)
    assert project.up("app.py").code == 0
    clean_up(project)


def test_a_project_that_may_not_be_written_to(folder: Path) -> None:
    project = ordinary(folder / "site")
    project.folder.chmod(0o555)
    with untouched(project.folder):
        ran = project.up("app.py")
    refused(ran, "system.E002", 2, "Permission denied", f"{project.folder}/.portico", "state_dir =")
    project.folder.chmod(0o755)


def test_a_read_only_project_with_its_state_elsewhere(folder: Path) -> None:
    project = ordinary(folder / "site")
    state = folder / "state"
    project.write("portico.toml", f'state_dir = "{state}"\n')
    folder.chmod(0o777)
    project.folder.chmod(0o555)
    before = sorted(path.name for path in project.folder.iterdir() if path.name != "__pycache__")
    assert project.up("app.py").code == 0
    assert project.get("/").body == b"fine"
    assert project.portico("down", "--json").code == 0
    assert sorted(path.name for path in project.folder.iterdir() if path.name != "__pycache__") == before
    project.folder.chmod(0o755)
    folder.chmod(0o755)


IN_THE_WAY = {
    "a file": (lambda dot: dot.write_text(""), "system.E002", ("File exists", "move it away")),
    "a link to nowhere": (lambda dot: dot.symlink_to("nowhere"), "system.E002", ("File exists",)),
    "a link to root's": (lambda dot: dot.symlink_to("/usr/lib"), "system.E015", ("belongs to root", "state_dir")),
    "a file for logs": (lambda dot: (dot.mkdir(), (dot / "log").write_text("")), "system.E002", (".portico/log",)),
    "a folder for a link": (
        lambda dot: (dot / "conf" / "x").mkdir(parents=True), "system.E002", (".portico/conf", "Is a directory")),
}  # fmt: skip


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_something_else_is_called_dot_portico(folder: Path, what: str) -> None:
    make, finding_id, words = IN_THE_WAY[what]
    project = ordinary(folder / "site")
    dot = project.folder / ".portico"
    make(dot)
    if isinstance(project, Other) and not dot.is_symlink():
        project.give(dot)
    ran = project.up("app.py")
    refused(ran, finding_id, 2, *words)
    assert [path for path in dot.rglob(".*.*") if not dot.is_symlink()] == [], "half-made files"
    assert project.portico("down", "--json").code == 0
    assert not project.status().result["running"]
    shutil.rmtree(dot) if dot.is_dir() and not dot.is_symlink() else dot.unlink()


def test_a_dot_portico_of_somebody_else(folder: Path) -> None:
    project = as_other(folder / "site")
    dot = project.folder / ".portico"
    dot.mkdir(mode=0o777)
    dot.chmod(0o777)
    refused(project.up("app.py"), "system.E015", 2, "belongs to root", "runs as nobody", f"ls -la {dot}")
    assert list(dot.iterdir()) == []
    dot.rmdir()


@pytest.mark.parametrize("kind", ["another account's", "a link", "open to all"])
def test_a_runtime_folder_that_is_not_private_is_neither_read_nor_written(folder: Path, kind: str) -> None:
    # An account of this test's own, which no database knows: others may use nobody's folder at the same time.
    project = as_other(folder / "site", uid=60_000 + os.getpid() % 5_000)
    base = Path(f"/tmp/portico-{project.uid}")
    theirs = folder / "theirs"
    theirs.mkdir()
    theirs.chmod(0o777)
    try:
        if kind == "a link":
            base.symlink_to(theirs)
        else:
            base.mkdir()
            base.chmod(0o777)
        if kind != "another account's":
            project.give(base)
        for verb in ("up", "status", "down", "logs", "check"):
            target = ["app.py"] if verb in ("up", "check") else []
            refused(project.portico(verb, *target, "--json"), "system.E004", 5, str(base), str(project.uid), f"mv {base}")
        assert list(theirs.iterdir()) == []
        assert not (project.folder / ".portico").exists()
    finally:
        base.unlink() if base.is_symlink() else base.rmdir()


STATE_DIRS = {
    "/proc/x": ("system.E002", "No such file or directory"),
    "/dev/null": ("system.E002", "File exists"),
    "app.py": ("system.E002", "File exists"),
    "app.py/x": ("system.E002", "Not a directory"),
    "..": ("config.E003", "holds other things"),
    "/etc": ("config.E003", "holds other things"),
    "/": ("config.E003", "holds other things"),
}


@pytest.mark.parametrize("state_dir", STATE_DIRS)
def test_a_state_folder_that_cannot_be(folder: Path, state_dir: str) -> None:
    project = Project(folder / "site")
    project.write("app.py", APP)
    project.write("portico.toml", f'state_dir = "{state_dir}"\n')
    before = {path: path.stat().st_mode for path in (Path("/etc"), Path("/"), folder)}
    ran = project.up("app.py")
    finding_id, word = STATE_DIRS[state_dir]
    refused(ran, finding_id, 2, word, "state_dir")
    assert {path: path.stat().st_mode for path in before} == before
    assert sorted(path.name for path in project.folder.iterdir() if path.name != "__pycache__") == ["app.py", "portico.toml"]
    for verb in ("status", "down"):
        assert project.portico(verb, "--json").code == 0


def test_root_keeps_nothing_in_a_folder_that_another_account_can_replace(folder: Path) -> None:
    if not ROOT:
        pytest.skip("files of root's are the point")
    project = Project(folder / "site")
    project.write("app.py", APP)
    # `user` because another account may not be able to run this Python.
    project.write("portico.toml", 'user = "root"\nstate_dir = "state"\n')
    os.chown(project.folder, NOBODY, NOBODY)
    ran = project.up("app.py")
    refused(ran, "system.E015", 2, f"{project.folder} belongs to nobody", "runs as root")
    assert not (project.folder / "state").exists()
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    project.write("portico.toml", f'user = "root"\nstate_dir = "{shared}/state"\n')
    refused(project.up("app.py"), "system.E015", 2, "may be changed by every account")
