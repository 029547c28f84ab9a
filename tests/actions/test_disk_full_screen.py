"""The screen for a disk that is full names what is still there when somebody reads it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from portico.system.files import write_error


def _fix(path: Path) -> tuple[str, ...]:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    (finding,) = write_error(path, error).findings
    assert finding.id == "system.E003"
    return finding.fix


def test_it_names_the_mount_and_not_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    mount = _fix(folder / "file")[0].split(";")[0].removeprefix("df -h ")
    assert Path(mount).is_mount()
    assert tmp_path.is_relative_to(mount)


def test_of_a_stack_aside_it_names_tmpdir_too(tmp_path: Path) -> None:
    assert any("TMPDIR=" in step for step in _fix(tmp_path / "portico-measure-4711-abc" / "nginx.conf"))
    assert not any("TMPDIR=" in step for step in _fix(tmp_path / "portico-shop" / "nginx.conf"))
