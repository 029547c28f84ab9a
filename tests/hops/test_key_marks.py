"""The keys that comments of the templates name: each is one of portico.toml, and no value of the plan is printed without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import portico.hops
from portico.actions.explain.keys import descriptions
from portico.hops.nginx import explained as nginx
from portico.hops.uwsgi import explained as uwsgi
from portico.hops.uwsgi.render import pool_files
from portico.model.explained import Line, said
from support.plans import make_plan

ROOT = Path(portico.hops.__file__).parent
GOLDEN = Path(__file__).parents[1] / "golden"
TEMPLATES = [
    *(ROOT / "nginx" / "templates" / name for name in ("nginx.conf.j2", "server.j2", "uwsgi_params", "mime.types")),
    *(ROOT / "uwsgi" / "templates" / name for name in ("uwsgi.ini.j2", "pool.ini.j2")),
]
#: What is printed and comes from no key: where Portico puts things, what follows from the programs, and constants.
FROM_NO_KEY = {
    "pid {{ pid }};",
    "gzip_min_length {{ least_bytes }};",
    "gzip_types {{ compressible }};",
    "brotli_min_length {{ least_bytes }};",
    "brotli_types {{ compressible }};",
    "include {{ trace }};",
    "set-placeholder = {{ placeholder }}",
    "stats = {{ stats }}",
    "master-fifo = {{ fifo }}",
    "log-format = {{ log_format }}",
    "mimefile = {{ mimefile }}",
    # The comment is the server's own, and names its keys (see `hops.nginx.render`).
    "server {{ server.address }}{{ server.words }};",
}
#: The lines of the user's, whose comment stands above the loop.
RAW = "{{ line }}"


def commented(text: str) -> list[tuple[str, list[str]]]:
    """Each line of a template that is configuration, with the `#:` lines above it; what is in a data block counts to the
    block's first line."""
    found: list[tuple[str, list[str]]] = []
    comments: list[str] = []
    data = went_on = False
    for line in (row.strip() for row in text.splitlines()):
        if line.startswith("#:"):
            comments.append(line)
        elif not line or line.startswith(("#", ";", "{%", "[")) or line == "}":
            data = data and line != "}"
        elif data or went_on:
            found[-1] = (f"{found[-1][0]} {line}", found[-1][1])
        elif line != RAW:
            found.append((line, comments))
            data = line.endswith("{") and line.split()[0] in nginx.DATA
        if line and not line.startswith("#"):
            comments = comments if line.startswith("{%") else []
            went_on = line.startswith(("log_format", "'")) and not line.endswith(";")
    return found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_line_says_why(path: Path) -> None:
    found = commented(path.read_text(encoding="utf-8"))
    assert found
    assert [line for line, comments in found if not comments] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_line_that_prints_a_value_names_its_key(path: Path) -> None:
    found = commented(path.read_text(encoding="utf-8"))
    printing = [(line, comments) for line, comments in found if "{{" in line and line not in FROM_NO_KEY]
    unnamed = [line for line, comments in printing if not said(comments)[1] and not comments[-1].endswith(".key }}]")]
    assert unnamed == []


def test_the_list_of_lines_without_a_key_is_no_longer_than_needed() -> None:
    lines = {line for path in TEMPLATES for line, _ in commented(path.read_text(encoding="utf-8"))}
    assert FROM_NO_KEY - lines == set()


def rendered() -> dict[str, tuple[Line, ...]]:
    pool = pool_files(make_plan(uwsgi={"address": "127.0.0.1:9090"}))
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*/*.*"))}
    files |= {file.path: file.text for file in pool}
    raw = {"nginx.extra_main": 1, "nginx.extra_http": 3, "nginx.extra_server": 2, "nginx.extra_location": 1}
    return {
        name: nginx.explained(text, raw) if name.endswith(".conf") else uwsgi.explained(text, 2)
        for name, text in files.items()
        if name.endswith((".conf", ".ini"))
    }


def test_every_key_that_is_named_is_one_of_portico_toml() -> None:
    named = {(name, key) for name, lines in rendered().items() for line in lines for key in line.keys}
    assert {key for _, key in named} >= {"nginx.client_max_body_size", "uwsgi.processes", "static", "media", "servers"}
    assert sorted(one for one in named if one[1] not in descriptions()) == []


def test_every_rendered_line_has_its_comment() -> None:
    silent = [(name, line.text) for name, lines in rendered().items() for line in lines if not line.why]
    assert silent == []
    assert all(len(lines) > 5 for lines in rendered().values())


def test_no_bracket_is_left_in_what_a_comment_says() -> None:
    left = [line.why for lines in rendered().values() for line in lines if re.search(r"\[[a-z_.]+\]", line.why)]
    assert left == []
