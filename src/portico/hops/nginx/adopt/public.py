"""Files at the root of the site before the application is asked: `try_files $uri @application`."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.levels import raw
from portico.hops.nginx.adopt.site import Site, is_constant
from portico.hops.nginx.adopt.static import ages, agreed_age, is_own, other_age
from portico.hops.nginx.escape import DOLLAR
from portico.model.adoption import Carried
from portico.model.directive import Directive

_FILE = ("$uri", "$portico_public")
_ANSWERS = ("root", "alias", "return", "uwsgi_pass", "proxy_pass", "fastcgi_pass", "scgi_pass", "grpc_pass")
_ALIKE = ("gzip_static", "brotli_static", "access_log", "log_not_found", "etag", "index", "autoindex")


def setting(site: Site) -> Directive | None:
    """The `root` that the files lie in; None where nothing is tried before the application, or not from a fixed folder."""
    tries = _tries(site)
    first = site.front if tries and set(_FILE) & set(tries.args) else _condition(site)
    if first is None:
        return None
    found = next((one for block in (first, site.server, site.http) if (one := site.first(block, "root"))), None)
    return found if found and found.args and found.args[0].startswith("/") and is_constant(found.args[0]) else None


def _condition(site: Site) -> Directive | None:
    """The application's location, where it passes on only what is no file."""
    location = site.application
    return location if location and any(is_absent(entry) for entry in location.all("if")) else None


def is_absent(entry: Directive) -> bool:
    """The condition that there is no file of that name."""
    return entry.args in (("!-f", "$request_filename"), ("!-e", "$request_filename"))


def _tries(site: Site) -> Directive | None:
    return next(site.front.all("try_files"), None) if site.front else None


def front(site: Site) -> Iterator[Carried]:
    """The location in front of the application's, and all within."""
    location = site.front
    if location is None:
        return
    yield fates.same(location)
    for entry in location.block or ():
        yield from in_front(entry, site)


def in_front(entry: Directive, site: Site) -> Iterator[Carried]:
    """A line of that location."""
    age = next(ages(Directive("location", (), entry.file, entry.line, (entry,))), None)
    if entry is setting(site):
        yield named(entry, site)
    elif entry.name == "try_files":
        yield from tries(entry, site)
    elif age is not None and age == agreed_age(site):
        yield fates.key(entry, "nginx.static_max_age", age)
    elif age is not None or entry.name == "expires":
        yield other_age(entry, site)
    elif is_own(entry) or entry.name in _ALIKE or site.stands_in_front(entry):
        yield from fates.whole(fates.same(entry), entry)
    else:
        why = "there are no raw lines for the location that looks for files (nginx.public)"
        yield from fates.whole(fates.differs(entry, why), entry)


def tries(entry: Directive, site: Site) -> Iterator[Carried]:
    """The `try_files` that ends at the application."""
    if setting(site) is None:
        yield fates.differs(entry, "Portico asks the application at once: there is no folder that nginx.public could name")
        return
    more = [name for name in entry.args[:-1] if name not in _FILE]
    if more:
        yield fates.differs(
            entry, f"nginx.public looks for the file itself, not for {', '.join(more)}: the application is asked"
        )
    else:
        yield fates.same(entry, "nginx.public does that, but for hidden files")


def root(entry: Directive, site: Site) -> Iterator[Carried]:
    """A `root` of the server, which may be that of the files in front."""
    if entry is setting(site):
        yield named(entry, site)
        if _is_needed(site):
            yield from raw(entry, "server", site, "for the other locations")
    else:
        yield from raw(entry, "server", site)


def named(entry: Directive, site: Site) -> Carried:
    """The entry of the `root` that the key names."""
    return fates.key(entry, "nginx.public", site.paths.here(entry.args[0].replace(DOLLAR, "$").rstrip("/") or "/"))


def _is_needed(site: Site) -> bool:
    """Whether another location takes its files from there."""
    others = (one for one in site.server.all("location") if one is not site.front and one is not site.application)
    return any(not one.first(*_ANSWERS) for one in others)
