"""The end of a log of any size and kind; and who still writes to the file that was moved away."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from portico.system.look.logs import replaced, tail
from support.stack import ROOT


def test_a_whole_small_log(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(b"first\nz\xff\nlast without end")
    seen, text = tail(str(log), "error")
    assert text == "first\nz\ufffd\nlast without end"
    assert (seen.kind, seen.size, seen.read_bytes, seen.error) == ("error", 25, 25, "")
    assert seen.modified_s == log.stat().st_mtime


@pytest.mark.parametrize(
    ("limit", "text"),
    [(8, "333\n444\n"), (7, "444\n"), (9, "333\n444\n"), (4, "444\n"), (2, ""), (99, "111\n222\n333\n444\n")],
)
def test_only_whole_lines_of_the_end(tmp_path: Path, limit: int, text: str) -> None:
    log = tmp_path / "a.log"
    log.write_text("111\n222\n333\n444\n")
    seen, got = tail(str(log), "uwsgi", limit)
    assert got == text
    assert seen.read_bytes <= limit
    assert seen.size == 16


def test_a_log_of_gigabytes_is_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("wb") as stream:
        stream.truncate(5 << 30)
        stream.seek(0, os.SEEK_END)
        stream.write(b"\nthe end\n")
    seen, text = tail(str(log), "access")
    assert text == "the end\n"
    assert seen.read_bytes == 2 << 20
    assert seen.size > 5 << 30


def test_what_is_no_file_is_said_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "docker.log").symlink_to("/dev/stdout")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        said = {
            name: tail(str(tmp_path / name), "error") for name in ("fifo", "docker.log", "s", "gone", ".", "gone/deeper")
        }
    assert all(text == "" for _, text in said.values())
    assert "pipe" in said["fifo"][0].error
    assert "standard output" in said["docker.log"][0].error
    assert "socket" in said["s"][0].error
    assert "not exist" in said["gone"][0].error
    assert "not exist" in said["gone/deeper"][0].error
    assert "folder" in said["."][0].error
    assert "device" in tail("/dev/null", "error")[0].error
    assert tail("a\0b", "error")[0].error


@pytest.mark.skipif(ROOT, reason="root reads everything")
def test_a_log_that_may_not_be_read(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.touch(0o000)
    assert "may not read" in tail(str(log), "error")[0].error


@pytest.mark.parametrize("name", ["error.log.1", "error.log-20260102", "error-20260102.log", "error.log.old"])
def test_a_writer_that_kept_the_rotated_file(tmp_path: Path, name: str) -> None:
    log = tmp_path / "error.log"
    with log.open("w"):
        assert replaced(str(log), [os.getpid()]) == ""
        log.rename(tmp_path / name)
        assert replaced(str(log), [os.getpid()]) == str(tmp_path / name)
        log.touch()
        assert replaced(str(log), [os.getpid()]) == str(tmp_path / name)
        with log.open():
            assert replaced(str(log), [os.getpid()]) == ""


def test_a_writer_that_kept_the_deleted_file(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    with log.open("w"):
        log.unlink()
        log.touch()
        assert replaced(str(log), [os.getpid()]) == f"{log} (deleted)"


@pytest.mark.parametrize("name", ["error.log.json", "error-admin.log", "other.log.1", "error.log2/error.log.1"])
def test_another_log_that_is_open_is_no_rotated_one(tmp_path: Path, name: str) -> None:
    log = tmp_path / "error.log"
    log.touch()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    with (tmp_path / name).open("w"):
        assert replaced(str(log), [os.getpid()]) == ""


def test_nobody_to_look_at(tmp_path: Path) -> None:
    assert replaced(str(tmp_path / "a.log"), []) == ""
    assert replaced(str(tmp_path / "a.log"), [2**22 + 1]) == ""
