"""What a proof shows of two bodies that differ: the place, and no secret; and redirects where no host was named."""

from __future__ import annotations

import json

import pytest

from portico.actions.adopt.proof.compare import Ports, compared
from portico.actions.adopt.proof.meant import About
from portico.model.proof import Answer, Ask, Compared

PAGE = Ask("a page", "GET", "/")
NO_HOST = Ask("no Host header", "GET", "/", host="", version="1.0")
LONG = b"<p>the same on both sides</p>\n" * 300


def _compared(old: Answer, new: Answer, ask: Ask = PAGE) -> Compared:
    hide = "hunter2hunter2"
    return compared(
        ask, [old], [new], About(), Ports({2001: ""}), Ports({3001: ""}), "http", lambda text: text.replace(hide, "***")
    )


def _bodies(old: bytes, new: bytes) -> tuple[str, str]:
    (one,) = _compared(Answer(200, (), old), Answer(200, (), new)).differences
    assert one.what == "body"
    return one.old, one.new


def test_the_place_of_the_first_difference_is_shown() -> None:
    old, new = _bodies(LONG + b"<h1>Welcome, Ana</h1>" + LONG, LONG + b"<h1>Welcome, Bob</h1>" + LONG)
    assert f"{len(LONG) + 13}" in old
    assert "Welcome, Ana</h1>" in old
    assert "Welcome, Bob</h1>" in new
    assert max(len(old), len(new)) < 100


def test_what_is_longer_only_is_shown_too() -> None:
    old, new = _bodies(LONG, LONG + b"<p>\xc3\xa9t\xc3\xa9</p>")
    assert "été" in new
    assert old != new


def test_of_what_is_no_text_only_the_offset() -> None:
    old, new = _bodies(b"\x89PNG\0\0abc" + b"x" * 40, b"\x89PNG\0\0abd" + b"x" * 40)
    assert old == new == "49 bytes, at byte 8"


@pytest.mark.parametrize(
    "form",
    [
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">',
        '<input value="{}" name="csrfmiddlewaretoken">',
        '<meta content="{}" name="csrf-token">',
        "<script>window.csrfToken = '{}'</script>",
        '{{"api_key": "{}"}}',
        "<p>{}</p>",
    ],
)
def test_what_is_secret_is_not_shown(form: str) -> None:
    secrets = "hunter2hunter2", "Zk3vQ0aLpT7xWm2RbY9cHd5nGs8fJe1u"
    pages = [f"<html>{form.format(secret)}<b>{name}</b>".encode() for name, secret in zip("ab", secrets, strict=True)]
    told = json.dumps(_bodies(*pages))
    for secret in secrets:
        assert secret[:8] not in told


def test_a_header_without_a_value_is_not_none() -> None:
    (one,) = _compared(Answer(200, (("x-empty", ""),)), Answer(200)).differences
    assert (one.old, one.new) == ("empty", "")


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("http://127.0.0.1:2001/static/", "/static/", "same"),
        ("/static/", "http://shop.example/static/", "same"),
        ("/static/", "/static/", "same"),
        ("/static/", "/assets/", "different"),
        ("https://shop.example/static/", "/static/", "different"),
    ],
)
def test_a_relative_redirect_leads_to_wherever_the_client_is(old: str, new: str, verdict: str) -> None:
    found = _compared(Answer(301, (("location", old),)), Answer(301, (("location", new),)), NO_HOST)
    assert found.verdict == verdict
    assert "invalid" not in json.dumps([one.data() for one in found.differences])
