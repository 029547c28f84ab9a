"""Files of which no line says how long browsers may keep them: nginx sends nothing then, Portico a time of its own."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt import public
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.adopt.static import ages, folder, how_long
from portico.model.adoption import Carried
from portico.model.directive import Directive


def silent(site: Site) -> Iterator[Carried]:
    """One entry for all of them, at the first."""
    blocks = () if site.is_rendered or _said_around(site) else tuple(_silent(site))
    if blocks:
        names = ", ".join(dict.fromkeys(url for _, url in blocks))
        why = f"nginx says nothing of how long browsers may keep the files of {names}; Portico {how_long(site)}"
        where = blocks[0][0].where if blocks[0][0].line else site.where
        yield Carried(where, "no expires", "differs", why=why)


def _silent(site: Site) -> Iterator[tuple[Directive, str]]:
    for entry in site.server.all("location"):
        found = folder(entry, site) if entry is not site.application else None
        if found and not _says(entry):
            yield entry, found.url
    if public.setting(site) and not (site.front and _says(site.front)):
        yield site.front or site.server, "nginx.public"


def _says(location: Directive) -> bool:
    headers = (entry for entry in location.all("add_header") if entry.args)
    cache = any(entry.args[0].lower() == "cache-control" for entry in headers)
    return cache or bool(location.first("expires")) or any(True for _ in ages(location))


def _said_around(site: Site) -> bool:
    return any(site.first(block, "expires") for block in (site.server, site.http))
