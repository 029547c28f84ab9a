"""Every option of uWSGI has a fate, raw lines are such that Portico takes them, and its own files come back as they were."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.hops.uwsgi import extra_lines, render
from portico.hops.uwsgi.adopt import words
from portico.hops.uwsgi.adopt.absent import absent
from portico.hops.uwsgi.adopt.carry import carry
from portico.hops.uwsgi.ini import normal, parse
from portico.hops.uwsgi.option_names import ALIASES, FLAGS, KNOWN
from portico.model.adoption import NO_MAP, Carried, PathMap
from portico.model.config import Config
from portico.model.directive import Option
from portico.model.plan import Interpreter, Plan, Uwsgi
from portico.model.site import StaticMap
from support.plans import make_plan

NAMES = sorted(KNOWN | {"my-name", "proceses", "https", "php-set"})
VALUES = st.one_of(
    st.sampled_from(
        ("true", "false", "", "1", "0", "4", "/srv/a", "a.b:c", "127.0.0.1:80", "/=a.py", "/s=/srv/s", "A=b", "%k")
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12).map(str.strip),
    st.text("%$@()ab =:/*[", max_size=12).map(str.strip),
)
OPTIONS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8).map(
    lambda pairs: tuple(
        normal(Option(name, value, f"/srv/x/uwsgi.ini:{at}", value)) for at, (name, value) in enumerate(pairs, 2)
    )
)


def rendered(plan: Plan) -> tuple[Option, ...]:
    return parse(render.files(plan)[0].text, "/out/uwsgi.ini")[0]


BEFORE = rendered(make_plan())


@given(OPTIONS, st.booleans(), st.sampled_from(("", "/srv/x")), st.sampled_from((NO_MAP, PathMap((("", "/root"),)))))
@settings(max_examples=150, deadline=None)
def test_every_option_has_a_fate(options: tuple[Option, ...], again: bool, folder: str, paths: PathMap) -> None:
    found = carry(options, BEFORE if again else None, paths, folder)

    assert {option.where for option in options} == {entry.where for entry in found}
    for entry in found:
        assert (entry.value is not None) == (entry.fate in ("key", "raw")) == bool(entry.key)
        assert entry.why or entry.fate not in ("differs", "left")
    _valid(found)


def _valid(found: tuple[Carried, ...]) -> None:
    """Each key alone is one that portico.toml takes, and raw lines are none that Portico finds fault with."""
    for entry in found:
        if entry.fate == "key":
            config: dict[str, Any] = {}
            table = config
            *parts, last = entry.key.split(".")
            for part in parts:
                table = table.setdefault(part, {})
            table[last] = entry.value
            Config.model_validate(config)
    lines = tuple(line for entry in found if entry.fate == "raw" for line in entry.value)  # type: ignore[union-attr]
    assert extra_lines.check(make_plan(uwsgi={"extra": lines})) == []


@given(OPTIONS)
@settings(max_examples=60, deadline=None)
def test_a_raw_line_is_read_as_what_it_was(options: tuple[Option, ...]) -> None:
    """In the file that Portico writes, with the placeholders it begins with."""
    raw = [entry for entry in carry(options, BEFORE, NO_MAP, "/srv/x") if entry.fate == "raw"]
    lines = tuple(line for entry in raw for line in entry.value)  # type: ignore[union-attr]
    after = rendered(make_plan(uwsgi={"extra": lines}))[len(BEFORE) :]
    by_place = {option.where: option for option in options}
    wanted = [(by_place[entry.where].name, by_place[entry.where].value) for entry in raw]

    assert [(option.name, option.value) for option in after] == wanted


def test_a_known_option_is_never_called_unknown() -> None:
    for name in sorted(KNOWN):
        option = normal(Option(name, "true" if name in FLAGS else "1", "/srv/x/uwsgi.ini:2", "1"))
        (entry, *_) = carry((option,), None, NO_MAP, "/srv/x")

        assert "uWSGI has no option" not in entry.why, name


def test_the_tables_name_first_names_of_known_options() -> None:
    assert [name for name in words.WORDS if name not in KNOWN or name in ALIASES] == []


def test_what_the_tables_say_portico_writes_it_writes() -> None:
    written = {option.name for option in rendered(make_plan())}

    assert {name for name, word in words.WORDS.items() if word.fate == "written"} <= written


ALONE = {"entry": "", "log": "/srv/destiny/uwsgi.log"}
PLANS: Mapping[str, Plan] = {
    "usual": make_plan(uwsgi=ALONE),
    "root": make_plan(uwsgi={**ALONE, "user": "www", "group": "web"}),
    "all logged": make_plan(uwsgi={**ALONE, "request_log": "all", "vacuum": False, "harakiri_s": 0, "max_requests": 0}),
    "none logged": make_plan(uwsgi={**ALONE, "request_log": "off", "threads": 1, "graceful_s": 5, "backlog": 9}),
    "tcp": make_plan(uwsgi={**ALONE, "address": "127.0.0.1:9090"}),
    "fast": make_plan(uwsgi={**ALONE, "lazy_apps": True}),
    "daemon": make_plan(uwsgi={**ALONE, "log": "", "daemonize": "/var/log/d.log"}),
    "file": make_plan(uwsgi=ALONE, site={"module": "", "file": "/srv/destiny/app.py", "callable": "app"}),
    "odd paths": make_plan("/srv/o d/100%/a$(b)/[c]", uwsgi=ALONE),
    "more paths": make_plan(uwsgi=ALONE, site={"python_path": ("/srv/b", "/srv/a*", "/srv/destiny")}),
    "binary": make_plan(
        uwsgi=ALONE,
        interpreter=Interpreter("/v/bin/python", "/usr/bin/python3", "3.11", Uwsgi("binary", "/v/bin/uwsgi", "2.0.30")),
    ),
    "no front": make_plan(
        front="none", uwsgi=ALONE, site={"maps": (StaticMap("/static/", "/srv/static", "static", served_by="uwsgi"),)}
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_what_portico_wrote_comes_back(name: str) -> None:
    plan = PLANS[name]
    options = rendered(plan)
    found = carry(options, options, NO_MAP, "/out")
    said = {entry.key: entry.value for entry in (*found, *absent(options, "/out/uwsgi.ini")) if entry.fate == "key"}

    assert {(entry.fate, entry.text) for entry in found if entry.fate not in ("key", "same")} == set()
    assert said["uwsgi.chdir"] == plan.site.directory
    assert said["uwsgi.processes"] == plan.uwsgi.processes
    assert said["uwsgi.threads"] == plan.uwsgi.threads
    assert said["uwsgi.harakiri"] == plan.uwsgi.harakiri_s
    assert said["uwsgi.max_requests"] == plan.uwsgi.max_requests
    assert said["uwsgi.graceful_timeout"] == plan.uwsgi.graceful_s
    assert said["uwsgi.listen"] == plan.uwsgi.backlog
    assert said["uwsgi.buffer_size"] == plan.uwsgi.buffer_bytes
    assert said["uwsgi.chmod_socket"] == plan.uwsgi.chmod_socket
    assert said["uwsgi.vacuum"] == plan.uwsgi.vacuum
    assert said["uwsgi.request_log"] == plan.uwsgi.request_log
    assert said["uwsgi.module"] == (f"{plan.site.file or plan.site.module}:{plan.site.callable}")
    assert said["python"] == plan.interpreter.executable
    assert said.get("user", "") == plan.uwsgi.user
    assert said.get("uwsgi.log", "") == plan.uwsgi.log
    assert said.get("uwsgi.daemonize", "") == plan.uwsgi.daemonize
    assert said.get("release.fast", False) == plan.uwsgi.lazy_apps
    assert said.get("front", "nginx") == plan.front
    if not plan.uwsgi.address.startswith("unix:"):
        assert said["uwsgi.address"] == plan.uwsgi.address


def test_raw_lines_of_its_own_come_back_as_raw_lines() -> None:
    lines = (
        "umask = 022",
        "route = ^/x$ addvar:A=%(b)",
        "cron = 0 3 -1 -1 -1 %(dollar)(HOME)/bin/run 50%%",
        "log-4xx = true",
    )
    bare = rendered(make_plan(uwsgi=ALONE))
    found = carry(rendered(make_plan(uwsgi={**ALONE, "extra": lines})), bare, NO_MAP, "/out")

    assert tuple(line for entry in found if entry.fate == "raw" for line in entry.value) == lines  # type: ignore[union-attr]


def test_with_another_value_than_portico_writes_the_raw_line_counts() -> None:
    option = Option("socket-timeout", "60", "/srv/x/uwsgi.ini:2", "60")
    (entry,) = carry((option,), rendered(make_plan()), NO_MAP)

    assert entry.value == ("socket-timeout = 60",) and "30" in entry.why


def test_long_values_are_no_trap() -> None:
    values = ("%(" * 30_000, "$(" * 30_000, "secret" * 10_000, " /a" * 20_000, "x://" * 15_000, "[*" * 30_000)
    options = tuple(
        Option(name, value, "/srv/x/uwsgi.ini:2", value)
        for value in values
        for name in ("route", "env", "attach-daemon", "uid", "pythonpath", "static-map", "mine")
    )
    began = time.process_time()
    found = carry(options, None, NO_MAP, "/srv/x")

    assert len(found) >= len(options)
    assert time.process_time() - began < 5
    assert max(len(entry.text) for entry in found) < 1000
