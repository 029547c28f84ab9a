"""What nginx would suffer from, found before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.hops.nginx.checks import descriptors, raw_locations
from portico.hops.nginx.raw_lines import origins
from portico.hops.nginx.render import CONF, files
from portico.hops.nginx.tree import tree
from portico.model.finding import Finding
from portico.model.origin import Origin
from portico.model.plan import Plan
from portico.system import nginx_conf
from support.plans import make_plan

WRITTEN = {"nginx.extra_server": Origin("file", "portico.toml:12")}


def test_open_files() -> None:
    assert descriptors(make_plan(), None) == []
    assert descriptors(make_plan(), 4096) == []
    assert descriptors(make_plan(front="none"), 10) == []
    (found,) = descriptors(make_plan(), 1024 * 3)
    assert (found.id, found.severity) == ("nginx.W084", "warning")
    assert "4096 open files" in found.cause
    assert found.fix[1] == "[nginx]\nworker_connections = 512   # in portico.toml"
    assert descriptors(make_plan(nginx={"worker_connections": 512}), 1024 * 3) == [], "the fix is enough"


def with_lines(*lines: str, key: str = "extra_server") -> Plan:
    return make_plan(nginx={key: lines}, origins=WRITTEN)


def judged(plan: Plan, folder: Path) -> list[Finding]:
    for file in files(plan):
        (folder / file.path).write_text(file.text, encoding="utf-8")
    conf = folder / CONF
    root, problems = tree(nginx_conf.read(conf), str(conf))
    assert root is not None, problems
    return raw_locations(root, origins(plan, conf.read_text()), plan)


def test_raw_lines_are_found_in_what_is_rendered() -> None:
    plan = with_lines("add_header A b;", "", "location = /x { return 204; }")
    text = files(plan)[0].text
    where = origins(plan, text)
    lines = {text.splitlines()[number - 1].strip(): place for number, place in where.items()}
    assert lines == {
        "add_header A b;": "portico.toml:12 ([nginx] extra_server, line 1)",
        "": "portico.toml:12 ([nginx] extra_server, line 2)",
        "location = /x { return 204; }": "portico.toml:12 ([nginx] extra_server, line 3)",
    }
    assert origins(make_plan(), files(make_plan())[0].text) == {}


def test_a_location_for_style_sheets_that_only_hides_pages(tmp_path: Path) -> None:
    (found,) = judged(with_lines("", r"location ~* \.(css|js)$ { expires 30d; }"), tmp_path)
    assert (found.id, found.severity) == ("nginx.W085", "warning")
    assert "/static/ and /media/ never come here" in found.cause
    assert found.evidence[0].startswith("portico.toml:12 ([nginx] extra_server, line 2): location ~*")


@pytest.mark.parametrize(
    "lines",
    [
        ("location /internal/ { deny all; }",),
        ("location /old { return 301 /new; }",),
        ("location /files/ { alias /srv/files/; }",),
        ("location /api/ {", "    if ($request_method = PUT) { return 405; }", "    include uwsgi_params;", "}"),
        ("location /a/ {", "    location /a/b/ { return 204; }", "}"),
        ("root /srv/site;", r"location ~* \.txt$ { expires 1d; }"),
        ("location @later { expires 1d; }",),
    ],
)
def test_locations_that_answer(lines: tuple[str, ...], tmp_path: Path) -> None:
    assert judged(with_lines(*lines), tmp_path) == []
