"""Directives that are near to one that nginx has."""

from __future__ import annotations

import pytest

from portico.hops.nginx.misspelt import misspelt
from portico.model.directive import Directive


def main(*entries: Directive) -> Directive:
    return Directive("", (), "/n.conf", 0, entries)


def of(name: str, *args: str, line: int = 3) -> Directive:
    return Directive(name, args, "/n.conf", line)


@pytest.mark.parametrize(
    ("name", "known"),
    [("uwsgi_pas", "uwsgi_pass"), ("client_max_body_sise", "client_max_body_size"), ("serve_name", "server_name")],
)
def test_a_near_name_is_told_with_its_place(name: str, known: str) -> None:
    (finding,) = misspelt(main(of(name, "x"), of(name, "y", line=9)))
    assert f"did you mean `{known}`" in finding.cause
    assert finding.evidence == (f"/n.conf:3: {name} x", f"/n.conf:9: {name} y")


@pytest.mark.parametrize(
    "name", ["uwsgi_pass", "http2", "keepalive_time", "more_set_headers", "vhost_traffic_status_zone", "brotli_types", "set"]
)
def test_what_nginx_or_a_module_may_have_is_no_mistake(name: str) -> None:
    assert misspelt(main(of(name, "x"))) == ()


def test_words_of_a_map_are_no_directives() -> None:
    table = Directive("map", ("$uri", "$x"), "/n.conf", 1, (of("uwsgi_pas", "1"), of("serverr_name", "2")))
    assert misspelt(main(table)) == ()
