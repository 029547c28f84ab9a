"""A disk that is full at one step or another: one clear error, nothing half-written, and what runs goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.bad_input import APP, clean_up, django, refused, untouched
from support.stack import Project

SIZE_KB = 600


class Disk:
    """A file system of its own, and a file in it that leaves as much room as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.filler = folder / "filler"

    def leave(self, kilobytes: int) -> None:
        self.filler.unlink(missing_ok=True)
        with suppress(OSError), self.filler.open("wb", buffering=0) as stream:
            while True:
                stream.write(b"x" * 4096)
        os.truncate(self.filler, max(0, self.filler.stat().st_size - kilobytes * 1024))

    def half_made(self) -> list[Path]:
        """Temporary files of an atomic write."""
        return [path for path in self.folder.rglob(".*") if path.name != ".portico" and path.name != ".gitignore"]


@pytest.fixture
def disk(folder: Path) -> Iterator[Disk]:
    mounted = folder / "disk"
    mounted.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k,mode=755", "tmpfs", str(mounted)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield Disk(mounted)
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def stack_on(disk: Disk, folder: Path) -> Project:
    """A plain WSGI project whose state is on the small disk."""
    project = Project(folder / "site")
    project.write("app.py", APP)
    project.write("portico.toml", f'state_dir = "{disk.folder}/state"\n')
    return project


def test_a_first_start_at_every_fill_level_is_whole_or_nothing(folder: Path, disk: Disk) -> None:
    project = stack_on(disk, folder)
    seen = []
    for room in range(4, SIZE_KB, 20):
        disk.leave(room)
        ran = project.up("app.py")
        if ran.code == 0:
            break
        finding = refused(ran, "system.E003", 5, "No space left on device (errno 28)", str(disk.folder), "df -h", "df -i")
        seen.append(finding["evidence"][0])
        assert disk.half_made() == []
        assert not project.status().result["running"]
    assert project.get("/").body == b"fine"
    assert len({line.split(":")[0] for line in seen}) >= 4, seen
    clean_up(project)


def test_a_running_stack_serves_on_is_seen_and_stopped_on_a_full_disk(folder: Path, disk: Disk) -> None:
    project = stack_on(disk, folder)
    assert project.up("app.py").code == 0
    pids = [hop.get("pid") for hop in project.status().result["hops"]]
    configured = (project.folder / "portico.toml").read_text()
    project.write("portico.toml", f"{configured}[nginx]\nkeepalive_timeout = 30\n")
    for room in range(4, SIZE_KB, 24):
        disk.leave(room)
        ran = project.portico("up", "-d", "--json")
        if ran.code == 0:
            break
        refused(ran, "system.E003", 5, "what ran before is as it was")
        assert project.get("/").body == b"fine"
        status = project.status()
        assert (status.code, status.result["release"]) == (0, 1), status.out
        assert [hop.get("pid") for hop in status.result["hops"]] == pids
        assert disk.half_made() == []
    assert room, "something has to be written"
    assert ran.result["changed"]
    disk.leave(0)
    assert project.portico("logs", "--json").result["entries"]
    down = project.portico("down", "--json")
    assert (down.code, "nginx" in down.result["stopped"]) == (0, True)
    assert not project.status().result["running"]
    clean_up(project)


def test_static_files_that_do_not_fit(folder: Path, disk: Disk) -> None:
    project = django(folder / "site", f'STATIC_ROOT = "{disk.folder}/static"')
    disk.leave(40)
    ran = project.up()
    found = refused(ran, "django.E020", 5, "No space left on device")
    assert [line.partition(" ")[0] for line in found["fix"]] == ["df"], "what does not fit is no reason to do without"
    assert not project.status().result["running"]
    clean_up(project)


def test_a_read_only_file_system_is_enough_for_a_project(folder: Path, disk: Disk) -> None:
    project = Project(disk.folder / "site")
    project.write("app.py", APP)
    subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True)
    assert project.up("app.py").code == 0
    assert project.get("/").body == b"fine"
    assert project.portico("down", "--json").code == 0
    subprocess.run(["mount", "-o", "remount,rw", str(disk.folder)], check=True)
    clean_up(project)


def test_a_state_folder_on_a_read_only_file_system(folder: Path, disk: Disk) -> None:
    project = stack_on(disk, folder)
    subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True)
    with untouched(project.folder):
        ran = project.up("app.py")
    refused(ran, "system.E002", 2, "Read-only file system", f"findmnt -T {disk.folder}", "state_dir =")


def test_a_log_that_takes_no_line(folder: Path) -> None:
    """`/dev/full` is a disk without room for every account: a site whose log cannot be written is served."""
    project = Project(folder / "site")
    project.write("app.py", APP)
    project.write("portico.toml", '[nginx]\naccess_log = "/dev/full"\n[uwsgi]\nlog = "/dev/full"\n')
    ran = project.up("app.py")
    assert ran.code == 0, ran.out
    assert project.get("/").body == b"fine"
    clean_up(project)
