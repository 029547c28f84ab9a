"""Portico's own uwsgi.ini, read back."""

from __future__ import annotations

from portico.hops.uwsgi.explained import explained, explained_types
from portico.hops.uwsgi.render import files
from portico.model.site import StaticMap
from support.plans import make_plan


def test_an_option_comes_with_its_comment_and_its_key() -> None:
    text = files(make_plan())[0].text
    lines = explained(text)
    line = next(line for line in lines if line.name == "harakiri")
    assert (line.value, line.keys, line.kind) == ("60", ("uwsgi.harakiri",), "directive")
    assert line.why.startswith("A worker that has a request and for so many seconds neither begins nor ends one is killed")
    rows = text.splitlines()
    assert [line.text for line in lines] == [rows[line.number - 1] for line in lines]


def test_a_comment_over_two_lines_is_one_text() -> None:
    (line,) = [line for line in explained(files(make_plan())[0].text) if line.name == "worker-reload-mercy"]
    assert line.why.startswith("Seconds a worker that is replaced")
    assert line.why.endswith("who sends SIGTERM must in the end send SIGKILL.")
    assert line.keys == ("uwsgi.graceful_timeout",)


def test_lines_of_the_user_are_theirs() -> None:
    text = files(make_plan(uwsgi={"extra": ("; mine", "cheaper = 1")}))[0].text
    own = [line for line in explained(text, 2) if line.kind == "own"]
    assert [(line.name, line.value, line.keys) for line in own] == [("cheaper", "1", ("uwsgi.extra",))]


def test_each_content_type_says_for_which_files_it_is() -> None:
    maps = (StaticMap("/static/", "/srv/static", "static", served_by="uwsgi"),)
    types = files(make_plan(front="none", site={"maps": maps}))[1]
    lines = {line.name: line for line in explained_types(types.text)}
    assert lines["text/javascript"].why == "Files named *.js, *.mjs, *.cjs are sent as text/javascript."
    assert all(not name.startswith("#") for name in lines)
