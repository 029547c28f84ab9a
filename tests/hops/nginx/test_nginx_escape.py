"""Quoting and refusing, value by value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.hops.nginx import escape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '""'),
        ("/srv/a b;{}#'", '"/srv/a b;{}#\'"'),
        ('a"b\\c\\n', '"a\\"b\\\\c\\\\n"'),
        ("$uri", '"$uri"'),
        ("é💡", '"é💡"'),
    ],
)
def test_quoted(text: str, expected: str) -> None:
    assert escape.quoted(text) == expected


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "a\tb", "\x7f", "\x85", "\udc80"])
def test_what_no_quotes_can_hold_is_refused(text: str) -> None:
    for function in (escape.quoted, escape.quoted_path, escape.log_path, escape.include_path):
        with pytest.raises(ValueError, match=r"control character|not valid UTF-8"):
            function("/" + text)


def test_paths() -> None:
    assert escape.quoted_path("/a$b") == '"/a${portico_dollar}b"'
    assert escape.plain_path("/a$b") == '"/a$b"'
    assert escape.log_path("/var/log/a b") == '"/var/log/a b"'
    assert escape.include_path("/etc/a\\b") == '"/etc/a\\\\b"'
    assert escape.include_path("/etc/[a]*?\\") == '"/etc/[[]a][*][?]\\\\\\\\"'
    for function in (escape.quoted_path, escape.plain_path, escape.log_path, escape.include_path):
        with pytest.raises(ValueError, match="'x/y' is not an absolute path"):
            function("x/y")


def test_a_dollar_in_the_access_log_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="dollar sign: nginx would take it for a variable"):
        escape.log_path("/srv/a$b/access.log")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("example.com", "example.com"),
        ("Example.COM", "Example.COM"),
        ("_", "_"),
        ("my_host-1", "my_host-1"),
        (".example.com", ".example.com"),
        ("*.example.com", "*.example.com"),
        ("www.example.*", "www.example.*"),
        ("127.0.0.1", "127.0.0.1"),
        ("[0:0::1]", "[::1]"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("*.straße.de", "*.xn--strae-oqa.de"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_server_names(name: str, expected: str) -> None:
    assert escape.server_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "*",
        "*.",
        "a..b",
        "a.",
        "a.*.b",
        "*.a.*",
        ".a.*",
        "a*",
        "~^www$",
        "a;b",
        "a b",
        "a\n",
        "a{",
        "$host",
        "example.com:80",
        "é;.com",
        "é\u2028.com",
        "é\uff0e.com",
        "[::1",
        "[::1%eth0;x]",
        "[]",
        "a" * 254,
    ],
)
def test_what_is_no_server_name(name: str) -> None:
    with pytest.raises(ValueError, match="is not "):
        escape.server_name(name)


@given(st.text())
def test_a_server_name_is_plain_ascii(name: str) -> None:
    try:
        accepted = escape.server_name(name)
    except ValueError:
        return
    assert accepted.isascii()
    assert set(accepted) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*[]:")


@pytest.mark.parametrize(
    ("url", "location", "hidden"),
    [
        ("/static/", '"/static/"', r'"^/static/(.*/)?\\."'),
        ("/a/b_1/", '"/a/b_1/"', r'"^/a/b_1/(.*/)?\\."'),
        ("/my%20files/", '"/my files/"', r'"^/my\\ files/(.*/)?\\."'),
        ("/a.b+(c)$/", '"/a.b+(c)$/"', r'"^/a\\.b\\+\\(c\\)\\$/(.*/)?\\."'),
        ("/é%C3%A9/", '"/éé/"', r'"^/éé/(.*/)?\\."'),
        ("/100%25/", '"/100%/"', r'"^/100\\%/(.*/)?\\."'),
        ("/100%/", '"/100%/"', r'"^/100\\%/(.*/)?\\."'),
        ("/what%3F/", '"/what?/"', r'"^/what\\?/(.*/)?\\."'),
        ('/"\\/', '"/\\"\\\\/"', r'"^/\\\"\\\\/(.*/)?\\."'),
    ],
)
def test_locations(url: str, location: str, hidden: str) -> None:
    assert escape.location_prefix(url) == location
    assert escape.hidden_files(url) == hidden


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        "static/",
        "/static",
        "//",
        "//cdn/",
        "/a//b/",
        "/a/../b/",
        "/%2e%2e/",
        "/./",
        "/a?b/",
        "/a#/",
        "/%FF/",
        "/a%0Ab/",
    ],
)
def test_what_is_no_location(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not|is never requested|control character"):
        escape.location_prefix(url)


def test_networks() -> None:
    given_texts = ("10.0.0.7/8", "10.0.0.0/255.0.0.0", "::1", "0.0.0.0/0", "::/0")
    assert escape.networks(given_texts) == (
        "10.0.0.0/8",
        "::1/128",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "::/1",
        "8000::/1",
    )
    for text in ("", "proxy.example", "unix:", "10.0.0.1;", "fe80::1%a;b", "10.0.0.0/33"):
        with pytest.raises(ValueError, match="is not an IP address or a network"):
            escape.networks((text,))
