"""The rendered text: whole against tests/golden/uwsgi, and its rules.

`PORTICO_UPDATE_GOLDEN=1 pytest tests/hops/uwsgi/test_uwsgi_render.py` rewrites the files after a wanted change.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from portico.hops.uwsgi.commands import serve_argv
from portico.hops.uwsgi.render import files, pool_files
from portico.model.plan import Interpreter, Listen, Plan, Uwsgi
from portico.model.site import StaticMap
from support.plans import make_plan

GOLDEN = Path(__file__).parents[2] / "golden" / "uwsgi"
BASE = "/srv/destiny"
BINARY = Interpreter(f"{BASE}/.venv/bin/python", "/usr/bin/python3.11", "3.11", Uwsgi("binary", "/usr/bin/uwsgi", "2.0.21"))


def supervised() -> Plan:
    return make_plan(BASE, uwsgi={"entry": f"{BASE}/.portico/releases/1/entry.py", "log": f"{BASE}/.portico/log/uwsgi.log"})


def stand_alone() -> Plan:
    own = {"entry": "", "log": f"{BASE}/uwsgi.log", "address": "127.0.0.1:9090", "request_log": "all"}
    return make_plan(BASE, uwsgi=own, nginx={"user": "www-data", "group": "www-data"})


def stand_alone_of_root() -> Plan:
    own = {"entry": "", "daemonize": f"{BASE}/uwsgi.log", "user": "destiny", "group": "web", "stats_socket": "", "fifo": ""}
    site = {"module": "", "file": f"{BASE}/wsgi file.py", "python_path": (BASE, f"{BASE}/lib [1]")}
    return make_plan(BASE, uwsgi=own, site=site, nginx={"user": "www-data", "group": "www-data"})


def direct() -> Plan:
    maps = (
        StaticMap("/static/", f"{BASE}/static", "static", served_by="uwsgi"),
        StaticMap("/m%C3%A9dia/", f"{BASE}/100% $(me)", "media", served_by="uwsgi"),
    )
    return make_plan(BASE, front="none", listen=Listen("::", 8000), site={"maps": maps}, uwsgi={"request_log": "off"})


def another_uwsgi() -> Plan:
    limits = {"max_requests": 2000, "harakiri_s": 0, "vacuum": False, "extra": ("; mine", "cheaper = 1")}
    return make_plan(BASE, interpreter=BINARY, site={"name": "my shop: ü"}, uwsgi={"entry": "/e/entry.py", **limits})


def test_collected_files_are_those_of_the_release() -> None:
    maps = (
        StaticMap("/static/", f"{BASE}/.portico/static-live", "static", served_by="uwsgi"),
        StaticMap("/media/", f"{BASE}/media", "media", served_by="uwsgi"),
    )
    plan = make_plan(BASE, front="none", site={"maps": maps}, uwsgi={"instance": 7})
    given = [value for name, value in options(plan) if name == "static-map"]
    assert [value.rpartition("/")[2] for value in given] == ["7", "media"]


def values(text: str, key: str) -> list[str]:
    return [line.partition(" = ")[2] for line in text.splitlines() if line.startswith(f"{key} = ")]


@pytest.mark.parametrize("entry", ["/e/entry.py", ""])
def test_two_instances_share_no_path(entry: str) -> None:
    first, second = files(make_plan(BASE, uwsgi={"instances": 2, "entry": entry}))
    assert (first.path, second.path) == ("uwsgi.ini", "uwsgi.2.ini")
    assert values(second.text, "socket") == ["/run/portico/destiny/app-1.2.sock"]
    for key in ("socket", "stats", "master-fifo"):
        assert len({*values(first.text, key), *values(second.text, key)}) == 2
    assert values(first.text, "processes") == values(second.text, "processes") == ["2"]


def test_instances_behind_one_tcp_address_get_its_socket_from_the_pool() -> None:
    plan = make_plan(BASE, uwsgi={"instances": 2, "address": "127.0.0.1:9090", "entry": "/e/entry.py"})
    rendered = files(plan)
    assert [values(file.text, "zerg") for file in rendered] == [["/run/portico/destiny/ctl/zerg.sock"]] * 2
    assert not any("9090" in file.text or "reuse-port" in file.text for file in rendered)
    (pool,) = pool_files(plan)
    assert values(pool.text, "zergpool") == ["/run/portico/destiny/ctl/zerg.sock:127.0.0.1:9090"]


def test_behind_a_front_elsewhere_uwsgi_speaks_no_http_and_serves_no_files() -> None:
    plan = make_plan(BASE, front="elsewhere", uwsgi={"address": "127.0.0.1:9090", "entry": "/e/entry.py"})
    (ini,) = files(plan)
    assert values(ini.text, "http") == values(ini.text, "static-map") == []


def test_each_worker_listens_on_a_socket_of_its_own() -> None:
    own = {"entry": "/e/entry.py", "processes": 3, "worker_sockets": True}
    text = files(make_plan(BASE, uwsgi=own))[0].text
    names = [path.rpartition("/")[2] for path in values(text, "socket")]
    assert names == ["app-1.sock", "app-1.w2.sock", "app-1.w3.sock"]
    assert values(text, "map-socket") == ["0:1", "1:2", "2:3"]


def test_no_instance_no_file() -> None:
    plan = make_plan(BASE, uwsgi={"instances": 0, "entry": ""})
    assert files(plan) == pool_files(plan) == ()


PLANS = (supervised, stand_alone, stand_alone_of_root, direct, another_uwsgi)


@pytest.mark.parametrize("build", PLANS, ids=lambda build: build.__name__)
def test_the_text(build: Callable[[], Plan]) -> None:
    text = files(build())[0].text
    golden = GOLDEN / f"{build.__name__}.ini"
    if os.environ.get("PORTICO_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def options(plan: Plan) -> list[tuple[str, str]]:
    lines = files(plan)[0].text.splitlines()
    pairs = [line.partition(" = ")[::2] for line in lines if line and not line.startswith((";", "#", "["))]
    return [(key, value) for key, value in pairs]


@pytest.mark.parametrize("build", PLANS, ids=lambda build: build.__name__)
def test_every_option_says_why_it_is_there(build: Callable[[], Plan]) -> None:
    plan = replace(build(), uwsgi=replace(build().uwsgi, extra=()))
    lines = files(plan)[0].text.splitlines()
    for before, line in pairwise(lines):
        if line and not line.startswith((";", "#", "[")):
            assert before.startswith("#: "), line
        if before.startswith("#: "):
            assert line and not line.startswith((";", "[")), before


@pytest.mark.parametrize("build", PLANS, ids=lambda build: build.__name__)
def test_no_comment_holds_what_uwsgi_expands_before_it_sees_lines(build: Callable[[], Plan]) -> None:
    comments = [line for line in files(build())[0].text.splitlines() if line.startswith(("#", ";"))]
    assert not any("%" in comment for comment in comments)


def test_the_configuration_may_be_private_and_the_types_are_not() -> None:
    assert [(file.path, file.mode) for file in files(supervised())] == [("uwsgi.ini", 0o640)]
    assert [(file.path, file.mode) for file in files(direct())] == [("uwsgi.ini", 0o640), ("uwsgi-mime.types", 0o644)]


def test_every_content_type_is_in_a_form_that_uwsgi_reads() -> None:
    lines = files(direct())[1].text.splitlines()
    for line in lines[1:]:
        kind, *extensions = line.split()
        assert kind.count("/") == 1 and extensions, line
        # uWSGI loses a last extension of one letter, and a line that does not start with a letter.
        assert len(extensions[-1]) > 1 and line[0].isalnum(), line
    assert files(direct())[1].text.endswith("\n")
    assert any(line.split() == ["text/css", "css"] for line in lines)


def test_logs_are_never_sent_through_the_master() -> None:
    for build in PLANS:
        assert not {"log-master", "logger", "req-logger", "log-encoder", "threaded-logger"} & {
            k for k, _ in options(build())
        }


def test_nothing_that_pyuwsgi_ignores_is_set() -> None:
    assert not {"home", "env", "plugin"} & {key for key, _ in options(supervised())}
    assert ("binary-path", f"{BASE}/.venv/bin/python") in options(supervised())
    other = options(another_uwsgi())
    assert ("home", f"{BASE}/.venv") in other and "binary-path" not in dict(other)
    assert ("procname-prefix-spaced", "my-shop---") in other


def test_max_requests_delta_only_where_it_is_known() -> None:
    def delta(version: str, **uwsgi: Any) -> str | None:
        interpreter = replace(BINARY, uwsgi=replace(BINARY.uwsgi, version=version))
        plan = make_plan(BASE, interpreter=interpreter, uwsgi={"max_requests": 2000, **uwsgi})
        return dict(options(plan)).get("max-requests-delta")

    assert delta("2.0.29") == delta("2.0.30.post1") == delta("2.1") == "200"
    assert delta("2.0.28") is delta("") is delta("2.0.30", processes=1) is delta("2.0.30", max_requests=0) is None
    assert delta("2.0.30", max_requests=5) == "1"


def test_who_owns_the_sockets() -> None:
    assert dict(options(stand_alone_of_root()))["chown-socket"] == "destiny:www-data"
    assert "chown-socket" not in dict(options(supervised()))
    alone = make_plan(BASE, front="none", uwsgi={"entry": "", "user": "destiny", "group": ""})
    assert dict(options(alone))["chown-socket"] == "destiny"


@pytest.mark.parametrize(
    ("listen", "http"),
    [
        (Listen("127.0.0.1", 8000), "127.0.0.1:8000"),
        (Listen("*", 80), "0.0.0.0:80"),
        (Listen("::1", 8000), "[::1]:8000"),
    ],
)
def test_the_http_address(listen: Listen, http: str) -> None:
    found = dict(options(make_plan(BASE, front="none", listen=listen)))
    assert found["http"] == http and found["reuse-port"] == "true"
    assert "http" not in dict(options(make_plan(BASE, listen=listen)))


@pytest.mark.parametrize(("harakiri_s", "http_timeout"), [(0, "600"), (30, "60"), (300, "305")])
def test_http_waits_longer_than_a_request_may_take(harakiri_s: int, http_timeout: str) -> None:
    found = dict(options(make_plan(BASE, front="none", uwsgi={"harakiri_s": harakiri_s})))
    assert found["http-timeout"] == http_timeout


@pytest.mark.parametrize(
    ("site", "uwsgi", "reason"),
    [
        ({"directory": "/a\nb"}, {}, "control character"),
        ({"directory": "/a%(b"}, {}, "has no escape"),
        ({"name": "a\nplugin = x"}, {}, "control character"),
        ({"callable": "api.app"}, {"entry": ""}, "takes a plain name"),
        ({"callable": "x\ny"}, {"entry": ""}, "takes a plain name"),
        ({"module": "", "file": "/w.py", "callable": "make()"}, {"entry": ""}, "only in modules"),
        ({"module": "a\nb"}, {"entry": ""}, "control character"),
        ({}, {"instance_socket": "/run/a:b"}, "no path for a unix socket"),
        ({}, {"entry": "", "log": "/var/log/a:b"}, "UDP address"),
        ({}, {"chmod_socket": "660\nuid = 0"}, "control character"),
        ({"maps": (StaticMap("/a=b/", "/srv/x", "media", served_by="uwsgi"),)}, {}, "first '='"),
        ({"maps": (StaticMap("/a/", "/srv/x ", "media", served_by="uwsgi"),)}, {}, "ends with a space"),
    ],
)
def test_what_cannot_be_said_is_refused(site: dict[str, Any], uwsgi: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        files(make_plan(BASE, site=site, uwsgi=uwsgi))


def test_maps_that_nginx_serves_are_left_to_it() -> None:
    assert "static-map" not in dict(options(supervised()))


def test_the_command_line() -> None:
    plan = supervised()
    so = plan.interpreter.uwsgi.path
    python = f"{BASE}/.venv/bin/python"
    assert serve_argv(plan, "/c/uwsgi.ini", "/c/l.py") == (python, "/c/l.py", so, "--ini", "/c/uwsgi.ini")
    assert serve_argv(another_uwsgi(), "/c/uwsgi.ini", "/c/l.py") == ("/usr/bin/uwsgi", "--ini", "/c/uwsgi.ini")
    assert serve_argv(plan, "/a:b/uwsgi.ini", "/c/l.py")[-1] == "/a:b/uwsgi.ini:uwsgi"
