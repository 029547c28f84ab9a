"""No value becomes a directive: with any text in any place, the tree of directives stays that of a harmless plan."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import crossplane
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.hops.nginx.render import files
from portico.model.plan import Listen, Plan
from portico.model.site import StaticMap
from support.plans import make_plan

Tree = list[dict[str, Any]]
SPECIAL = st.sampled_from(list("ab/\"'\\;{}$()#[]*?%~^=@. é\u2028"))
PRINTABLE = st.characters(exclude_categories=("Cc", "Cs"))
CONTROLS = st.sampled_from(list("\t\n\r\0\x7f\x85"))
DIRECTIVES = st.sampled_from(['";daemon off;"', "; deny all;", "} server {", "\\", '"', "\n}\n", "#", "${uri}", "\r"])
#: Mostly what quotes can hold, sometimes what they cannot.
HOSTILE = (
    st.text(SPECIAL | PRINTABLE, max_size=30) | st.text(SPECIAL | CONTROLS, max_size=10) | st.lists(DIRECTIVES).map("".join)
)


def parse(plan: Plan) -> Tree:
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8", newline="") as file:
        file.write(files(plan)[0].text)
        file.flush()
        payload = crossplane.parse(file.name, single=True, catch_errors=False, strict=False)
    tree: Tree = payload["config"][0]["parsed"]
    return tree


def names(tree: Tree) -> list[Any]:
    return [(entry["directive"], names(entry.get("block", []))) for entry in tree]


def find(tree: Tree, directive: str) -> list[list[str]]:
    """The arguments of every such directive, unescaped as nginx does (crossplane leaves `\\\\` as it is)."""
    found = []
    for entry in tree:
        if entry["directive"] == directive:
            found.append([argument.replace("\\\\", "\\") for argument in entry["args"]])
        found += find(entry.get("block", []), directive)
    return found


def same(text: str) -> str:
    return text


@dataclass(frozen=True)
class Place:
    """Somewhere a value goes: how a plan gets it, where it is found again, and what stands there then."""

    name: str
    build: Callable[[str], Plan]
    read: Callable[[Tree], str]
    expected: Callable[[str], str] = same
    harmless: str = "a"


def argument(directive: str, number: int = 0) -> Callable[[Tree], str]:
    """Reads that argument of the first such directive."""
    return lambda tree: find(tree, directive)[0][number]


def count(directive: str) -> Callable[[Tree], str]:
    """Reads how many such directives, or arguments of the first one, there are."""
    return lambda tree: str(max(len(find(tree, directive)), len(find(tree, directive)[0])))


def static_root(text: str) -> Plan:
    """There is always a map with a dollar sign, which brings a `geo` block of its own."""
    dollar = StaticMap("/dollar/", "/srv/$", "static")
    return make_plan(site={"maps": (StaticMap("/static/", f"/{text}", "static"), dollar)})


def url(text: str) -> Plan:
    return make_plan(site={"maps": (StaticMap(f"/{text}/", "/srv", "media"),)})


def conf_folder(text: str) -> Plan:
    """Without pattern characters, for which the included files move into nginx.conf."""
    return make_plan(paths={"conf": "".join(set(text) - set("[*?"))})


def in_root(text: str) -> str:
    return f"/{text}"


PLACES = [
    Place(
        "root", static_root, argument("alias"), lambda t: (in_root(t).rstrip("/") + "/").replace("$", "${portico_dollar}")
    ),
    Place("url", url, argument("location", 1), lambda t: unquote(f"/{t}/")),
    Place("conf folder", conf_folder, argument("include"), lambda _: "mime.types"),
    Place("access_log", lambda t: make_plan(nginx={"access_log": in_root(t)}), argument("access_log"), in_root),
    Place("error_log", lambda t: make_plan(nginx={"error_log": in_root(t)}), argument("error_log"), in_root),
    Place("uwsgi_params", lambda t: make_plan(nginx={"uwsgi_params": in_root(t)}), count("include"), lambda _: "3"),
    Place("level", lambda t: make_plan(nginx={"error_log_level": t}), argument("error_log", 1), harmless="warn"),
    Place("charset", lambda t: make_plan(nginx={"charset": f"u{t}"}), argument("charset"), lambda t: f"u{t}"),
    Place("user", lambda t: make_plan(nginx={"user": f"u{t}"}), argument("user"), lambda t: f"u{t}"),
    Place("group", lambda t: make_plan(nginx={"user": "u", "group": f"g{t}"}), argument("user", 1), lambda t: f"g{t}"),
    Place(
        "address",
        lambda t: make_plan(uwsgi={"address": f"unix:{t}.sock"}),
        argument("server"),
        lambda t: f"unix:{t.removesuffix('.sock')}.sock",
    ),
    Place("run", lambda t: make_plan(paths={"run": in_root(t)}), argument("pid"), lambda t: f"/{t}/nginx.pid"),
    Place("tmp", lambda t: make_plan(paths={"tmp": in_root(t)}), argument("scgi_temp_path"), lambda t: f"/{t}/scgi"),
    Place("site", lambda t: make_plan(site={"name": t}), count("pid"), lambda _: "1"),
    Place("name", lambda t: make_plan(site={"server_names": (t,)}), count("server_name"), lambda _: "1"),
    Place(
        "proxy",
        lambda t: make_plan(nginx={"trusted_proxies": (t,)}),
        count("set_real_ip_from"),
        lambda _: "1",
        harmless="10.0.0.1",
    ),
    # `*` is an address of its own kind, with a line for each IP version.
    Place(
        "listen", lambda t: make_plan(listen=Listen(t.replace("*", ""), 80)), count("listen"), lambda _: "2", harmless="::1"
    ),
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_no_text_becomes_a_directive(place: Place) -> None:
    expected = names(parse(place.build(place.harmless)))

    @settings(max_examples=100, deadline=None)
    @given(HOSTILE)
    def check(text: str) -> None:
        try:
            plan = place.build(text)
            tree = parse(plan)
        except ValueError:
            return
        assert names(tree) == expected
        assert place.read(tree) == place.expected(text)

    check()


def test_the_check_itself_notices_an_injection() -> None:
    harmless, extra = make_plan(), make_plan(nginx={"extra_server": ("deny all;",)})
    assert names(parse(harmless)) != names(parse(extra))
