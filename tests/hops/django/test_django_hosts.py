from __future__ import annotations

import pytest
from django.http.request import split_domain_port, validate_host
from hypothesis import given
from hypothesis import strategies as st

from portico.hops.django.hosts import never_matches, permits, permitted_host, server_names

NAMES = st.sampled_from(
    ["example.com", ".example.com", "a.example.com", "*", "localhost", "127.0.0.1", "[::1]", "EXAMPLE.com", "http://x",
     "x:80", "my_host", "", ".", "münchen.de"]
)  # fmt: skip


@given(st.lists(NAMES), NAMES | st.text(max_size=20))
def test_it_agrees_with_django(allowed: list[str], host: str) -> None:
    domain, port = split_domain_port(host)
    if port:
        return
    assert permits(allowed, False, host) == bool(domain and validate_host(domain, allowed))


@pytest.mark.parametrize(
    ("allowed", "debug", "host"),
    [
        (["*"], False, "localhost"),
        ([".example.com"], False, "example.com"),
        (["www.example.com"], False, "www.example.com"),
        (["example.com", "127.0.0.1"], False, "127.0.0.1"),
        (["example.com", "localhost"], False, "localhost"),
        ([".localhost"], False, "localhost"),
        (["[::1]"], False, "[::1]"),
        ([], True, "localhost"),
        ([], False, None),
        (["http://example.com", "example.com:8000"], False, None),
        (["http://example.com", "Example.com"], False, "example.com"),
        (["example.com"], True, "example.com"),
    ],
)
def test_permitted_host(allowed: list[str], debug: bool, host: str | None) -> None:
    assert permitted_host(allowed, debug) == host


@given(st.lists(NAMES), st.booleans())
def test_a_permitted_host_is_permitted(allowed: list[str], debug: bool) -> None:
    host = permitted_host(allowed, debug)
    assert host is None or permits(allowed, debug, host)


@pytest.mark.parametrize(
    ("allowed", "names"),
    [
        (["*"], ()),
        ([], ()),
        (["example.com", ".example.org", "EXAMPLE.com"], ("example.com", ".example.org")),
        (["http://x", "x:80", "a b", "x;y", "my_host"], ()),
        (["[::1]", "10.0.0.1"], ("[::1]", "10.0.0.1")),
    ],
)
def test_server_names(allowed: list[str], names: tuple[str, ...]) -> None:
    assert server_names(allowed) == names


@pytest.mark.parametrize(
    ("entry", "never"), [("a.b", False), (".a.b", False), ("*", False), ("http://a", True), ("a:1", True), ("", True)]
)
def test_entries_that_never_match(entry: str, never: bool) -> None:
    assert never_matches(entry) is never
