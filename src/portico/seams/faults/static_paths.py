"""Which file a request for a static file means, as nginx reads the configuration and as its author may have meant it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from portico.hops.nginx.file_paths import path_of, root_of
from portico.hops.nginx.listens import PASSES
from portico.hops.nginx.locations import parts
from portico.hops.nginx.uri import normalise, split
from portico.hops.nginx.variables import Scope
from portico.model.directive import Directive
from portico.model.seen import PathSeen, Route, Visit

#: What was meant instead: `slash`, an alias that ends with one; `alias`, one instead of a root; `root`, one instead of an
#: alias; `prefix`, the location of the prefix and not the regular expression's; `elsewhere`, a location of another
#: prefix; `collected`, the folder that Django collects into.
Slip = Literal["slash", "alias", "root", "prefix", "elsewhere", "collected"]
_REGEX = ("~", "~*")


@dataclass(frozen=True)
class Served:
    """A prefix location that hands out files: `setting` is its root or alias (which may stand further out), `chain` http,
    server and the locations down to it."""

    location: Directive
    setting: Directive
    chain: tuple[Directive, ...]

    @property
    def prefix(self) -> str:
        return parts(self.location)[1]

    def file(self, uri: str, nginx_prefix: str) -> str:
        """The file it would take for that URI; empty where a variable decides."""
        return path_of(self.chain, Scope(self.chain[0], {}, uri, "", None), nginx_prefix) or ""

    def folder(self, nginx_prefix: str) -> str:
        """Where the files of its prefix begin, without a slash at the end; empty where a variable decides."""
        return self.file(self.prefix, nginx_prefix).rstrip("/")


@dataclass(frozen=True)
class Reading:
    """One way to read the request: it means `path`. `by` is the location, `setting` the root or alias that is in the way
    or (`prefix`, `elsewhere`) would be right; None for `collected`."""

    slip: Slip
    path: str
    by: Directive | None = None
    setting: Directive | None = None


def uri_of(visit: Visit) -> str:
    """The path as nginx matches it against locations; empty where nginx refuses it."""
    return normalise(split(visit.exchange.path)[0]) or ""


def served(route: Route) -> tuple[Served, ...]:
    """The prefix locations of the request's server that hand out files, nested ones included, in the order of the file."""
    base = route.chain[:2]
    return tuple(_served(base, route.server)) if route.server and len(base) == 2 else ()


def _served(chain: tuple[Directive, ...], block: Directive) -> Iterator[Served]:
    for location in block.all("location"):
        inner = (*chain, location)
        setting = root_of(inner)[0]
        modifier = parts(location)[0]
        answers = location.first(*PASSES, "return", "internal") is None
        if setting and modifier in ("", "^~") and answers:
            yield Served(location, setting, inner)
        if modifier in ("", "^~"):
            yield from _served(inner, location)


def readings(route: Route, uri: str, nginx_prefix: str, static_url: str = "", static_root: str = "") -> tuple[Reading, ...]:
    """Every other way to read a request for `uri`. `static_url` and `static_root` are Django's, empty where unknown."""
    found = [*_of_setting(route, uri, nginx_prefix), *_of_places(route, uri, nginx_prefix, static_url)]
    if static_root and static_url.startswith("/") and uri.startswith(static_url):
        found.append(Reading("collected", f"{static_root.rstrip('/')}/{uri[len(static_url) :]}"))
    taken = route.target if route.action == "file" else ""
    return tuple(one for one in dict.fromkeys(found) if one.path != taken or one.slip == "collected")


