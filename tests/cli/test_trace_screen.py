"""The terminal's view of a trace: what a reader sees first, what each hop tells, and what a terminal must never get."""

from __future__ import annotations

import re
from typing import Any

import click
import pytest

from portico.cli import screens
from portico.cli.trace_rows import width_of
from portico.model.result import Result
from support.trace_variants import (
    STATIC,
    all_traces,
    dead_uwsgi,
    failed,
    no_front,
    past,
    plain_wsgi,
    posted,
    repeated,
    static_file,
    static_missing,
    streaming,
)
from support.traces import ID, Data, hop, page


@pytest.fixture(autouse=True)
def _a_terminal_of_110_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")


def shown(result: Data) -> str:
    """The screen of the verb, without its colours."""
    return click.unstyle(screens.text(Result("trace", result)))


def row(result: Data, start: str) -> str:
    """The only row that begins with this text, indented or not."""
    (found,) = (line for line in shown(result).splitlines() if line.strip().startswith(start))
    return found.strip()


def section(result: Data, name: str) -> str:
    """What stands below the rule of a hop, or of `back`."""
    _, found = re.split(rf"\n{name}  [^\n]*─\n", shown(result), maxsplit=1)
    return re.split(r"\n\n\w+  [^\n]*─\n", found)[0]


def test_the_first_lines_say_what_was_asked_and_how_it_went() -> None:
    first, second, third, *_ = shown(page()).splitlines()
    assert first == "GET http://127.0.0.1:8000/  200 OK  31.2 ms"
    assert f"request {ID}" in second
    assert "release 3" in second
    assert third.startswith("most time   template journal/home.html 13.1 ms (42 %)")


def test_the_slow_thing_is_seen_at_first_sight() -> None:
    third = screens.text(Result("trace", repeated())).splitlines()[2]
    assert click.unstyle(third).startswith("most time   12 x SELECT auth_user 7.7 ms (25 %)")
    assert "\x1b[31m" in third, "in red"
    view = streaming()
    hop(view, "django")["view"]["duration_us"] = 2_900_000
    assert shown(view).splitlines()[2].startswith("most time   view home 2.9")


def test_a_page_of_the_usual_size_fits_120_lines_or_little_more() -> None:
    assert len(shown(page()).splitlines()) <= 125


def test_the_waterfall_is_to_scale() -> None:
    drawn = shown(page()).split("\n\n")[1].splitlines()
    names = [line.split()[0] for line in drawn]
    assert names[:6] == ["client", "nginx", "uwsgi", "listen", "wsgi", "django"]
    blocks = {line.split()[0]: len(re.findall("[█▏▎▍▌▋▊▉]", line)) for line in drawn}
    assert blocks["client"] > blocks["nginx"] >= blocks["uwsgi"] >= blocks["wsgi"] >= blocks["django"] > blocks["view"]
    template = next(line for line in drawn if "journal/home.html" in line)
    view = next(line for line in drawn if "view home" in line)
    assert template.index("█") > view.index("█"), "it began later"
    assert template.endswith(" 15.2 ms")
    assert "as Server-Timing says 3 queries" in drawn[-2]


def test_the_clients_head_and_nginxs_reasons() -> None:
    assert section(page("GET", "/a/?q=1"), "client").lstrip().startswith("GET /a/?q=1 HTTP/1.1\n  Host: 127.0.0.1:8000\n")
    assert row(page(), "server ") == "server     localhost (nginx.conf:168): the only server that listens on 127.0.0.1:8000"
    assert row(page(), "location ").startswith("location   / (nginx.conf:214): no longer prefix")
    assert row(page(), "hands over") == "hands over in the uwsgi protocol to unix:/run/user/1000/portico/6f2c/app.sock"


def test_a_static_file_shows_the_arithmetic_and_the_cache() -> None:
    told = re.sub(r"\s+", " ", section(static_file(), "nginx"))
    rest = STATIC.removeprefix("/static/")
    assert f"/static/ + {rest} becomes /srv/destiny/.portico/static-live/ + {rest}" in told
    assert "is there, 5,114 bytes, changed 2026-11-27" in told
    assert "cache Cache-Control: public, max-age=31536000, immutable" in told
    assert "\nuwsgi  " not in shown(static_file())
    assert "is not there" in section(static_missing(), "nginx")
    assert "No such file or directory" in re.sub(r"\s+", " ", section(static_missing(), "nginx"))


