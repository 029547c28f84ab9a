"""Content types by extension, as they stand in mime.types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.site import Site
from portico.model.adoption import Carried
from portico.model.directive import Directive

_MOST_TOLD = 5


def types(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    """What Portico's own list lacks is a list of raw lines; what it says otherwise is told."""
    own = _by_extension(site.stands.at("http", "types"))
    given = _by_extension((directive,))
    if not own:
        yield fates.same(directive)
        return
    other = {name: kind for name, kind in given.items() if own.get(name, kind) != kind}
    more = tuple(
        replace(entry, args=missing)
        for entry in directive.block or ()
        if (missing := tuple(name for name in entry.args if name not in own))
    )
    if other:
        told = ", ".join(f"*.{name} is {own[name]} instead of {kind}" for name, kind in list(other.items())[:_MOST_TOLD])
        yield fates.differs(directive, f"Portico writes its own mime.types: {told}")
    if more:
        yield from fates.raw(directive, level, replace(directive, block=more), "the types that Portico's own list lacks")
    if not other and not more:
        yield fates.same(directive)


def _by_extension(blocks: tuple[Directive, ...]) -> dict[str, str]:
    return {name: entry.name for block in blocks for entry in block.block or () for name in entry.args}