def _of_setting(route: Route, uri: str, nginx_prefix: str) -> Iterator[Reading]:
    """The root or alias in force, read otherwise."""
    setting, block = root_of(route.chain)
    if setting is None or block is None or "$" in setting.args[0] or route.action != "file":
        return
    folder = setting.args[0] if setting.args[0].startswith("/") else f"{nginx_prefix.rstrip('/')}/{setting.args[0]}"
    folder = folder.rstrip("/")
    prefix = _prefix_of(route.chain)
    if not prefix or prefix == "/" or not uri.startswith(prefix):
        return
    inside = f"{folder}/{uri[len(prefix) :].lstrip('/')}"
    if setting.name == "root" or parts(block)[0] in _REGEX:
        yield Reading("alias", inside, route.location, setting)
    elif block.name == "location":
        if parts(block)[1].endswith("/") and not setting.args[0].endswith("/"):
            yield Reading("slash", inside, block, setting)
        yield Reading("root", folder + uri, block, setting)


def _prefix_of(chain: Sequence[Directive]) -> str:
    """The prefix of the innermost location that has one; of a regular expression the plain beginning of its own."""
    for block in reversed(chain):
        if block.name == "location":
            modifier, name = parts(block)
            return plain_start(name) if modifier in _REGEX else name
    return ""


def plain_start(regex: str) -> str:
    """The folder that a regular expression is bound to (`/static/` of `^/static/(.*)$`); empty without one."""
    match = re.match(r"\^(/(?:[\w.-]+/)*)", regex.replace("\\.", ".").replace("\\/", "/"))
    return match[1] if match else ""


def _of_places(route: Route, uri: str, nginx_prefix: str, static_url: str) -> Iterator[Reading]:
    """Other locations of the server that hand out files."""
    by_regex = route.location is not None and parts(route.location)[0] in _REGEX
    places = [one for one in served(route) if one.location is not route.location and one.prefix != "/"]
    matching = [one for one in places if uri.startswith(one.prefix)]
    if by_regex and matching:
        best = max(matching, key=lambda one: len(one.prefix))
        yield from _reading("prefix", best, best.file(uri, nginx_prefix))
    for place in places if route.action != "file" else ():
        name = _name_in(place, uri, static_url)
        if name and place not in matching:
            yield from _reading("elsewhere", place, place.file(f"{place.prefix.rstrip('/')}/{name}", nginx_prefix))
            if place.setting.name == "root" and place.folder(nginx_prefix):
                yield from _reading("elsewhere", place, f"{place.folder(nginx_prefix)}/{name}")


def _name_in(place: Served, uri: str, static_url: str) -> str:
    """What of the path would be the file's name there: what follows STATIC_URL, the location's own prefix (below a path that
    the whole site is mounted at), or the first folder."""
    if static_url and uri.startswith(static_url):
        return uri[len(static_url) :]
    prefix = f"{place.prefix.rstrip('/')}/"
    return uri.partition(prefix)[2] if prefix in uri else uri.lstrip("/").partition("/")[2]


def _reading(slip: Slip, place: Served, path: str) -> Iterator[Reading]:
    if path:
        yield Reading(slip, path, place.location, place.setting)


def near(visit: Visit, reading: Reading) -> PathSeen | None:
    """What is there, if it was looked at."""
    return next((seen for seen in visit.near if seen.path == reading.path), None)


def there(visit: Visit, reading: Reading) -> bool:
    """Whether a file is there."""
    seen = near(visit, reading)
    return seen is not None and seen.kind == "file"


def leaks(location: Directive) -> Directive | None:
    """The alias by which visitors climb out of the folder of this location (`/static../settings.py`); None where they
    cannot (https://nginx.org/en/docs/http/ngx_http_core_module.html#alias)."""
    alias = location.first("alias")
    modifier, name = parts(location)
    if alias is None or not alias.args:
        return None
    if modifier in ("", "^~"):
        return alias if not name.endswith("/") and alias.args[0].endswith("/") else None
    behind = re.search(r"/\$(?:1|\{1\})$", alias.args[0])
    loose = re.match(r"\^/[\w./-]*[\w.-]\((?:\?:)?\.[*+]\??\)\$?$", name)
    return alias if modifier in _REGEX and behind and loose else None
