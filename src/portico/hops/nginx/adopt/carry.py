"""What becomes of each directive of a hand-written configuration of nginx: a site's server, and all around it."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.around import in_http, in_main
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.adopt.stands import Stands
from portico.hops.nginx.adopt.wellformed import WellFormed
from portico.hops.nginx.listens import http_block
from portico.model.adoption import Carried, PathMap
from portico.model.directive import Directive


def carry(
    root: Directive, server: Directive, upstream: Directive | None, rendered: Directive | None, paths: PathMap
) -> tuple[Carried, ...]:
    """The ledger of `root`, a main context: at least one entry for each directive in it, in the order of the file.

    `server` is the server block of the site, `upstream` the block its pass goes to, None where it goes straight to an
    address. `rendered` is what Portico itself would write with the keys of a first pass: with it lines are the `same`, or
    left to Portico; in the first pass (None) only the entries of fate `key` mean something. Values that are paths are those
    of this machine; blocks that are copied have their lines in the entry of the block.
    """
    good = WellFormed(root)
    http = http_block(good.root)
    if http is None:
        return (*_nothing(good.root), *good.told())
    pool = good.of(upstream) if upstream else None
    site = Site(good.root, http, good.of(server), pool, Stands(rendered), paths)
    return (*_lines(site), *good.told())


def _lines(site: Site) -> Iterator[Carried]:
    last: list[Carried] = []
    for directive in site.root.block or ():
        if directive is not site.http:
            yield from _real(in_main(directive, site) if site.http is not site.root else in_http(directive, site, last))
            continue
        if directive.line:
            yield fates.same(directive)
        for entry in directive.block or ():
            yield from _real(in_http(entry, site, last))
    yield from last


def _real(entries: Iterator[Carried]) -> Iterator[Carried]:
    """Without what stands for a block that was put around a part of a configuration."""
    return (entry for entry in entries if not entry.where.endswith(":0") or entry.fate != "same")


def _nothing(root: Directive) -> Iterator[Carried]:
    for directive in root.block or ():
        yield from fates.whole(fates.left(directive, "there is no server of HTTP in this configuration"), directive)
