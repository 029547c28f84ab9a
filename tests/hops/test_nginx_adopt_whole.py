"""Nothing of a configuration is dropped, whatever it is; what Portico wrote itself comes back as it was said."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.hops.nginx.adopt.carry import carry
from portico.hops.nginx.render import files
from portico.hops.nginx.tree import tree
from portico.hops.nginx.written import written
from portico.model.adoption import NO_MAP, Carried
from portico.model.directive import Directive
from portico.model.plan import Plan
from portico.model.site import StaticMap
from portico.system import nginx_conf
from support.plans import make_plan

sys.path.insert(0, str(Path(__file__).parent / "nginx"))
from test_nginx_golden import PLANS

NAMES = (
    *("listen", "server_name", "location", "root", "alias", "try_files", "uwsgi_pass", "proxy_pass", "uwsgi_param"),
    *("upstream", "server", "map", "geo", "include", "set_real_ip_from", "real_ip_header", "expires", "add_header"),
    "gzip",
    *(
        "client_max_body_size",
        "access_log",
        "error_log",
        "log_format",
        "types",
        "if",
        "return",
        "rewrite",
        "ssl_certificate",
    ),
    *("load_module", "user", "events", "worker_processes", "keepalive_timeout", "no_such_thing", "proxy_set_header", "set"),
)
ARGS = (
    *("/", "/static/", "/a.b", "@app", "=", "^~", "~", "~*", "$uri", "unix:/run/a.sock", "127.0.0.1:9090", "pool", "off"),
    *(
        "on",
        "80",
        "[::]:80",
        "443",
        "ssl",
        "http://pool/x",
        "75m",
        "30d",
        "max",
        "portico",
        "$portico_backend",
        "",
        "10.0.0.1",
    ),
    *("a b", "TOKEN", "unix:", "*", "default_server", "^/(.*)$", "(", "$", "${", "é", "\n", "_", "X-Forwarded-For"),
)


def directives(depth: int) -> st.SearchStrategy[Directive]:
    block: st.SearchStrategy[Any] = st.none()
    if depth:
        block = st.one_of(st.none(), st.lists(directives(depth - 1), max_size=4).map(tuple))
    args = st.lists(st.sampled_from(ARGS), max_size=4).map(tuple)
    return st.builds(Directive, st.sampled_from(NAMES), args, st.just("/etc/x.conf"), st.integers(1, 999), block)


def every(block: Directive) -> Iterator[Directive]:
    for entry in block.block or ():
        yield entry
        if entry.name != "types":
            yield from every(entry)


def untold(root: Directive, lines: tuple[Carried, ...]) -> dict[str, int]:
    told = Counter(line.where for line in lines)
    return {where: count for where, count in Counter(entry.where for entry in every(root)).items() if told[where] < count}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(directives(3), max_size=6).map(tuple),
    st.lists(directives(2), max_size=8).map(tuple),
    st.lists(directives(2), max_size=6).map(tuple),
    st.booleans(),
)
def test_every_directive_has_a_fate(
    main: tuple[Directive, ...], inside: tuple[Directive, ...], around: tuple[Directive, ...], known: bool
) -> None:
    server = Directive("server", (), "/etc/x.conf", 1000, inside)
    http = Directive("http", (), "/etc/x.conf", 1001, (*around, server))
    root = Directive("", (), "/etc/x.conf", 0, (*(entry for entry in main if entry.name != "http"), http))
    upstream = next((entry for entry in around if entry.name == "upstream" and entry.args and entry.block), None)
    lines = carry(root, server, upstream, root if known else None, NO_MAP)
    assert untold(root, lines) == {}
    assert [line for line in lines if line.fate in ("differs", "left") and not line.why] == []
    assert [line for line in lines if line.fate in ("key", "raw") and not line.key] == []


def read(plan: Plan, folder: Path) -> Directive:
    for file in files(plan):
        (folder / file.path).write_text(file.text, encoding="utf-8")
    root, problems = tree(nginx_conf.read(folder / "nginx.conf"), str(folder / "nginx.conf"))
    assert root
    assert [text for text in problems if "trace.conf" not in text] == []
    return root


def adopted(root: Directive, rendered: Directive | None) -> tuple[Carried, ...]:
    http = root.first("http")
    assert http
    server = http.first("server")
    assert server
    return carry(root, server, http.first("upstream"), rendered, NO_MAP)


def said(lines: tuple[Carried, ...]) -> dict[str, Any]:
    """The keys and what they add up to."""
    found: dict[str, Any] = {}
    for line in lines:
        if line.fate == "key":
            before = found.get(line.key)
            found[line.key] = (*(before or ()), *line.value) if isinstance(line.value, tuple) else line.value
    return found


@pytest.mark.parametrize("build", PLANS, ids=lambda build: build.__name__)
def test_what_portico_wrote_comes_back(build: Callable[[str], Plan], tmp_path: Path) -> None:
    plan = build("/srv/destiny")
    root = read(plan, tmp_path)
    lines = adopted(root, root)
    assert [line for line in lines if line.fate not in ("key", "same")] == []
    assert untold(root, lines) == {}
    keys = said(lines)
    nginx = plan.nginx
    assert nginx
    assert keys["listen"] == str(plan.listen)
    assert keys["nginx.worker_connections"] == nginx.worker_connections
    assert keys["nginx.keepalive_timeout"] == nginx.keepalive_timeout_s
    assert keys["nginx.uwsgi_read_timeout"] == nginx.read_timeout_s
    assert keys["nginx.access_log"] == nginx.access_log
    assert keys["nginx.gzip"] is nginx.gzip
    assert keys["nginx.charset"] == (nginx.charset or "off")
    assert keys["upstream.tries"] == plan.upstream.tries
    assert keys.get("nginx.public", "") == nginx.public
    assert keys.get("instances", 1) == (plan.uwsgi.instances if plan.uwsgi.address.startswith("unix:") else 1) or 1
    assert [text.split()[0] for text in keys.get("servers", ())] == [one.address for one in plan.upstream.servers]
    assert _folders(keys) == {entry.root.rstrip("/") for entry in plan.site.maps if entry.served_by == "nginx"}


def _folders(keys: dict[str, Any]) -> set[str]:
    return set({**keys.get("static", {}), **keys.get("media", {})}.values())


def test_several_maps_and_lines_of_the_users_come_back(tmp_path: Path) -> None:
    extra = {
        "extra_main": ("worker_priority 1;",),
        "extra_http": ("map $uri $mine {", "    default 1;", "}"),
        "extra_server": ('add_header X-Frame-Options "DENY" always;', "location = /ping {", "    return 204;", "}"),
        "extra_location": ("limit_rate 1m;",),
    }
    maps = (StaticMap("/s/", "/srv/s", "static"), StaticMap("/m/", "/srv/m", "media"), StaticMap("/t/", "/srv/t", "static"))
    plan = make_plan(site={"maps": maps}, nginx=extra)
    bare = replace(plan, nginx=replace(plan.nginx, **dict.fromkeys(extra, ())))  # type: ignore[type-var, arg-type]
    (tmp_path / "bare").mkdir()
    lines = adopted(read(plan, tmp_path), read(bare, tmp_path / "bare"))
    raw = {
        key: tuple(text for line in lines if line.key == f"nginx.{key}" for text in line.value or ())  # type: ignore[union-attr]
        for key in extra
    }
    assert raw == {**extra, "extra_server": ("add_header X-Frame-Options DENY always;", *extra["extra_server"][1:])}
    assert {line.fate for line in lines} == {"key", "same", "raw"}


def test_files_from_another_folder_are_the_same(tmp_path: Path) -> None:
    """As `portico render` writes them: logs, sockets and temporary files beside the configuration."""

    def alone(folder: Path) -> Directive:
        folder.mkdir()
        here = str(folder)
        plan = make_plan(
            paths={"conf": here, "log": here, "tmp": here, "run": here}, uwsgi={"address": f"unix:{here}/app.sock"}
        )
        return read(plan, folder)

    lines = adopted(alone(tmp_path / "a"), alone(tmp_path / "b"))
    assert [line for line in lines if line.fate not in ("key", "same")] == []
    assert "nginx.access_log" not in said(lines)


def test_raw_lines_read_as_what_they_were_made_of(tmp_path: Path) -> None:
    text = 'server { location / { uwsgi_pass a:1; } location ~ "a b" { return 200 "x\\"y;{$uri}"; } }'
    conf = tmp_path / "x.conf"
    conf.write_text(f"http {{ {text} }}")
    root, _ = tree(nginx_conf.read(conf), str(conf))
    assert root
    (raw,) = [line for line in adopted(root, None) if line.fate == "raw" and line.value]
    (location,) = [entry for entry in root.deep("location") if entry.args[0] == "~"]
    assert raw.value == written(location)
