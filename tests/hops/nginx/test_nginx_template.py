"""The templates explain themselves: `portico explain` reads the `#:` comment above each directive."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import portico.hops.nginx

TEMPLATES = Path(portico.hops.nginx.__file__).parent / "templates"
#: Blocks whose entries are data; the comment above the block speaks for all.
DATA = ("map", "geo", "types")


def directives(text: str) -> list[tuple[str, str]]:
    """Each directive's name with the line above it; template statements and the entries of data blocks are left out."""
    found, previous, data = [], "", False
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("{"):
            continue
        name = re.match(r"[a-z_0-9]+(?=[ ;])", line)
        if data:
            data = line != "}"
        elif name:
            found.append((name[0], previous))
            data = line.endswith("{") and name[0] in DATA
        previous = line
    return found


@pytest.mark.parametrize("name", ["nginx.conf.j2", "server.j2", "uwsgi_params", "mime.types"])
def test_every_directive_says_why(name: str) -> None:
    found = directives((TEMPLATES / name).read_text(encoding="utf-8"))
    assert found
    assert [directive for directive, above in found if not above.startswith("#: ")] == []


def test_every_type_once() -> None:
    entries = re.findall(r"^    (\S+) +(.*);$", (TEMPLATES / "mime.types").read_text(encoding="utf-8"), re.MULTILINE)
    extensions = [extension for _, listed in entries for extension in listed.split()]
    assert len(extensions) == len(set(extensions))
    assert {"js", "mjs", "css", "wasm", "avif", "webmanifest", "map", "woff2", "md"} <= set(extensions)
