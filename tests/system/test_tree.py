"""The digest of a folder: any change of the code shows, nothing else does, and nothing on disk makes it fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portico.system import tree

SUFFIXES = frozenset((".py", ".html"))


def digest(*folders: Path, skipped: tuple[str, ...] = ()) -> tree.TreeDigest:
    return tree.digest(map(str, folders), SUFFIXES, skipped)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    for name in ("a.py", "b/c.py", "b/page.html", "b/data.json"):
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "code"


def test_what_changes_it(code: Path) -> None:
    seen = [digest(code).digest]
    (code / "a.py").write_text("other")
    seen.append(digest(code).digest)
    (code / "new.py").touch()
    seen.append(digest(code).digest)
    (code / "b/c.py").rename(code / "b/d.py")
    seen.append(digest(code).digest)
    (code / "b/page.html").unlink()
    seen.append(digest(code).digest)
    assert len(set(seen)) == len(seen)


def test_what_does_not_change_it(code: Path) -> None:
    before = digest(code)
    assert before.files == 3
    os.utime(code / "a.py", (1, 1))
    (code / "b/data.json").write_text("data of the application")
    for folder in (".git", ".venv/lib", "node_modules/x", "__pycache__", "env/lib/python3.11/site-packages"):
        (code / folder).mkdir(parents=True)
        (code / folder / "x.py").touch()
    (code / "env/pyvenv.cfg").touch()
    (code / "env/top.py").touch()
    assert digest(code) == before
    assert digest(code, code / "b") == before, "each file counts once"


def test_skipped_paths_do_not_count(code: Path) -> None:
    (code / "static").mkdir()
    (code / "static" / "x.html").touch()
    before = digest(code, skipped=(f"{code}/static", f"{code}/a.py"))
    (code / "static" / "x.html").write_text("new")
    (code / "a.py").write_text("new")
    assert digest(code, skipped=(f"{code}/static", f"{code}/a.py")) == before
    assert before.files == 2


def test_links_that_go_round_or_nowhere(code: Path) -> None:
    (code / "b" / "up").symlink_to(code)
    (code / "loop.py").symlink_to("loop.py")
    (code / "nowhere.py").symlink_to("/nonexistent/file.py")
    assert digest(code).files == 5
    (code / "alias.py").symlink_to("a.py")
    before = digest(code).digest
    (code / "a.py").write_text("changed behind the link")
    assert digest(code).digest != before


def test_what_is_no_file_is_not_opened(code: Path) -> None:
    os.mkfifo(code / "pipe.py")
    (code / "device.py").symlink_to("/dev/zero")
    (code / "folder.py").mkdir()
    assert digest(code).files == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_counts_by_its_name(code: Path) -> None:
    (code / "a.py").chmod(0)
    (code / "b").chmod(0)
    try:
        assert digest(code).files == 1
    finally:
        (code / "b").chmod(0o755)


def test_names_that_are_no_utf_8(code: Path) -> None:
    before = digest(code).digest
    Path(os.fsdecode(os.fsencode(code) + b"/\xff\xfe\n.py")).write_text("x")
    assert digest(code).digest != before


def test_files_and_folders_that_vanish_while_it_looks(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = os.walk

    def and_then_gone(folder: str) -> object:
        for found in walk(folder):
            (code / "a.py").unlink(missing_ok=True)
            yield found

    monkeypatch.setattr(os, "walk", and_then_gone)
    assert digest(code).files == 3
    assert digest(code / "absent").files == 0


def test_a_large_file_counts_by_size_and_time(code: Path) -> None:
    large = code / "large.py"
    large.write_bytes(b"#" * (3 << 20))
    os.utime(large, (1, 1))
    before = digest(code).digest
    os.utime(large, (2, 2))
    assert digest(code).digest != before
