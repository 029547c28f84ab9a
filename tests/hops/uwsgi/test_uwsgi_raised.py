"""What the application raised, out of a log that it shares with uWSGI."""

from __future__ import annotations

import json

from portico.hops.uwsgi.raised import raised

HEADER = "Traceback (most recent call last):"
FRAME = '  File "/srv/shop/views.py", line 3, in broken'


def _told(*exception: str) -> str:
    """As a release writes it where no handler of the project's shows errors."""
    text = "\n".join([HEADER, FRAME, "    fail()", *exception, ""])
    return json.dumps({"t": 1.0, "rid": "", "level": "ERROR", "logger": "django.request", "path": "/broken/", "exc": text})


def test_tracebacks_and_json_lines_are_told_in_the_order_of_the_log() -> None:
    log = [
        "[pid: 7] GET /",
        _told("ValueError: broken on purpose"),
        HEADER,
        FRAME,
        "KeyError: 'x'",
        "GET /",
        _told("a.B: no"),
    ]
    assert list(raised(log)) == ["ValueError: broken on purpose", "KeyError: 'x'", "a.B: no"]


def test_each_is_told_as_often_as_it_is_there() -> None:
    assert list(raised([_told("ValueError: x")] * 3)) == ["ValueError: x"] * 3


def test_of_what_is_cut_off_interrupted_or_a_strangers_doing_nothing_is_told() -> None:
    whole = _told("ValueError: x")
    interrupted = [HEADER, FRAME, "[pid: 8|app: 0] GET / => 500"]
    stranger = _told("django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header")
    broken = ['{"t":1,"exc":5}', '{"t": 1, "exc": null}', '{"t": 1, "rid": "exc"}', '{"t": [, "exc"']
    assert list(raised([whole[9:], whole[:-5], *interrupted, stranger, *broken])) == []
