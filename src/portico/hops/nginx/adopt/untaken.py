"""Paths that no location of the site takes: nginx answers them from its root, or not at all; Portico's own `location /`
would hand them to the application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.site import Site, is_everything
from portico.hops.nginx.adopt.static import folder
from portico.hops.nginx.escape import DOLLAR
from portico.hops.nginx.locations import parts
from portico.hops.nginx.written import written
from portico.model.adoption import Carried
from portico.model.directive import Directive

_TEXT = "no location /"
_ROOT = "no location takes the other paths: nginx answers them from its root, and Portico's `location /` must not"
_NOTHING = (
    "no location takes the other paths and there is no root: nginx looks in the html folder it was built with, where "
    "nothing of this site is; Portico's `location /` would hand them to the application"
)
_HEALTH = "the application has a part of the paths only, and / is none of them"
_NO_HEALTH = (
    "the application has a part of the paths only: name one of them with health_path, so that up asks the application"
)
#: What begins a regular expression as every path does that it matches.
_PLAIN_START = re.compile(r"\^(/[\w./-]*\w)(?=[/$(]|$)")


def _line(name: str, *args: str, block: tuple[Directive, ...] | None = None) -> Directive:
    return Directive(name, args, "", 0, block)


#: What nginx answers for a folder that is not there: other methods are refused before anything is looked for.
_AS_WITHOUT_FILES = (
    _line("if", "$request_method", "!~", "^(GET|HEAD|POST)$", block=(_line("return", "405"),)),
    _line("return", "404"),
)


def untaken(site: Site) -> Iterator[Carried]:
    """The path to ask the application for, where not every one is its."""
    if not site.target or site.is_rendered or not has_part_only(site):
        return
    path = _asked(site)
    if path:
        yield Carried(site.where, _TEXT, "key", "health_path", path, _HEALTH)
    else:
        yield Carried(site.where, _TEXT, "differs", why=_NO_HEALTH)


def rest(site: Site) -> Iterator[Carried]:
    """The location for all other paths, to stand behind all others; it takes none that a prefix of the site's takes, so that
    these and regular expressions come in their order."""
    if not site.target or site.is_rendered or not has_part_only(site) or _has_everything(site):
        return
    locations = site.server.all("location")
    # Portico's own locations of files have ^~, so that no regular expression is asked about their paths.
    copied = [one for one in locations if parts(one)[0] in ("", "^~") and not folder(one, site)]
    prefixes = [name for one in copied if (name := _literal(one)).startswith("/")]
    pattern = "^/" + (f"(?!{'|'.join(re.escape(name[1:]) for name in prefixes)})" if prefixes else "")
    root = site.first(site.server, "root") or site.first(site.http, "root")
    inside = site.all(site.server, "try_files") or (() if root else _AS_WITHOUT_FILES)
    location = Directive("location", ("~", pattern), site.server.file, site.server.line, tuple(inside))
    yield Carried(site.where, _TEXT, "raw", fates.EXTRA["server"], written(location), _ROOT if root else _NOTHING)


def has_part_only(site: Site) -> bool:
    """Whether some paths are no business of the application's."""
    if site.application is None:
        return True
    return site.front is None and parts(site.application)[0] == "@"


def _has_everything(site: Site) -> bool:
    return any(is_everything(entry) for entry in site.server.all("location"))


def _asked(site: Site) -> str:
    passing = [entry for entry in site.server.all("location") if _reaches(entry, site)]
    return next((path for entry in passing if (path := _path(entry))), "")


def _reaches(location: Directive, site: Site) -> bool:
    """Whether it hands requests to the application, at once or where there is no file."""
    name = site.application.args[-1] if site.application else ""
    lines = tuple(location.block or ())
    named = any(entry.name == "try_files" and entry.args[-1:] == (name,) for entry in lines)
    refuses = any(entry.name in ("internal", "deny", "auth_basic", "return", "limit_except") for entry in lines)
    return not refuses and (named or any(map(site.passes_here, lines)))


def _path(location: Directive) -> str:
    modifier, name = parts(location)
    if modifier in ("", "^~", "=") and name.startswith("/"):
        return quote(_literal(location), safe="/~.-_")
    start = _PLAIN_START.match(name) if modifier in ("~", "~*") else None
    return start[1] if start else ""


def _literal(location: Directive) -> str:
    return parts(location)[1].replace(DOLLAR, "$")