def test_the_packet_byte_for_byte_and_every_variable_with_who_set_it() -> None:
    told = section(page(), "uwsgi")
    size = hop(page(), "uwsgi")["in"]["size"]
    assert f"modifier1 0 (a WSGI request), size {size} bytes, modifier2 0: 25 variables" in told
    assert "0000  00 b2 02 00 0c 00 51 55  45 52 59 5f 53 54 52 49  ......QUERY_STRI" in told
    assert len(re.findall(r"^ +00[0-9a-f]{2}  ", told, re.MULTILINE)) == 8
    assert "and 36 more rows, which --json has" in told
    assert re.search(r"PATH_INFO += / +<- uwsgi_params:15 \$document_uri", told)
    assert re.search(r"HTTP_USER_AGENT += portico/0.4 +<- client's User-Agent", told)
    assert re.search(r"PORTICO_TRACE += live +<- portico nginx.conf:260", told)
    assert "empty: QUERY_STRING, CONTENT_TYPE, CONTENT_LENGTH" in told
    assert [name for name in hop(page(), "uwsgi")["vars"] if name not in told] == []
    assert "taken by   uwsgi-3, worker 1, core 0, pid 48213" in told
    assert "waited     240 µs" in told


def test_what_wsgi_and_django_add() -> None:
    assert "removed    PORTICO_TRACE" in section(page(), "wsgi")
    told = section(posted(), "django")
    assert re.search(r"SessionMiddleware +250 µs  in: \+ request.session\n", told)
    assert re.search(r"XFrameOptionsMiddleware +250 µs  out: \+ X-Frame-Options\n", told)
    assert "'uploads/' (journal:upload) -> journal.views.upload" in told
    assert "INSERT INTO" in told
    assert re.search(r"pre_save of Upload, 1 receiver +45 µs", told)


def test_a_middleware_that_answers_itself_is_said_to() -> None:
    result = page()
    hop(result, "django")["middleware"][1]["answered"] = True
    assert re.search("SessionMiddleware .*answers itself: the view is not called", section(result, "django"))


def test_repeated_statements_are_one_row_and_called_out() -> None:
    told = section(repeated(), "django")
    assert "SQL        15 statements in 11.8 ms, 4 different" in told
    assert re.search(r"7.7 ms  12 x SELECT .*\n +asked 12 times: N\+1\?", told)
    assert "N+1" not in shown(repeated(2))
    drawn = shown(repeated()).split("\n\n")[1]
    assert len(re.findall("12 x SELECT auth_user", drawn)) == 1


def test_an_exception_says_where_and_what_to_do_next() -> None:
    told = section(failed(), "django")
    assert "raised     RuntimeError: this view raises on purpose" in told
    assert "/srv/destiny/journal/views.py:91 in boom" in told
    assert 'raise RuntimeError("this view raises on purpose")' in told
    assert shown(failed()).splitlines()[2].startswith("died at django: journal.views.boom raised RuntimeError")
    assert shown(failed()).splitlines()[3] == "next  portico doctor http://127.0.0.1:8000/boom/"


def test_the_time_of_an_exception_is_not_laid_on_a_middleware() -> None:
    assert "middleware XFrame" not in shown(failed()).splitlines()[4]


def test_a_dead_uwsgi_is_said_at_once() -> None:
    assert shown(dead_uwsgi()).splitlines()[0].endswith("502 Bad Gateway  1.9 ms")
    assert shown(dead_uwsgi()).splitlines()[2].startswith("died at uwsgi: nothing listens on unix:/run/user/1000")


def test_a_command_to_copy_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    url = "http://127.0.0.1:8000/" + "long/" * 40 + "?a=1&b=2"
    assert f"next  portico doctor '{url}'" in shown(failed() | {"url": url}).splitlines()


def test_the_way_back_says_what_each_hop_did() -> None:
    told = section(page(), "back")
    assert 'wsgi       start_response("200 OK"), 10 headers, 1 chunk of 9,241 bytes at 29.9 ms' in told
    assert "uwsgi      200, head of 512 bytes and body of 9,241 bytes, headers as they came" in told
    assert "gzip: 9,241 bytes -> 2,871 bytes (69 % less)" in told
    assert "- Content-Length" in told
    by = dict(reversed(pair) for pair in re.findall(r"<- (\S+(?: \S+)?) +(\S+): ", told))
    assert by["Server"] == by["Content-Encoding"] == "nginx"
    assert by["X-Frame-Options"] == "XFrameOptionsMiddleware"
    assert by["Content-Type"] == "the view"


def test_a_cookie_whose_value_is_masked_is_still_that_middlewares() -> None:
    result = page()
    hop(result, "django")["middleware"][3]["adds_headers"] = [["Set-Cookie", "***"]]
    assert re.search("<- CsrfViewMiddleware +Set-Cookie: csrftoken=", section(result, "back"))


