"""The `django` hop, made of what the recorder sent."""

from __future__ import annotations

from typing import Any

from portico.hops.django.traced import django_hop


def span(number: int, kind: str, t: int, **data: Any) -> dict[str, Any]:
    return {"e": "span", "id": number, "kind": kind, "t": t * 1000, **data}


def out(number: int, t: int, **data: Any) -> dict[str, Any]:
    return {"e": "out", "id": number, "t": t * 1000, **data}


def hop(*events: dict[str, Any]) -> dict[str, Any]:
    found = django_hop(events, 0)
    assert found is not None
    return found


def layer(number: int, t: int, name: str, parent: int = 0) -> dict[str, Any]:
    return span(number, "layer", t, name=name, parent=parent, attributes=[])


def answer(number: int, t: int, *headers: list[str], cookies: tuple[str, ...] = (), status: int = 200) -> dict[str, Any]:
    return out(number, t, status=status, headers=list(headers), cookies=list(cookies), attributes=[])


def test_own_time_is_what_the_layers_inside_do_not_take() -> None:
    outer, inner = hop(
        layer(1, 10, "a"), layer(2, 30, "b", 1), layer(3, 40, "", 2), answer(3, 60), answer(2, 70), answer(1, 100)
    )["middleware"]
    assert (outer["started_us"], outer["duration_us"], outer["own_us"]) == (10, 90, 50)
    assert (inner["duration_us"], inner["own_us"], inner["answered"]) == (40, 20, False)


def test_headers_are_compared_with_those_from_inside() -> None:
    (found,) = hop(
        layer(1, 1, "a"),
        layer(2, 2, "", 1),
        answer(2, 3, ["Vary", "Accept"], ["X-Old", "1"], ["Same", "1"]),
        answer(1, 4, ["Vary", "Accept, Cookie"], ["Same", "1"], cookies=("session",)),
    )["middleware"]
    assert found["adds_headers"] == [["Vary", "Accept, Cookie"], ["Set-Cookie", "session"]]
    assert found["removes_headers"] == ["X-Old"]
    assert found["changes_headers"] == [["Vary", "Accept", "Accept, Cookie"]]


def test_what_django_makes_of_an_exception_comes_from_inside() -> None:
    found = hop(
        layer(1, 1, "a"),
        layer(2, 2, "", 1),
        {"e": "exception", "id": 9, "t": 3000, "by": "handler", "type": "ValueError", "message": "no"},
        out(2, 3, status=None, headers=[], cookies=[], attributes=[]),
        span(3, "handling", 3, exception=9, parent=1),
        answer(3, 8, ["Content-Type", "text/html"], status=500),
        answer(1, 9, ["Content-Type", "text/html"], status=500),
        {"e": "response", "t": 9000, "status": 500, "headers": []},
    )
    (outer,) = found["middleware"]
    assert (outer["adds_headers"], outer["own_us"], outer["answered"]) == ([], 2, False)
    assert [(one["type"], one["status"]) for one in found["exceptions"]] == [("ValueError", 500)]
    assert found["out"]["status"] == 500


def test_a_middleware_that_fails_has_not_answered() -> None:
    (found,) = hop(layer(1, 1, "a"), out(1, 2, status=None, headers=[], cookies=[], attributes=["x"]))["middleware"]
    assert (found["answered"], found["adds_to_request"]) == (False, ["x"])


def test_what_is_open_at_the_end_is_unfinished() -> None:
    found = hop(layer(1, 10, "a"), span(2, "view", 20, name="v"), span(3, "sql", 30, statement="SELECT 1"))
    assert found["unfinished"]
    assert found["view"] == {"name": "v", "started_us": 20, "duration_us": 10, "unfinished": True, "async": False}
    assert (found["sql"][0]["unfinished"], found["middleware"][0]["answered"]) == (True, False)


def test_not_reached() -> None:
    assert django_hop([], 0) is None
    assert django_hop([{"e": "in", "t": 1}, {"e": "exception", "id": 1, "t": 2, "by": "application"}], 0) is None


def test_lines_that_say_nothing_are_passed_over() -> None:
    found = hop({}, {"e": "span"}, {"e": "span", "id": 1, "t": "x"}, span(2, "signal", 5, name="s"), out(9, 6))
    assert [one["name"] for one in found["signals"]] == ["s"]


def test_the_settings_are_those_django_names() -> None:
    request = {"e": "request", "t": 1000, "settings": "a.settings", "method": "GET", "path": "/"}
    assert django_hop([request], 0, "b.settings")["settings"] == "a.settings"  # type: ignore[index]
    assert django_hop([{**request, "settings": ""}], 0, "b.settings")["settings"] == "b.settings"  # type: ignore[index]
