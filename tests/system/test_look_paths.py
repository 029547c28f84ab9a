"""A walk says where a path ends or is shut for an account, and is right where the kernel is."""

from __future__ import annotations

import dataclasses
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico.system import accounts
from portico.system.look.paths import walk
from support.stack import ROOT

as_root = pytest.mark.skipif(not ROOT, reason="only root can look with the rights of another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every account may enter, which pytest's own is not."""
    made = Path(tempfile.mkdtemp(prefix="look-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def nobody() -> accounts.Account:
    found = accounts.by_name("nobody")
    assert found
    return found


def test_a_file_that_may_be_read(folder: Path, nobody: accounts.Account) -> None:
    (folder / "a.css").write_text("body {}")
    (folder / "a.css").chmod(0o644)
    seen = walk(f"{folder}/a.css", nobody, "r")
    assert seen.usable
    assert (seen.kind, seen.mode, seen.size, seen.account) == ("file", "-rw-r--r--", 7, "nobody")
    assert seen.owner == accounts.ourselves().name
    assert seen.modified_s == (folder / "a.css").stat().st_mtime
    assert not seen.symlink


@pytest.mark.parametrize(
    ("rest", "missing"), [("no", "no"), ("no/deeper/a", "no"), ("file/below", "file/below"), ("gone/a", "there")]
)
def test_the_first_component_that_is_not_there(folder: Path, rest: str, missing: str) -> None:
    (folder / "file").touch()
    (folder / "gone").symlink_to("there")
    seen = walk(f"{folder}/{rest}", None, "r")
    assert (seen.kind, seen.missing, seen.closed) == ("missing", f"{folder}/{missing}", "")
    assert not seen.usable


def test_the_folder_that_is_shut_is_named_and_not_what_lies_below(folder: Path, nobody: accounts.Account) -> None:
    (folder / "home/static").mkdir(parents=True)
    (folder / "home/static/a.css").touch()
    (folder / "home").chmod(0o700)
    (folder / "home/static").chmod(0o700)
    seen = walk(f"{folder}/home/static/a.css", nobody, "r")
    assert seen.closed == f"{folder}/home"
    us = accounts.ourselves()
    assert seen.closed_mode == f"drwx------ {us.name} {us.group}"
    assert (seen.kind, seen.missing) == ("file", "")
    assert walk(f"{folder}/home/static/a.css", None, "r").usable


def test_a_socket_needs_the_right_to_write(folder: Path, nobody: accounts.Account) -> None:
    path = f"{folder}/app.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        Path(path).chmod(0o755)
        seen = walk(path, nobody, "w")
        assert (seen.kind, seen.closed, seen.mode) == ("socket", path, "srwxr-xr-x")
        Path(path).chmod(0o666)
        assert walk(path, nobody, "w").usable


def test_a_link_says_where_it_leads_and_its_way_is_walked(folder: Path, nobody: accounts.Account) -> None:
    (folder / "private").mkdir()
    (folder / "private/app-7.sock").touch()
    (folder / "run").mkdir()
    (folder / "run/app.sock").symlink_to("../private/app-7.sock")
    assert walk(f"{folder}/run/app.sock", nobody, "r").usable
    (folder / "private").chmod(0o700)
    seen = walk(f"{folder}/run/app.sock", nobody, "r")
    assert seen.symlink == f"{folder}/private/app-7.sock"
    assert seen.closed == f"{folder}/private"
    (folder / "private/app-7.sock").unlink()
    seen = walk(f"{folder}/run/app.sock", nobody, "r")
    assert (seen.missing, seen.symlink) == (f"{folder}/private/app-7.sock", f"{folder}/private/app-7.sock")


def test_dots_are_taken_after_links_as_the_kernel_does(folder: Path) -> None:
    (folder / "real/inner").mkdir(parents=True)
    (folder / "real/beside").touch()
    (folder / "link").symlink_to("real/inner")
    assert walk(f"{folder}/link/../beside", None, "r").usable
    assert not walk(f"{folder}/beside", None, "r").usable


def test_links_that_lead_back_to_themselves_end(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    assert walk(f"{folder}/a", None, "r").kind == "missing"


def test_a_group_counts_before_the_others(folder: Path, nobody: accounts.Account) -> None:
    path = folder / "a"
    path.touch()
    path.chmod(0o604)
    member = dataclasses.replace(nobody, groups=nobody.groups | {path.stat().st_gid})
    assert walk(str(path), member, "r").closed == str(path)
    assert walk(str(path), nobody, "r").usable


@pytest.mark.parametrize("path", ["a\0b", "/" + "x" * 300, "", "/" + "y/" * 3000])
def test_a_path_that_is_none_raises_nothing(path: str) -> None:
    assert walk(path, None, "r").path == path


@as_root
def test_an_access_list_that_opens_or_shuts(folder: Path, nobody: accounts.Account) -> None:
    path = folder / "a"
    path.touch()
    path.chmod(0o600)
    assert not walk(str(path), nobody, "r").usable
    try:
        os.setxattr(path, "system.posix_acl_access", _acl(nobody.uid, 4))
    except OSError as error:
        pytest.skip(f"no access lists here: {error}")
    assert walk(str(path), nobody, "r").usable
    os.setxattr(path, "system.posix_acl_access", _acl(nobody.uid, 0, other=4))
    assert walk(str(path), nobody, "r").closed == str(path)


def _acl(uid: int, bits: int, other: int = 0) -> bytes:
    """owner rw, the account `bits`, group nothing, mask r, others `other` (acl(5), the kernel's posix_acl_xattr.h)."""
    undefined = 0xFFFFFFFF
    entries = [(1, 6, undefined), (2, bits, uid), (4, 0, undefined), (16, 4, undefined), (32, other, undefined)]
    parts = [
        tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + who.to_bytes(4, "little") for tag, perm, who in entries
    ]
    return (2).to_bytes(4, "little") + b"".join(parts)


@as_root
def test_what_the_walk_says_is_what_the_account_can_do(folder: Path, nobody: accounts.Account) -> None:
    for number, mode in enumerate((0o000, 0o400, 0o440, 0o444, 0o644, 0o604, 0o666, 0o222)):
        file = folder / f"f{number}"
        file.touch()
        os.chown(file, 0, nobody.gid if number % 2 else 0)
        file.chmod(mode)
        for need, flag in (("r", "-r"), ("w", "-w")):
            done = subprocess.run(
                ["setpriv", f"--reuid={nobody.uid}", f"--regid={nobody.gid}", "--clear-groups", "test", flag, str(file)]
            )
            assert walk(str(file), nobody, need).usable is (done.returncode == 0), (oct(mode), need)  # type: ignore[arg-type]
    assert os.geteuid() == 0


@as_root
def test_somebody_elses_link_in_a_shared_folder_is_shut_where_the_kernel_says_so(
    folder: Path, nobody: accounts.Account
) -> None:
    if Path("/proc/sys/fs/protected_symlinks").read_text().strip() != "1":
        pytest.skip("fs.protected_symlinks is off")
    (folder / "target").touch()
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "app.sock"
    link.symlink_to(folder / "target")
    os.lchown(link, 1, 1)
    assert stat.S_ISLNK(link.lstat().st_mode)
    assert walk(str(link), nobody, "r").closed == str(link)
    os.lchown(link, nobody.uid, nobody.gid)
    assert walk(str(link), nobody, "r").usable


@as_root
def test_what_another_account_hides_from_us_is_unknown_and_not_missing(folder: Path) -> None:
    (folder / "shut/in").mkdir(parents=True)
    (folder / "shut").chmod(0o700)
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        seen = walk(f"{folder}/shut/in", None, "r")
        os._exit(0 if (seen.kind, seen.missing, seen.closed) == ("unknown", "", f"{folder}/shut") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