def test_a_body_that_grew_is_not_said_to_have_shrunk() -> None:
    result = page()
    hop(result, "nginx")["out"]["compressed"] = {"encoding": "gzip", "from_bytes": 131, "to_bytes": 140}
    assert "gzip: 131 bytes -> 140 bytes (7 % more)" in section(result, "back")


def test_two_headers_of_one_name_each_have_their_own_origin() -> None:
    result = page()
    hop(result, "client")["out"]["headers"] = [["Vary", "Accept-Encoding"], ["Vary", "Cookie"]]
    hop(result, "nginx")["out"] |= {"added": [["Vary", "Accept-Encoding"]], "changed": []}
    assert re.search("<- nginx +Vary: Accept-Encoding", section(result, "back"))
    assert re.search("<- CsrfViewMiddleware +Vary: Cookie", section(result, "back"))


def test_a_header_that_a_hop_changed_is_that_hops_unless_only_space_changed() -> None:
    result = page()
    hop(result, "nginx")["out"]["changed"] = [["Referrer-Policy", "same-origin", "no-referrer"]]
    hop(result, "uwsgi")["out"]["changed"] = [["X-Frame-Options", " DENY", "DENY"]]
    hop(result, "client")["out"]["headers"] = [["Referrer-Policy", "no-referrer"], ["X-Frame-Options", "DENY"]]
    told = section(result, "back")
    assert "~ Referrer-Policy: same-origin -> no-referrer" in told
    assert re.search("<- nginx +Referrer-Policy: no-referrer", told)
    assert "headers as they came" in told
    assert re.search("<- XFrameOptionsMiddleware +X-Frame-Options: DENY", told)


def test_a_stream_shows_its_chunks() -> None:
    assert "10 chunks of 141 bytes in all from 5.0 ms to 2.7" in shown(streaming())


def test_without_nginx_or_django_only_what_is_there_is_shown() -> None:
    assert re.findall(r"^(\w+)  .*─$", shown(no_front()), re.MULTILINE) == ["client", "uwsgi", "wsgi", "django", "back"]
    assert re.findall(r"^(\w+)  .*─$", shown(plain_wsgi()), re.MULTILINE) == ["client", "nginx", "uwsgi", "wsgi", "back"]
    assert "<- the application" in shown(plain_wsgi())
    assert "note  uWSGI made the variables from the HTTP request itself" in shown(no_front())


def test_the_logs_tell_less_and_say_so() -> None:
    told = shown(past())
    assert "as far as the logs tell" in told
    assert "most time" not in told
    assert "raised     RuntimeError: this view raises on purpose" in told
    assert "note  The logs do not keep headers" in told


def lacking(data: Any) -> Any:
    """Every dict of a result with one key less, at any depth."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key != "hop":
                yield {name: one for name, one in data.items() if name != key}
            for inner in lacking(value):
                yield {**data, key: inner}
    elif isinstance(data, list):
        for place, value in enumerate(data):
            for inner in lacking(value):
                yield [*data[:place], inner, *data[place + 1 :]]


@pytest.mark.parametrize("make", [page, failed, static_missing])
def test_any_key_may_be_missing(make: Any) -> None:
    result = make()
    for one in result["hops"]:
        for key in ("vars", "vars_from", "environ"):
            found = one.get(key) or one["in"].get(key)
            if found:
                (one if key in one else one["in"])[key] = dict(list(found.items())[:2])
    for less in lacking(result):
        assert shown(less)


@pytest.mark.parametrize("columns", [20, 60, 83, 110, 400])
@pytest.mark.parametrize("name", sorted(all_traces()))
def test_no_row_is_wider_than_the_terminal(name: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = [line for line in shown(all_traces()[name]).splitlines() if not line.startswith("next  ")]
    assert max(map(width_of, rows)) <= max(60, min(columns, 160))


def test_nothing_a_server_says_moves_the_terminals_cursor() -> None:
    result = page()
    evil = "\x1b[2J\x07\x9b31m\r\nx\u202e\udc9b"
    hop(result, "client")["out"]["headers"].append(["X-Evil", evil])
    hop(result, "uwsgi")["vars"]["HTTP_X"] = evil
    hop(result, "nginx")["errors"] = [evil]
    hop(result, "django")["sql"][0]["statement"] = evil
    hop(result, "django")["templates"][0]["name"] = evil
    text = re.sub(r"\x1b\[[0-9;]*m", "", screens.text(Result("trace", result | {"died_at": "wsgi", "died": evil})))
    assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []
    assert "\\x1b[2J" in text
