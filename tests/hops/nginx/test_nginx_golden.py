"""The rendered configuration, whole: compared with tests/golden/nginx, and tested by every real nginx of this machine.

`PORTICO_UPDATE_GOLDEN=1 pytest tests/hops/nginx/test_nginx_golden.py` rewrites the files after a wanted change.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from nginx_lab import settle, write

from portico.hops.nginx import commands
from portico.hops.nginx.render import files
from portico.model.plan import Listen, NginxBinary, Plan, Server, UpstreamPlan
from portico.model.site import StaticMap
from support.plans import MODULES, make_plan

GOLDEN = Path(__file__).parents[2] / "golden" / "nginx"
WHEEL = MODULES - {"http_gzip_static"}
ZONE = {"modules": MODULES | {"http_upstream_zone"}}


def default(base: str) -> Plan:
    return make_plan(base)


def behind_proxies(base: str) -> Plan:
    awkward = f'{base}/a b;{{ "c" \'é%#\\n'
    return make_plan(
        base,
        site={
            "server_names": ("example.com", "*.example.com", "bücher.example", "[::1]"),
            "maps": (
                StaticMap("/static/", f"{awkward}/$static", "static", hashed=True),
                StaticMap("/my%20files (1)/é/", f"{awkward}/media/", "media"),
                StaticMap("/elsewhere/", f"{base}/private", "media", served_by="uwsgi"),
            ),
        },
        paths={"tmp": f"{awkward}/tmp", "log": f"{awkward}/log"},
        nginx={
            "user": "www-data",
            "group": "www-data",
            "trusted_proxies": ("10.0.0.7/8", "127.0.0.1", "2001:db8::/32", "10.0.0.0/8", "0.0.0.0/0"),
            "extra_main": ("worker_priority 1;",),
            "extra_http": ("map $uri $mine {", "    default 1;", "}"),
            "extra_server": ('add_header X-Frame-Options "DENY" always;', "location = /ping { return 204; }"),
            "gzip": False,
            "charset": "",
            "access_log": "off",
        },
        uwsgi={"address": "127.0.0.1:9090", "harakiri_s": 0, "graceful_s": 0, "buffer_bytes": 65535},
    )


def ipv6(base: str) -> Plan:
    return make_plan(base, listen=Listen("::1", 8080), site={"maps": ()})


def every_address(base: str) -> Plan:
    return make_plan(base, listen=Listen("*", 8080), site={"maps": ()}, uwsgi={"buffer_bytes": 4096})


def nginx_1_18(base: str) -> Plan:
    return make_plan(base, binary={"version": (1, 18, 0)})


def nginx_1_31(base: str) -> Plan:
    return make_plan(base, binary={"version": (1, 31, 3), "modules": WHEEL})


def in_a_folder_with_brackets(base: str) -> Plan:
    return make_plan(base, paths={"conf": f"{base}/[conf]"})


def two_instances(base: str) -> Plan:
    return make_plan(base, uwsgi={"instances": 2}, upstream=shared(), binary=ZONE)


def a_socket_for_each_worker(base: str) -> Plan:
    plan = make_plan(base, uwsgi={"worker_sockets": True, "processes": 3}, binary=ZONE)
    return replace(plan, upstream=UpstreamPlan("least_conn", (), max_fails=0, fail_timeout_s=30, tries=2))


def one_here_and_two_elsewhere(base: str) -> Plan:
    servers = (Server("10.0.0.2:9090", weight=2, max_fails=1, fail_timeout_s=10), Server("[2001:db8::2]:9090", down=True))
    return make_plan(base, upstream=shared(*servers, balance="least_conn", tries=3), nginx={"connect_timeout_ms": 500})


def with_a_reserve(base: str) -> Plan:
    """Over TCP, all instances of this machine have one address. What somebody keeps in reserve is the last resort."""
    upstream = shared(Server("10.0.0.2:9090", backup=True, max_fails=0))
    return make_plan(base, uwsgi={"instances": 2, "address": "127.0.0.1:9090"}, upstream=upstream)


def by_client(base: str) -> Plan:
    return make_plan(base, upstream=replace(shared(Server("10.0.0.2:9090"), balance="ip_hash"), max_fails=0))


def only_elsewhere(base: str) -> Plan:
    servers = (Server("10.0.0.2:9090"), Server("10.0.0.3:9090"))
    return make_plan(base, uwsgi={"instances": 0}, upstream=shared(*servers))


def collected(base: str) -> Plan:
    """Portico's own copy of the static files, which has smaller copies."""
    live, hashed = f"{base}/.portico/static-live", StaticMap("/static/", f"{base}/.portico/static-live", "static", True)
    maps = (hashed, StaticMap("/a$ (b)/é/", live, "static"), StaticMap("/media/", f"{base}/media", "media"))
    return make_plan(base, site={"maps": maps}, binary={"modules": MODULES | {"pcre_jit"}})


def shared(*servers: Server, balance: str = "", tries: int = 2) -> UpstreamPlan:
    return UpstreamPlan(balance, servers, max_fails=2, fail_timeout_s=30, tries=tries)


def files_before_the_application(base: str) -> Plan:
    return make_plan(base, nginx={"public": f"{base}/$public", "extra_location": ("limit_rate 1m;",)})


