"""A semicolon that is missing where nginx does not mind."""

from __future__ import annotations

import pytest

from portico.hops.nginx.swallowed import swallowed
from portico.model.directive import Directive


def of(name: str, *args: str) -> Directive:
    return Directive("", (), "/n.conf", 0, (Directive("server", (), "/n.conf", 1, (Directive(name, args, "/n.conf", 2),)),))


def test_the_directive_that_was_taken_is_named() -> None:
    (finding,) = swallowed(of("server_name", "shop.example", "root", "/srv/shop"))
    assert finding.fix == ("server_name shop.example;   # at /n.conf:2",)
    assert "`root`" in finding.cause


@pytest.mark.parametrize(
    ("name", "args"),
    [("server_name", ("a.example", "b.example")), ("index", ("index.html", "index.htm")), ("add_header", ("X-A", "root"))],
)
def test_names_and_words_are_left_alone(name: str, args: tuple[str, ...]) -> None:
    assert swallowed(of(name, *args)) == ()
