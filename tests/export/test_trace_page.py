"""The page of a trace: what it says, that nothing in a trace becomes markup, and what a real browser makes of it."""

from __future__ import annotations

import copy
import html
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from portico.export.trace_page import page
from portico.hops.uwsgi.packet import encode
from support import traces
from support.browser import picture, visit
from support.trace_variants import all_traces, dead_uwsgi, failed, no_front, past, plain_wsgi, repeated, static_file

Data = dict[str, Any]
STYLE = (Path(__file__).parents[2] / "src/portico/export/templates/trace.css").read_text(encoding="utf-8")
LIGHT = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLE.split("@media")[0]))
DARK = LIGHT | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLE.split("@media")[1]))
EVIL = (
    "\"'></a></script></style></title></svg><img src=x onerror=\"document.title='owned'\">"
    "<script>document.title='owned'</script>{{7*7}}"
)
#: What the page itself decides by: these stay what they are when everything else turns hostile.
FIXED = {"hop", "packet_hex"}


def hostile(value: Any, key: str = "") -> Any:
    """The same trace with the markup in every string, and in every name that comes from outside."""
    if isinstance(value, dict):
        outside = key in ("vars", "vars_from", "environ", "kwargs", "log")
        return {EVIL + name if outside else name: hostile(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return EVIL + value if isinstance(value, str) and key not in FIXED else value


def everything() -> Data:
    """A trace with something under every key, which no real request has."""
    made = repeated() | {"notes": ["a note"], "died_at": "django", "died": "it died"}
    traces.hop(made, "django")["exceptions"] = traces.hop(failed(), "django")["exceptions"]
    nginx = traces.hop(made, "nginx")
    nginx["static"] = traces.hop(static_file(), "nginx")["static"]
    nginx["errors"] = traces.hop(dead_uwsgi(), "nginx")["errors"]
    return made


def hostile_page() -> str:
    made = hostile(everything())
    uwsgi = traces.hop(made, "uwsgi")
    uwsgi["in"]["packet_hex"] = encode(uwsgi["vars"]).hex()
    return page(made)


class Elements(HTMLParser):
    """The elements of a page, and all its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def words(text: str) -> str:
    return " ".join(Elements(text).text.split())


def test_the_page_shows_the_real_data_of_every_hop() -> None:
    said = words(page(traces.page()))
    for expected in (
        "GET / HTTP/1.1 Host : 127.0.0.1:8000",
        "the only server that listens on 127.0.0.1:8000",
        "location / /srv/destiny/.portico/conf/nginx.conf:214",
        "modifier1 0 690 bytes modifier2 0 25 variables",
        "HTTP_ COOKIE sessionid=********",
        "removed PORTICO_TRACE",
        'start_response ("200 OK", [',
        "django.contrib.sessions.middleware. SessionMiddleware request.session",
        'SELECT "django_session"."session_key" FROM',
        "gzip : 9,241 bytes became 2,871 bytes (31 %)",
        "changed Vary : Cookie Accept-Encoding, Cookie",
    ):
        assert expected in said


def test_the_hex_view_is_the_packet_and_each_variable_names_its_bytes() -> None:
    result = traces.page()
    made = page(result)
    uwsgi = traces.hop(result, "uwsgi")
    spans = re.findall(
        r'<span class="b-(\w+)"(?: data-v="(\d+)")?(?: id="v\d+")?>([0-9a-f]{2}(?: [0-9a-f]{2})*)</span> ', made
    )
    assert "".join(pairs for _, _, pairs in spans).replace(" ", "") == uwsgi["in"]["packet_hex"]
    values = {}
    for kind, variable, pairs in spans:
        if variable:
            values.setdefault((int(variable), kind), bytearray()).extend(bytes.fromhex(pairs))
    for place, (name, value) in enumerate(uwsgi["vars"].items()):
        assert values[place, "name"].decode() == name
        assert values.get((place, "value"), b"").decode() == value


def test_a_packet_that_does_not_keep_the_format_is_shown_all_the_same() -> None:
    result = traces.page()
    asked = traces.hop(result, "uwsgi")["in"]
    for broken in (asked["packet_hex"][:-8], "00ffff00", "0b", "zz", None):
        asked["packet_hex"] = broken
        assert "REQUEST_METHOD" in words(page(result))


def test_a_static_request_turns_round_at_nginx_with_its_file() -> None:
    made = page(static_file())
    said = words(made)
    static = traces.hop(static_file(), "nginx")["static"]
    assert f"path /static/ {static['rest']} \N{MINUS SIGN} location /static/ + alias {static['alias']}" in said
    assert f"= file {static['alias']}{static['rest']}" in said
    for kind in ("live", "logs"):
        assert "Not reached: uWSGI, WSGI, Django." in words(page(static_file() | {"kind": kind}))
    assert "is-turned" in made


def test_a_dead_request_says_at_which_hop_and_why() -> None:
    made = page(dead_uwsgi())
    assert f"It died at uWSGI {dead_uwsgi()['died']}" in words(made)
    assert "is-broken" in made
    said = words(page(failed()))
    assert "It died at Django" in said
    assert "/srv/destiny/journal/views.py:91 in boom 91 raise RuntimeError" in said


def test_a_statement_that_repeats_is_shown_once_with_how_often() -> None:
    said = words(page(repeated(7)))
    assert '"auth_user"."id" = ? The same statement' in said
    assert "ran 7 times: this is what a loop looks like" in said


def test_stacks_without_nginx_or_without_django_are_drawn_without_them() -> None:
    titles = re.compile(r'class="title">(\w+)<')
    assert titles.findall(page(no_front())) == ["Client", "uWSGI", "WSGI", "Django"] * 2
    assert titles.findall(page(plain_wsgi())) == ["Client", "nginx", "uWSGI", "WSGI"] * 2
    assert titles.findall(page(past())) == ["Client", "nginx", "uWSGI", "WSGI", "Django"] * 2


def cut(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every key of a trace, to one entry of each list."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value[:1] if way[-1:] != ("hops",) else value)
    for key, inner in pairs:
        if isinstance(value, dict):
            yield (*way, key)
        if isinstance(inner, (dict, list)) and key not in ("vars", "vars_from", "environ", "headers"):
            yield from cut(inner, (*way, key))


@pytest.mark.parametrize("make", [everything, past])
def test_any_key_may_be_missing_or_unknown(make: Callable[[], Data]) -> None:
    whole = make()
    for *way, last in cut(whole):
        for lacking in (True, False) if len(way) <= 2 else (True,):
            result = copy.deepcopy(whole)
            inner = result
            for key in way:
                inner = inner[key]
            if lacking:
                del inner[last]
            else:
                inner[last] = None
            assert page(result).rstrip().endswith("</html>"), (way, last)
    assert "Portico trace" in page({})


def test_nothing_in_a_trace_becomes_markup_and_nothing_is_loaded() -> None:
    elements = Elements(hostile_page())
    assert len(elements.named("script")) == 1
    assert [tag for tag in ("img", "iframe", "object", "form", "base") if elements.named(tag)] == []
    for tag, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert attributes.get("href", "#") in ("data:,",) or (attributes.get("href") or "#").startswith("#")
        assert "src" not in attributes
    assert elements.text.count("<img src=x") > 200
    assert "{{7*7}}" in elements.text
    assert not re.search(r"url\((?!#)|@import", page(traces.page()))
    assert elements.named("html") == [{"lang": "en"}]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read(scheme: dict[str, str]) -> None:
    """4.5 is what WCAG 2.2 asks of text (https://www.w3.org/TR/WCAG22/#contrast-minimum)."""
    for text in ("ink", "soft", "client", "nginx", "uwsgi", "wsgi", "django", "good", "bad"):
        for ground in ("ground", "surface", "sunk"):
            light, dark = sorted((luminance(scheme[text]), luminance(scheme[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


@pytest.mark.parametrize(
    ("name", "there", "absent"),
    [
        ("page", {"client", "nginx", "uwsgi", "wsgi", "django"}, {"bad"}),
        ("static_file", {"client", "nginx"}, {"uwsgi", "wsgi", "django", "bad"}),
        ("dead_uwsgi", {"client", "nginx", "bad"}, {"wsgi", "django"}),
    ],
)
def test_a_browser_draws_the_hops_that_were_reached(tmp_path: Path, name: str, there: set[str], absent: set[str]) -> None:
    done, seen = picture(page(all_traces()[name]), tmp_path, size=(1000, 680))
    assert done.console == ()
    assert {hop for hop in there | absent if LIGHT[hop] in seen} == there


def test_a_browser_in_the_dark_gets_a_dark_page(tmp_path: Path) -> None:
    done, seen = picture(page(traces.page()), tmp_path, size=(390, 700), dark=True)
    assert done.console == ()
    assert DARK["ground"] in seen
    assert LIGHT["ground"] not in seen


def test_a_hostile_trace_runs_nothing_in_a_browser(tmp_path: Path) -> None:
    done = visit(hostile_page(), tmp_path)
    assert done.console == ()
    assert "<title>owned" not in done.dom
    assert "<img" not in done.dom
    assert done.dom.rstrip().endswith("</html>")


def test_a_script_that_is_not_the_pages_own_is_refused_and_an_error_would_be_noticed(tmp_path: Path) -> None:
    """Also shows that the tests here could fail: what the console says is seen."""
    made = page(traces.page()).replace("</footer>", "</footer><script>document.title = 'owned'</script>")
    done = visit(made, tmp_path)
    assert "<title>owned" not in done.dom
    assert len([line for line in done.console if "Content Security Policy" in line]) == 1
    blank, seen = picture("<!doctype html><script>nobody()</script>", tmp_path, size=(200, 200))
    assert len(seen) == 1
    assert "nobody is not defined" in blank.console[0]


PROBE = """
const row = document.querySelector('tr[data-v="4"]');
row.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
const lit = [...document.querySelectorAll(".hex .b-value.lit")].map((one) => one.textContent).join(" ");
const shown = (name) => getComputedStyle(document.querySelector(name)).display;
parent.document.title = JSON.stringify({
  lit, room: innerWidth, width: document.documentElement.scrollWidth, flows: [shown(".flow.wide"), shown(".flow.tall")],
});
"""


@pytest.mark.parametrize(("room", "flows"), [(360, ["none", "block"]), (1280, ["block", "none"])])
def test_a_narrow_window_is_enough_and_a_variable_lights_its_bytes(tmp_path: Path, room: int, flows: list[str]) -> None:
    """In a frame, because the browser's own window is never narrower than 500 pixels."""
    made = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page(everything()))
    made = made.replace("</body>", f"<script>{PROBE}</script></body>")
    done = visit(f'<!doctype html><iframe width="{room}" height="900" srcdoc="{html.escape(made)}"></iframe>', tmp_path)
    assert done.console == ()
    found = re.search(r"<title>(.*?)</title>", done.dom)
    assert found
    probe = json.loads(html.unescape(found[1]))
    assert (probe["room"], probe["flows"]) == (room, flows)
    assert probe["width"] <= room
    assert bytes.fromhex(probe["lit"]) == b"/"