SEVERAL = (two_instances, one_here_and_two_elsewhere, with_a_reserve, by_client, only_elsewhere)
ALONE = (
    default,
    behind_proxies,
    ipv6,
    every_address,
    nginx_1_18,
    nginx_1_31,
    in_a_folder_with_brackets,
    files_before_the_application,
    collected,
    a_socket_for_each_worker,
)
PLANS = ALONE + SEVERAL


def test_headers_of_raw_lines_do_not_hide_the_name_of_the_request() -> None:
    own, none = ("add_header X-Frame-Options DENY;",), ("limit_rate 1m;",)
    sent = [
        files(make_plan("/srv/destiny", nginx={"extra_location": lines}))[0].text.count("add_header X-Request-ID ")
        for lines in (own, none)
    ]
    assert sent == [2, 1]


@pytest.mark.parametrize("build", PLANS, ids=lambda build: build.__name__)
def test_the_text(build: Callable[[str], Plan]) -> None:
    text = files(build("/srv/destiny"))[0].text
    golden = GOLDEN / f"{build.__name__}.conf"
    if os.environ.get("PORTICO_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("build", PLANS, ids=lambda build: build.__name__)
def test_nginx_accepts_it_without_a_warning(build: Callable[[str], Plan], nginx: NginxBinary, base: Path) -> None:
    plan = build(str(base))
    assert plan.nginx
    version = min(nginx.version, plan.nginx.binary.version)
    modules = nginx.modules & plan.nginx.binary.modules
    here = replace(nginx, version=version, modules=modules)
    run = str(base / "run")
    plan = replace(
        plan,
        nginx=replace(plan.nginx, binary=here),
        paths=replace(plan.paths, run=run),
        uwsgi=replace(plan.uwsgi, address=plan.uwsgi.address.replace("/run/portico/destiny", run)),
    )
    plan = settle(plan)
    command = commands.prove(plan, write(plan))
    outcome = subprocess.run(command.argv, capture_output=True, text=True, timeout=command.timeout_s, check=False)
    said = [line for line in outcome.stderr.splitlines() if "[alert] could not open error log file" not in line]
    assert (outcome.returncode, said) == (0, [])


def test_files_and_their_modes() -> None:
    assert [(file.path, file.mode) for file in files(make_plan())] == [
        ("nginx.conf", 0o640),
        ("mime.types", 0o644),
        ("uwsgi_params", 0o644),
    ]


def test_a_file_of_the_users_replaces_uwsgi_params() -> None:
    conf, *others = files(make_plan(nginx={"uwsgi_params": "/etc/nginx/uwsgi_params"}))
    assert [file.path for file in others] == ["mime.types"]
    assert 'include "/etc/nginx/uwsgi_params";' in conf.text
    assert "include uwsgi_params;" not in conf.text


def test_a_newer_nginx_gets_what_an_old_one_does_not_know() -> None:
    old, new = (files(build("/srv"))[0].text for build in (nginx_1_18, nginx_1_31))
    assert "keepalive_time 1h;" in new
    assert "keepalive_time 1h;" not in old
    assert "gzip_static" in old
    assert "gzip_static" not in new


def test_brotli_where_the_binary_has_it() -> None:
    modules = MODULES | {"http_brotli_filter", "http_brotli_static"}
    text = files(make_plan(binary={"modules": modules}))[0].text
    assert "    brotli on;" in text
    assert "    brotli_static on;" in text
    assert "brotli" not in files(make_plan())[0].text


@pytest.mark.parametrize(
    ("modules", "lines", "said"),
    [({"pcre_jit"}, (), ["on"]), (set(), (), []), ({"pcre_jit"}, ("worker_priority 1;", "pcre_jit off;"), ["off"])],
)
def test_regular_expressions_are_compiled_where_nginx_can(
    modules: set[str], lines: tuple[str, ...], said: list[str]
) -> None:
    text = files(make_plan(nginx={"extra_main": lines}, binary={"modules": MODULES | modules}))[0].text
    assert re.findall(r"^pcre_jit (\w+);$", text, re.MULTILINE) == said


def test_never_in_the_background_by_its_own_word() -> None:
    assert "daemon" not in files(make_plan())[0].text


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"nginx": {"access_log": "/srv/a$b/access.log"}}, "dollar sign"),
        ({"nginx": {"access_log": "log/access.log"}}, "not an absolute path"),
        ({"nginx": {"error_log": "/srv/a\nb"}}, "control character"),
        ({"nginx": {"error_log_level": "warn; daemon off"}}, "log level"),
        ({"nginx": {"charset": "$uri"}}, "character set"),
        ({"nginx": {"trusted_proxies": ("proxy.example",)}}, "IP address"),
        ({"nginx": {"trusted_proxies": ("10.0.0.1",)}, "binary": {"modules": frozenset({"http"})}}, "http_realip"),
        ({"site": {"server_names": ("~^x$",)}}, "server name"),
        ({"site": {"maps": (StaticMap("/", "/srv/static", "static"),)}}, "URL prefix"),
        ({"front": "none"}, "no nginx"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(parts: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        files(make_plan(**parts))  # type: ignore[arg-type]
