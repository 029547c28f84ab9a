"""How long browsers may keep files: one time for all, and the ledger names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_nginx_adopt import Ledger, read

from portico.hops.nginx.adopt.carry import carry
from portico.hops.nginx.listens import servers
from portico.hops.nginx.render import files
from portico.hops.nginx.tree import tree
from portico.model.adoption import NO_MAP
from portico.model.directive import Directive
from portico.system import nginx_conf
from support.plans import make_plan


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Directive:
    """What Portico writes for a plan with folders."""
    folder = tmp_path_factory.mktemp("own")
    plan = make_plan(str(folder), nginx={"static_max_age_s": 60})
    for file in files(plan):
        (folder / file.path).write_text(file.text, encoding="utf-8")
    root, _ = tree(nginx_conf.read(folder / "nginx.conf"), str(folder / "nginx.conf"))
    assert root
    return root


def adopt(folder: Path, rendered: Directive, static: str, media: str) -> Ledger:
    inside = f"location /static/ {{ alias /srv/s/; {static} }} location /media/ {{ alias /srv/m/; {media} }}"
    app = "location / { include uwsgi_params; uwsgi_pass unix:/run/app.sock; }"
    root = read(folder / "a", f"server {{ {inside} {app} }}")
    return Ledger(carry(root, servers(root)[0], None, rendered, NO_MAP))


def test_the_shortest_of_several(tmp_path: Path, own: Directive) -> None:
    ledger = adopt(tmp_path, own, "expires 30d;", "expires 1h;")
    assert (ledger.get("nginx.static_max_age"), ledger.fate("expires 30d"), ledger.fate("expires 1h")) == (
        3600,
        "differs",
        "key",
    )
    assert "max-age=3600" in ledger.of("expires 30d")[0].why
    assert "shortest" in ledger.of("expires 30d")[0].why


@pytest.mark.parametrize("line", ["expires off;", "expires epoch;", "add_header Cache-Control no-store;"])
def test_what_is_no_time(tmp_path: Path, own: Directive, line: str) -> None:
    ledger = adopt(tmp_path, own, line, line)
    assert ledger.get("nginx.static_max_age") is None
    assert {(one.fate, "max-age=60 " in one.why) for one in ledger.of(line[:-1])} == {("differs", True)}


@pytest.mark.parametrize(
    ("static", "media", "names", "age"),
    [("", "", "/static/, /media/;", "max-age=60 "), ("expires 30d;", "", "/media/;", "max-age=2592000 ")],
)
def test_where_no_line_says(tmp_path: Path, own: Directive, static: str, media: str, names: str, age: Any) -> None:
    (line,) = adopt(tmp_path, own, static, media).of("no expires")
    assert line.fate == "differs"
    assert names in line.why
    assert age in line.why


def test_not_where_a_line_says(tmp_path: Path, own: Directive) -> None:
    ledger = adopt(tmp_path, own, "expires 1d;", "add_header Cache-Control no-store;")
    assert [one for one in ledger.lines if one.text == "no expires"] == []
