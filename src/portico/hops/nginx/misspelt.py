"""Directives that no nginx has and whose name is near to one that it has. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from crossplane.analyzer import DIRECTIVES, NGX_CONF_BLOCK

from portico.model.directive import Directive
from portico.model.finding import Finding, Kind

MISSPELT = Kind(
    "nginx.E192",
    "nginx",
    "A directive of nginx is misspelt",
    "nginx refuses to start with a directive that it does not know, and keeps its old configuration at a reload.",
    source="https://nginx.org/en/docs/dirindex.html",
    shows='`nginx -t` says `unknown directive "uwsgi_pas"`.',
    example="location / { uwsgi_pas unix:/run/shop.sock; }",
    cure="Correct the name. A directive of a module of its own is known to an nginx that has it: `nginx -V`, `load_module`.",
)
#: Their entries begin with words of the user's, which look like directives.
_TABLES = frozenset(("map", "geo", "types", "split_clients", "match", "charset_map", "upstream_conf"))
_NEAR = 0.84
#: Directives of nginx and njs that crossplane's list does not have, and whose name is near to one that it has
#: (https://nginx.org/en/docs/dirindex.html).
_NEWER = frozenset(
    {
        *("http2", "js_engine", "keepalive_min_timeout", "keepalive_time", "ssl_certificate_cache"),
        *("grpc_ssl_certificate_cache", "proxy_ssl_certificate_cache", "uwsgi_ssl_certificate_cache"),
    }
)
#: A module of a third party prefixes its directives with its own name, which may be near to nothing or to everything.
_SHORTEST = 4


def misspelt(root: Directive) -> tuple[Finding, ...]:
    """One for each name, with all places; what is near to no directive may be a module's, and is not told."""
    found: dict[str, list[Directive]] = {}
    for entry in _entries(root):
        if entry.name not in DIRECTIVES and entry.name not in _NEWER and len(entry.name) >= _SHORTEST:
            found.setdefault(entry.name, []).append(entry)
    near = {name: difflib.get_close_matches(name, DIRECTIVES, 1, _NEAR) for name in found}
    return tuple(_finding(name, near[name][0], places) for name, places in found.items() if near[name])


def _entries(block: Directive) -> Iterator[Directive]:
    for entry in block.block or ():
        yield entry
        if entry.name not in _TABLES and not entry.name.endswith("_by_lua_block"):
            yield from _entries(entry)


def _finding(name: str, known: str, places: list[Directive]) -> Finding:
    is_block = places[0].block is not None or all(mask & NGX_CONF_BLOCK for mask in DIRECTIVES[known])
    end = " { ... }" if is_block else ";"
    return MISSPELT.found(
        cause=f"nginx has no directive `{name}`: did you mean `{known}`?",
        evidence=[f"{one.where}: {one.text}" for one in places[:5]],
        fix=[f"{' '.join((known, *places[0].args))}{end}   # at {places[0].where}"],
        certainty="likely",
    )
