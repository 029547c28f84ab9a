"""The disk that Portico writes to is full: the site serves on, and a release is refused whole."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faults.kills import MIX_WITHOUT_UPLOADS
from faults.rows import Row, under_load
from faults.stacks import CONFIG, running, temporary_folder

FAULT = "the disk is full"


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of 4 MB; needs root. OSError tells why there is none."""
    folder = temporary_folder()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    try:
        if done.returncode:
            raise OSError(f"a small file system cannot be mounted here ({done.stderr.strip()})")
        yield folder
    finally:
        if not done.returncode:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(folder: Path) -> None:
    """Leave no byte."""
    with suppress(OSError), (folder / "filler").open("ab", buffering=0) as stream:
        while stream.write(b"x" * 4096) == 4096:
            pass


def full_disk(nginx: str) -> Row:
    """Logs, release folders and nginx's buffers are on the full disk. Uploads are left out: nginx buffers them there."""
    with small_disk() as disk, running(nginx, config=f'state_dir = "{disk}/state"\n{CONFIG}') as stack:
        before = stack.version()

        def act() -> str:
            fill(disk)
            stack.application.release()
            ran = stack.portico("reload")
            assert ran.code != 0, "there is no room for a release"
            assert stack.version() == before
            os.truncate(disk / "filler", 0)
            version = stack.application.release()
            stack.portico("reload", code=0)
            assert stack.version() == version
            return f"a reload was refused ({ran.ids[0]}, exit code {ran.code}) and went through once there was room"

        seen = under_load(stack.port, act, MIX_WITHOUT_UPLOADS)
        told = seen.load.summary
        return Row(FAULT, stack.server, told, None, "0 lost", told.lost == 0, seen.remark, tuple(seen.load.outcomes))
