"""The flat list of spans: order, depth, and what a trace may lack."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.export.spans import Span, spans
from support.trace_variants import all_traces, no_front, past, repeated
from support.traces import hop, page, without


def parent(made: tuple[Span, ...], name: str) -> str:
    place = next(at for at, span in enumerate(made) if span.name == name)
    return next(span.name for span in reversed(made[:place]) if span.depth < made[place].depth)


def test_hops_lie_in_each_other_and_django_holds_what_happened_in_it() -> None:
    made = spans(page())
    assert [span.name for span in made if span.kind == "hop"] == ["client", "nginx", "uwsgi", "wsgi", "django"]
    assert parent(made, "listen queue") == "uwsgi"
    assert parent(made, "django") == "wsgi"
    assert parent(made, "SecurityMiddleware") == "django"
    assert parent(made, "SessionMiddleware") == "SecurityMiddleware"
    assert parent(made, "URL match") == parent(made, "home") == "XFrameOptionsMiddleware"
    assert parent(made, "journal/home.html") == "home"
    assert parent(made, "journal/_way.html") == "journal/home.html"


def test_a_statement_lies_in_what_was_running_when_it_was_sent() -> None:
    made = spans(repeated())
    own = [span.depth for span in made if span.kind == "sql" and "= 1" in span.name]
    inner = next(span.depth for span in made if span.name == "journal/_way.html")
    outer = next(span.depth for span in made if span.name == "journal/home.html")
    assert own[0] == inner + 1, "the first was sent while the inner template was rendered"
    assert {span.depth for span in made if span.kind == "sql" and span.name.endswith("= 9")} == {outer + 1}


def test_server_timing_belongs_to_who_sent_it() -> None:
    entries = [span for span in spans(page()) if span.kind == "server-timing"]
    assert [(span.name, span.hop, span.started_us, span.duration_us) for span in entries] == [
        ("db", "django", None, 4100),
        ("render", "django", None, 6200),
    ]
    assert [span.hop for span in spans(without(page(), "django")) if span.kind == "server-timing"] == ["wsgi", "wsgi"]
    assert [span.hop for span in spans(without(no_front(), "django", "wsgi", "uwsgi"))] == ["client"] * 3


@pytest.mark.parametrize("name", sorted(all_traces()))
def test_they_are_depth_first_and_in_time(name: str) -> None:
    made = spans(all_traces()[name])
    assert made[0].depth == 0
    around: list[Span] = []
    for before, span in zip((None, *made), made, strict=False):
        assert span.depth <= (before.depth + 1 if before else 0) or span.kind == "server-timing"
        around = [one for one in around if one.depth < span.depth]
        outer = around[-1] if around else None
        if outer and span.started_us is not None and outer.started_us is not None:
            assert outer.started_us <= span.started_us
        around.append(span)


def test_what_is_not_known_stays_unknown() -> None:
    assert [(span.name, span.started_us, span.failed) for span in spans(past())] == [
        ("nginx", None, False),
        ("uwsgi", None, False),
        ("django", None, True),
    ]
    assert spans({}) == ()


_TIMES = st.fixed_dictionaries({"started_us": st.integers(0, 5000), "duration_us": st.integers(0, 5000)})


@given(st.lists(_TIMES, max_size=12), st.lists(_TIMES, max_size=12), st.lists(_TIMES, max_size=6))
def test_nothing_is_lost_and_what_contains_another_comes_first(
    middleware: list[dict[str, Any]], sql: list[dict[str, Any]], templates: list[dict[str, Any]]
) -> None:
    result = page()
    django = hop(result, "django")
    django |= {"match": None, "view": None, "signals": []}
    django["middleware"] = [one | {"name": "a.M"} for one in middleware]
    django["sql"] = [one | {"statement": "SELECT 1"} for one in sql]
    django["templates"] = [one | {"name": "t"} for one in templates]
    inner = [span for span in spans(result) if span.hop == "django" and span.kind in ("middleware", "sql", "template")]
    assert len(inner) == len(middleware) + len(sql) + len(templates)
    starts = [span.started_us for span in inner]
    assert starts == sorted(starts, key=lambda start: start or 0)
