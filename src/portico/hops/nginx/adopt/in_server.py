"""The site's server block and all within."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portico.hops.nginx.adopt import fates, public
from portico.hops.nginx.adopt.addresses import listen, names, unlisted
from portico.hops.nginx.adopt.application import application
from portico.hops.nginx.adopt.levels import raw
from portico.hops.nginx.adopt.shared import shared
from portico.hops.nginx.adopt.silent import silent
from portico.hops.nginx.adopt.site import Site, is_everything
from portico.hops.nginx.adopt.static import files, folder
from portico.hops.nginx.adopt.unsaid import unsaid
from portico.hops.nginx.adopt.untaken import rest, untaken
from portico.hops.nginx.locations import parts
from portico.model.adoption import Carried
from portico.model.directive import Directive


def in_server(site: Site, last: list[Carried]) -> Iterator[Carried]:
    """The block and all within; what has to come behind all other raw lines goes to `last`."""
    yield fates.same(site.server)
    yield from unlisted(site)
    yield from untaken(site)
    yield from unsaid(site)
    yield from silent(site)
    for entry in site.server.block or ():
        yield from _location(entry, site, last) if entry.name == "location" else _line(entry, site)
    last.extend(rest(site))


def _line(entry: Directive, site: Site) -> Iterator[Carried]:
    if entry.name == "listen" and entry.args:
        yield from listen(entry, site)
    elif entry.name == "server_name":
        yield from names(entry, site)
    elif entry.name == "root" and entry.args:
        yield from public.root(entry, site)
    elif entry.name == "try_files" and site.front is site.server:
        yield from public.tries(entry, site)
    else:
        yield from shared(entry, "server", site)


def _location(entry: Directive, site: Site, last: list[Carried]) -> Iterator[Carried]:
    found = folder(entry, site) if entry is not site.application else None
    if entry is site.application:
        yield from application(entry, site)
        if parts(entry)[0] == "@" and _is_named_elsewhere(entry, site):
            yield from raw(entry, "server", site, "other locations hand requests to it")
    elif entry is site.front:
        yield from public.front(site)
    elif found and site.once("folders", _folders).get(found.url) is not entry:
        why = f"another location stands for {found.url} already, which portico.toml takes once"
        yield from fates.whole(fates.differs(entry, why), entry)
    elif found:
        yield from files(entry, found, site)
    elif site.stands.has("server", entry):
        yield from fates.whole(fates.same(entry), entry)
    elif is_everything(entry) and parts(entry)[0] in ("", "^~"):
        _everything(entry, site, last)
    else:
        yield from _raw(entry, site)


def _folders(site: Site) -> dict[str, Directive]:
    """The first location of each prefix."""
    locations = ((one, folder(one, site)) for one in site.server.all("location") if one is not site.application)
    found: dict[str, Directive] = {}
    for location, answers in locations:
        if answers:
            found.setdefault(answers.url, location)
    return found


def _raw(entry: Directive, site: Site) -> Iterator[Carried]:
    if site.stands.has("server", entry) or _is_taken(entry, site):
        why = f"Portico has a location {' '.join(entry.args)} itself, and nginx takes only one"
        yield from fates.whole(fates.differs(entry, why), entry)
        return
    copy = entry
    why = ""
    if parts(entry)[0] == "" and site.once("other root", _has_other_root):
        copy = replace(entry, args=("^~", parts(entry)[1]))
        why = "^~, so that the regular expression that stands for `location /` does not take it over"
    elif entry.first("add_header"):
        why = "with an add_header of its own it has none of the server's, X-Request-ID among them"
    yield from raw(copy, "server", site, why)


def _is_taken(entry: Directive, site: Site) -> bool:
    return any(parts(entry) == parts(one) for one in site.stands.at("server", "location"))


def _is_other_root(entry: Directive, site: Site) -> bool:
    mine = entry is site.application or entry is site.front
    return is_everything(entry) and parts(entry)[0] in ("", "^~") and not mine


def _has_other_root(site: Site) -> bool:
    return any(_is_other_root(entry, site) for entry in site.server.all("location"))


def _everything(entry: Directive, site: Site, last: list[Carried]) -> None:
    """A `location /` that is not the application's. Portico has one itself; a regular expression, behind all others, takes
    the same requests before it."""
    block = tuple(_as_regex(one) for one in entry.block or ())
    pass_ = next((one for one in block if one.name.endswith("_pass") and _has_uri(one)), None)
    if pass_ or entry.first("location"):
        why = "Portico's own `location /` passes to the application, and a regular expression cannot stand for this one"
        last.extend(fates.whole(fates.differs(entry, why), entry))
        return
    copy = replace(entry, args=("~", "^/"), block=block)
    why = "a regular expression in the place of `location /`, of which Portico has one that passes to the application"
    last.extend(raw(copy, "server", site, why))


def _as_regex(entry: Directive) -> Directive:
    """A line as it reads in a location with a regular expression."""
    if entry.name == "alias":
        return replace(entry, name="root", args=(entry.args[0].rstrip("/") or "/",))
    if entry.name == "proxy_pass" and entry.args[0].count("/") == 3:
        return replace(entry, args=(entry.args[0].removesuffix("/"),))
    return entry


def _has_uri(entry: Directive) -> bool:
    return "/" in entry.args[0].partition("://")[2] and "unix:" not in entry.args[0]


def _is_named_elsewhere(entry: Directive, site: Site) -> bool:
    name = entry.args[-1]
    others = (one for one in site.server.block or () if one is not entry and one is not site.front)
    return any(name in one.args or any(name in two.args for two in _every(one)) for one in others)


def _every(block: Directive) -> Iterator[Directive]:
    for entry in block.block or ():
        yield entry
        yield from _every(entry)
