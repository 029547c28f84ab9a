"""Requests of uWSGI's log, with what was said while they were handled."""

from __future__ import annotations

import pytest

from portico.hops.uwsgi.events import events
from portico.hops.wsgi.faults.requests import Handled, handled, same_page

LINE = (
    "[pid: 7|app: 0|req: 1/1] 127.0.0.1 () {38 vars in 478 bytes} [Fri Nov 27 15:29:01 2026] GET {} => generated 145 bytes "
    "in 1 msecs (HTTP/1.1 500) 6 headers in 226 bytes (1 switches on core 0)\n"
)
JSON = '{"t":1795000000000,"rid":"%s","status":500,"us":10,"bytes":145,"worker":1,"core":0}\n'


def told(path: str, said: str) -> str:
    return f'Internal Server Error: {path}\nTraceback (most recent call last):\n  File "/srv/a.py", line 1, in f\n{said}\n'


def of(text: str) -> list[tuple[str, list[str]]]:
    return [(one.path, [event.data["exception"] for event in one.said]) for one in handled(events(text))]


def line(path: str) -> str:
    return LINE.replace("GET {}", f"GET {path}")


@pytest.mark.parametrize(
    ("logged", "asked"),
    [
        ("/café/", "/caf%C3%A9/?q=1"),
        ("/caf\\xe9/", "/caf%C3%A9/"),
        ("/caf\\xe9%FF", "/caf%C3%A9%FF"),
        ("/%25", "/%25"),
        ("/a/b/", "/a%2F%2Fb/./"),
        ("/b/", "//a/../b/"),
        ("//a/../b/", "//a/../b/"),
        ("/", "/a/.."),
    ],
)
def test_a_page_is_the_same_however_it_is_written(logged: str, asked: str) -> None:
    assert same_page(logged, asked)


@pytest.mark.parametrize(("logged", "asked"), [("", "/"), ("/a", "/a/"), ("/a/", "/a/b"), ("/A/", "/a/")])
def test_another_page_is_not(logged: str, asked: str) -> None:
    assert not same_page(logged, asked)


def test_what_stands_in_a_message_is_no_other_exception() -> None:
    text = told("/a/", "ValueError: it failed\nTypeError: 'x' object is not callable")
    assert of(text + line("/a/")) == [("/a/", ["ValueError"])]


def test_two_workers_at_once_keep_their_own() -> None:
    text = told("/a/", "ValueError: a") + told("/b/", "KeyError: b") + line("/a/") + line("/b/")
    assert sorted(of(text)) == [("/a/", ["ValueError"]), ("/b/", ["KeyError"])]


def test_without_lines_of_requests_each_keeps_its_own() -> None:
    assert of(told("/a/", "ValueError: a") + told("/b/", "KeyError: b")) == [("/a/", ["ValueError"]), ("/b/", ["KeyError"])]


def test_one_that_ended_long_ago_has_its_time() -> None:
    """Portico's own lines have a time and no path."""
    first, second = handled(events(told("/a/", "ValueError: a") + JSON % "x" + told("/a/", "KeyError: b")))
    assert isinstance(first, Handled) and first.time_s == 1795000000.0
    assert (first.path, second.path, second.time_s) == ("/a/", "/a/", 0.0)
