"""Files that somebody wrote, names that somebody gave: read and resolved within bounds."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from portico.system.later import Later
from portico.system.look import names, texts
from support.stack import until


def test_a_text_and_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc\xff")
    assert texts.read(str(file)) == ("abc\ufffd", "")
    assert texts.read(str(file), 2)[0] == "ab"
    assert "first" in texts.read(str(file), 2)[1]
    assert texts.head(str(file), 3) == "abc"


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing", "NUL"])
def test_what_is_no_text(tmp_path: Path, kind: str) -> None:
    path = {"device": "/dev/zero", "NUL": "a\0b"}.get(kind, str(tmp_path / kind))
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        Path(path).mkdir()
    text, why = texts.read(path)
    assert text is None
    assert why
    assert texts.head(path) == ""


def test_literals_are_not_asked_for() -> None:
    assert names.addresses("127.0.0.1", 80) == ((socket.AF_INET, "127.0.0.1"),)
    assert names.addresses("::1", 80) == ((socket.AF_INET6, "::1"),)


def test_a_name_server_that_is_silent_is_asked_once_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    over = threading.Event()

    def silent(host: str, *rest: object, **named: object) -> list[object]:
        asked.append(host)
        over.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            names.addresses("silent.invalid", 80, 0.05)
    # Its thread may come to it only now.
    until(lambda: asked)
    over.set()
    assert asked == ["silent.invalid"]


@pytest.mark.parametrize("name", ["a..b", "x" * 300, "nul\0", ""])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(OSError):
        names.addresses(name, 80, 10)


def test_later_brings_what_came_of_it() -> None:
    def fails() -> None:
        raise KeyError("x")

    assert Later(lambda: 5).result() == 5
    with pytest.raises(KeyError):
        Later(fails).result()
    over = threading.Event()
    slow = Later(lambda: over.wait(20))
    with pytest.raises(TimeoutError):
        slow.result(0.01)
    over.set()
    assert slow.result(10)
