"""The machine below the deployment: full disks, and logs in two time zones."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import LOGGING, ROOT, Kit

Names = Callable[..., dict[str, Any]]


@pytest.fixture
def small_disk(kit: Kit) -> Iterator[Path]:
    """A file system of 300 kB in the deployment's folder."""
    if not ROOT:
        pytest.skip("only root may mount")
    folder = kit.folder / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k,mode=777", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing may be mounted here")
    yield folder
    kit.stop()
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "fill").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            return


def start(kit: Kit, server: str, **environ: str) -> None:
    where = ("--socket", kit.socket, "--chmod-socket=666")
    kit.uwsgi("--master", "--module=mysite.wsgi", *where, environ=environ)
    kit.nginx(server)


def test_disk_full_for_uploads(kit: Kit, names: Names, small_disk: Path) -> None:
    body = small_disk / "body"
    body.mkdir(mode=0o777)
    body.chmod(0o777)
    start(kit, f"client_body_buffer_size 16k; location / {{ {kit.app} client_body_temp_path {body}; }}")
    fill(small_disk)
    assert (kit.get("/").status, kit.get("/read/", data=bytes(500_000)).status) == (200, 500)
    names(kit.doctor("/"), "disk-full", "system.E100")


def test_disk_full_for_the_database(kit: Kit, names: Names, small_disk: Path) -> None:
    path = small_disk / "db.sqlite3"
    path.write_bytes((kit.project / "db.sqlite3").read_bytes())
    path.chmod(0o666)
    start(kit, kit.site, SETTINGS_EXTRA=LOGGING, DBFILE=str(path))
    fill(small_disk)
    assert (kit.get("/items/").status, kit.get("/write/").status) == (200, 500)
    names(kit.doctor("/write/"), "disk-full", "system.E100")


def test_time_zone_of_the_log(kit: Kit, names: Names) -> None:
    start(kit, kit.site, SETTINGS_EXTRA="TIME_ZONE='Asia/Kathmandu'")
    envelope = kit.doctor()
    found = next(one for one in envelope["findings"] if one["id"] == "system.I105")
    assert "5.75 hours ahead" in found["cause"]
    assert [one["id"] for one in envelope["findings"] if one["severity"] == "error"] == []


def test_time_zone_that_is_the_machines(kit: Kit) -> None:
    start(kit, kit.site, SETTINGS_EXTRA="TIME_ZONE='UTC'")
    assert "system.I105" not in [one["id"] for one in kit.doctor()["findings"]]
