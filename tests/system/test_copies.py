"""Smaller copies of files: what gets one, what is kept for the next release, and what a failure leaves."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import brotli
import pytest

from portico.inside import static_tree
from portico.system.copies import Copied, Effort, make_copies

TEXT = b"".join(b"p.class-%d { margin: %dpx }\n" % (number, number) for number in range(100))
AMPLE = Effort(2, 20.0, 20.0)
NO_TIME = Effort(1, -1.0, -1.0)


def release(static: Path, number: int, text: bytes = TEXT) -> Path:
    folder = static / str(number)
    (folder / "css").mkdir(parents=True)
    (folder / "css" / "site.css").write_bytes(text)
    return folder


def make(folder: Path, effort: Effort = AMPLE) -> Copied:
    return make_copies(folder, folder.parent / "kept", ("css",), 512, effort)


def names(folder: Path) -> list[str]:
    copies = folder / ".encoded"
    return sorted(str(path.relative_to(folder)) for path in copies.rglob("*") if path.is_file() and path.parent != copies)


def test_both_codings_under_the_name_of_the_file(tmp_path: Path) -> None:
    folder = release(tmp_path, 1)
    done = make(folder)
    br, packed = ((folder / ".encoded" / coding / "css/site.css").read_bytes() for coding in ("br", "gzip"))
    assert (brotli.decompress(br), gzip.decompress(packed)) == (TEXT, TEXT)
    assert packed[4:8] == bytes(4), "no time in it, so that the same file is the same copy"
    assert done == Copied(files=1, plain_bytes=len(TEXT), sent_bytes=len(br), made=1)


def test_what_gets_none(tmp_path: Path) -> None:
    folder = release(tmp_path, 1)
    random = os.urandom(2000)
    content = {"small.css": TEXT[:511], "noise.css": random, "picture.png": TEXT, ".hidden.css": TEXT, ".git/a.css": TEXT}
    for name, data in content.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "link.css").symlink_to("css/site.css")
    (folder / "linked").symlink_to("css")
    make(folder)
    assert names(folder) == [".encoded/br/css/site.css", ".encoded/gzip/css/site.css"]


def test_permissions_are_those_of_the_file_whatever_the_umask_is(tmp_path: Path) -> None:
    folder = release(tmp_path, 1)
    (folder / "css" / "site.css").chmod(0o604)
    before = os.umask(0o077)
    try:
        make(folder)
    finally:
        os.umask(before)
    assert (folder / ".encoded/br/css/site.css").stat().st_mode & 0o777 == 0o604
    assert (folder / ".encoded/br/css").stat().st_mode & 0o777 == 0o755


def test_the_same_content_is_compressed_once(tmp_path: Path) -> None:
    first, second = release(tmp_path, 1), release(tmp_path, 2)
    assert (make(first).made, make(second, NO_TIME)) == (1, make(second))
    assert (first / ".encoded/br/css/site.css").samefile(second / ".encoded/br/css/site.css")


def test_a_file_and_its_hashed_name_have_the_same_copies_though_both_are_made_at_once(tmp_path: Path) -> None:
    folder = release(tmp_path, 1)
    for number in range(40):
        for name in ("plain", "hashed"):
            (folder / "css" / f"{number}.{name}.css").write_bytes(b"/* %d */" % number + TEXT)
    done = make(folder, Effort(4, -1.0, 20.0))
    copies = folder / ".encoded" / "br" / "css"
    assert (done.files, done.made) == (81, 41)
    assert all((copies / f"{n}.plain.css").samefile(copies / f"{n}.hashed.css") for n in range(40))


def test_what_two_releases_share_has_the_same_copies_unless_it_has_changed(tmp_path: Path) -> None:
    first, kept = release(tmp_path, 1), tmp_path / "kept"
    all_names = ("css/site.css", "other.css", "older.css")
    for name in all_names[1:]:
        (first / name).write_bytes(TEXT * 2)
    for name in all_names:
        os.utime(first / name, (1e9, 1e9))
    make(first)
    for path in kept.iterdir():
        # Unread, it cannot be seen that these are no copies any more.
        os.truncate(path, 9)
    second = tmp_path / "2"
    (second / "css").mkdir(parents=True)
    for name in all_names:
        (second / name).hardlink_to(first / name)
    (second / "other.css").write_bytes(TEXT * 3)
    (second / "older.css").write_bytes(TEXT[::-1] * 2)
    os.utime(second / "older.css", (1.1e9, 1.1e9))
    done = make(second)
    assert (done.files, done.made) == (3, 2)
    assert (second / ".encoded/gzip/css/site.css").samefile(first / ".encoded/gzip/css/site.css")
    assert gzip.decompress((second / ".encoded/gzip/other.css").read_bytes()) == TEXT * 3, "written in place, through all"
    older = gzip.decompress((second / ".encoded/gzip/older.css").read_bytes())
    assert older == TEXT[::-1] * 2, "and with a time of long ago, as cp -p does"


def test_what_has_not_been_seen_whole_since_the_machine_was_started_is_read(tmp_path: Path) -> None:
    first = release(tmp_path, 1)
    os.utime(first / "css" / "site.css", (1e9, 1e9))
    make(first)
    mark = next(path for path in (first / ".encoded").iterdir() if path.is_file())
    seen = mark.stat()
    mark.write_text(json.dumps({**json.loads(mark.read_text()), "boot": "another start"}))
    os.utime(mark, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    copy = first / ".encoded/gzip/css/site.css"
    os.truncate(copy, 9)
    second = tmp_path / "2"
    (second / "css").mkdir(parents=True)
    (second / "css" / "site.css").hardlink_to(first / "css" / "site.css")
    assert make(second).made == 1
    assert gzip.decompress((second / ".encoded/gzip/css/site.css").read_bytes()) == TEXT


def test_what_no_release_has_is_forgotten(tmp_path: Path) -> None:
    make(release(tmp_path, 1))
    static_tree.forget(str(tmp_path / "1"))
    (tmp_path / "kept" / "half-written").write_bytes(b"x")
    make(release(tmp_path, 2, TEXT * 2))
    assert len(list((tmp_path / "kept").iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"not it"])
def test_a_damaged_copy_is_made_again(tmp_path: Path, damage: bytes) -> None:
    make(release(tmp_path, 1))
    for path in (tmp_path / "kept").iterdir():
        path.write_bytes(damage)
    folder = release(tmp_path, 2)
    assert make(folder).made == 1
    assert gzip.decompress((folder / ".encoded/gzip/css/site.css").read_bytes()) == TEXT
    assert brotli.decompress((folder / ".encoded/br/css/site.css").read_bytes()) == TEXT


def test_when_the_time_is_over_the_rest_is_left(tmp_path: Path) -> None:
    folder = release(tmp_path, 1)
    assert make(folder, NO_TIME) == Copied(left=1)
    assert names(folder) == []


def test_a_quick_copy_is_made_better_by_the_next_release(tmp_path: Path) -> None:
    text = Path(__file__).read_bytes()
    quick = make(release(tmp_path, 1, text), Effort(1, -1.0, 20.0))
    fine = make(release(tmp_path, 2, text))
    assert (quick.made, fine.made, quick.sent_bytes > fine.sent_bytes) == (1, 0, True)


def test_after_a_failure_there_are_no_copies(tmp_path: Path) -> None:
    folder = release(tmp_path, 1)
    make(folder)
    (tmp_path / "1" / "css" / "site.css").write_bytes(TEXT + TEXT)
    for path in (tmp_path / "kept").iterdir():
        path.unlink()
    (tmp_path / "kept").rmdir()
    (tmp_path / "kept").write_bytes(b"in the way")
    with pytest.raises(OSError, match="kept"):
        make(folder)
    assert names(folder) == []


def test_files_of_a_later_release_bring_their_copies_along(tmp_path: Path) -> None:
    older, later = release(tmp_path, 1), release(tmp_path, 2, TEXT * 2)
    (later / "new.css").write_bytes(TEXT * 3)
    make(later)
    assert static_tree.add_tree(str(later), str(older)) == 1
    assert names(older) == [".encoded/br/new.css", ".encoded/gzip/new.css"], "site.css is another one there"
    assert static_tree.write_list(str(older)) == 2
    assert "encoded" not in (tmp_path / "1.list").read_text()
