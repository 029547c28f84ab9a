"""Directives that nginx reads as arguments of the one before, whose semicolon is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from crossplane.analyzer import DIRECTIVES

from portico.model.directive import Directive
from portico.model.finding import Finding, Kind

SWALLOWED = Kind(
    "nginx.E193",
    "nginx",
    "A missing semicolon makes one directive a part of another",
    "nginx takes what stands up to the next semicolon as arguments; a directive with any number of them takes the following "
    "line too, without a complaint. That line has no effect.",
    source="https://nginx.org/en/docs/beginners_guide.html#conf_structure",
    shows="`nginx -t` is content. Files are looked for in nginx's own folder, or a server answers to names nobody gave it.",
    example="server_name shop.example        # the semicolon is missing\nroot /srv/shop/public;",
    cure="Put the semicolon where it belongs, and test with `nginx -T`, which shows the configuration as nginx reads it.",
)
#: They take any number of arguments, none of which is called like a directive.
_GREEDY = frozenset(("server_name", "index", "gzip_types", "charset_types", "ssl_protocols", "allow", "valid_referers"))
_NEVER_NAMES = frozenset(name for name in DIRECTIVES if "_" in name) | {
    "root",
    "alias",
    "listen",
    "include",
    "location",
    "index",
}


def swallowed(root: Directive) -> tuple[Finding, ...]:
    """One for each directive that took another."""
    return tuple(_findings(root))


def _findings(block: Directive) -> Iterator[Finding]:
    for entry in block.block or ():
        taken = next((arg for arg in entry.args[1:] if arg in _NEVER_NAMES), "") if entry.name in _GREEDY else ""
        if taken:
            before = " ".join((entry.name, *entry.args[: entry.args.index(taken)]))
            yield SWALLOWED.found(
                cause=f"`{taken}` is an argument of `{entry.name}`, because no semicolon stands before it",
                evidence=[f"{entry.where}: {entry.text}"],
                fix=[f"{before};   # at {entry.where}"],
            )
        yield from _findings(entry)
