"""A real Chromium without a window: what a page looks like, what its DOM becomes, and what its console says."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Set where a browser has to be: its absence is a failure there, and a reason to skip elsewhere.
NEEDED = "PORTICO_NEEDS_CHROMIUM"
#: It asks nobody for anything: no update, no sync, no first-run page.
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
)
_CONSOLE = re.compile(r":CONSOLE[:(]\d+\)?\] (.*)")
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Visit:
    """What came of opening a page: its DOM as HTML (empty where a picture was taken), and each line of its console."""

    dom: str
    console: tuple[str, ...]


def chromium() -> str:
    """The path of Chromium; skips the test, or fails it where one is needed, when there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        (pytest.fail if os.environ.get(NEEDED) else pytest.skip)("there is no chromium on PATH (Debian's package chromium)")
    return found


def visit(html: str, folder: Path, *, width: int = 1280) -> Visit:
    """Opens the page and lets it run until it is loaded."""
    return _run(html, folder, "--dump-dom", f"--window-size={width},900")


def picture(html: str, folder: Path, *, size: tuple[int, int] = (1280, 900), dark: bool = False) -> tuple[Visit, set[str]]:
    """Opens the page and takes a picture of its top: all colours in it, each as `#rrggbb`."""
    file = folder / "page.png"
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    done = _run(html, folder, f"--screenshot={file}", f"--window-size={size[0]},{size[1]}", scheme)
    return done, colours(file.read_bytes())


def _run(html: str, folder: Path, *flags: str) -> Visit:
    page = folder / "page.html"
    page.write_text(html, encoding="utf-8")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        argv = [chromium(), *_QUIET, f"--user-data-dir={profile}", *flags, page.as_uri()]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    return Visit(done.stdout, tuple(_CONSOLE.findall(done.stderr)))


def colours(png: bytes) -> set[str]:
    """The colours of a PNG of eight bits a channel without interlacing (https://www.w3.org/TR/png-3/)."""
    assert png.startswith(_PNG)
    width, _, depth, kind = struct.unpack_from(">IIBB", png, 16)
    assert (depth, kind in (2, 6)) == (8, True)
    step = 3 if kind == 2 else 4
    found: set[bytes] = set()
    above = bytes(width * step)
    data = zlib.decompress(b"".join(_image_data(png)))
    for at in range(0, len(data), width * step + 1):
        row = _unfiltered(data[at], data[at + 1 : at + 1 + width * step], above, step)
        if row != above:
            found |= {row[place : place + 3] for place in range(0, len(row), step)}
        above = row
    return {f"#{colour.hex()}" for colour in found}


def _image_data(png: bytes) -> list[bytes]:
    at, parts = len(_PNG), []
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        if png[at + 4 : at + 8] == b"IDAT":
            parts.append(png[at + 8 : at + 8 + length])
        at += length + 12
    return parts


def _unfiltered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    if kind == 0:
        return row
    made = bytearray(row)
    for place, value in enumerate(row):
        left = made[place - step] if place >= step else 0
        up, corner = above[place], above[place - step] if place >= step else 0
        made[place] = (value + _predicted(kind, left, up, corner)) & 0xFF
    return bytes(made)


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
