"""Locations that answer from a folder: those that `static` and `media` of portico.toml can say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from portico.hops.nginx.adopt import fates, values
from portico.hops.nginx.adopt.levels import raw
from portico.hops.nginx.adopt.site import Site, is_constant
from portico.hops.nginx.escape import DOLLAR, location_prefix
from portico.hops.nginx.locations import parts
from portico.model.adoption import Carried
from portico.model.directive import Directive

#: What Portico does itself for files, or what nobody misses.
_HARMLESS = {
    "access_log": "Portico logs every request",
    "gzip_static": "Portico sends name.gz where nginx.gzip is on",
    "brotli_static": "Portico sends name.br where nginx.gzip is on",
    "log_not_found": "a file that is not there is a line in the error log",
    "etag": "nginx sends it",
    "gzip": "nginx.gzip is for all",
    "gzip_vary": "Portico sends Vary: Accept-Encoding where nginx.gzip is on",
    "sendfile": "Portico's nginx has it on",
    "tcp_nopush": "Portico's nginx has it on",
    "open_file_cache": "Portico's nginx has one",
    "open_file_cache_valid": "Portico's nginx has one",
    "open_file_cache_errors": "Portico's nginx has one",
    "open_file_cache_min_uses": "Portico's nginx has one",
    "disable_symlinks": "Portico's nginx follows links",
    "index": "a folder is not answered with a file of it",
    "charset": "nginx.charset is for all",
    "expires": "",
}
_CACHE = ("cache-control", "pragma", "expires", "vary")
_MEDIA = re.compile(r"media|upload", re.IGNORECASE)
_STATIC = re.compile(r"static|asset", re.IGNORECASE)


@dataclass(frozen=True)
class Folder:
    """`url` begins and ends with a slash, `path` lies on this machine. `setting` is the `root` or `alias`."""

    url: str
    path: str
    kind: str
    setting: Directive


def folder(location: Directive, site: Site) -> Folder | None:
    """What a location answers from, if a key can say it."""
    modifier, prefix = parts(location)
    setting = _setting(location, site)
    if modifier not in ("", "^~") or setting is None or not all(_fits(entry, prefix) for entry in location.block or ()):
        return None
    path = _path(setting, prefix)
    if path is None or "." in prefix.rstrip("/").rpartition("/")[2] or not _can_say(prefix):
        return None
    url = prefix.rstrip("/") + "/"
    return Folder(re.sub(r"[%?#]", _percent, url), site.paths.here(path), _kind(url, path, location), setting)


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _setting(location: Directive, site: Site) -> Directive | None:
    found = location.first("root", "alias") or site.first(site.server, "root") or site.first(site.http, "root")
    return found if found and found.args else None


def _path(setting: Directive, prefix: str) -> str | None:
    text = setting.args[0]
    if not text.startswith("/") or not is_constant(text):
        return None
    text = text.replace(DOLLAR, "$")
    return (text if setting.name == "alias" else text.rstrip("/") + prefix).rstrip("/") or None


def _can_say(prefix: str) -> bool:
    try:
        location_prefix(re.sub(r"[%?#]", _percent, prefix.rstrip("/") + "/"))
    except ValueError:
        return False
    return True


def _kind(url: str, path: str, location: Directive) -> str:
    own = [entry.args[0] for entry in location.all("set") if entry.args]
    if "$portico_cache_control" in own:
        return "media" if "$portico_nosniff" in own else "static"
    if _MEDIA.search(url):
        return "media"
    is_media = not _STATIC.search(url) and _MEDIA.search(path.rpartition("/")[2])
    return "media" if is_media else "static"


def _fits(entry: Directive, prefix: str) -> bool:
    """Whether a line in such a location is one that Portico can do without, or does itself."""
    name, args = entry.name, entry.args
    if name in ("root", "alias") or is_own(entry):
        return True
    if name == "location":
        return _is_within(entry) or (parts(entry)[0] in ("", "^~") and parts(entry)[1].startswith(prefix))
    if name == "add_header":
        return bool(args) and args[0].lower() in _CACHE
    if name in ("access_log", "expires"):
        return bool(args) and (name == "expires" or args[0] == "off") and "$" not in "".join(args)
    if name == "autoindex":
        return args == ("off",)
    if name == "try_files":
        return args in (("$uri", "=404"), ("$uri", "$uri/", "=404"))
    return name in _HARMLESS or (name == "allow" and args == ("all",))


def is_own(entry: Directive) -> bool:
    """A line of Portico's own locations that only names its variables."""
    return entry.name in ("set", "add_header") and any(arg.startswith("$portico_") for arg in entry.args)


def _is_within(location: Directive) -> bool:
    """One of those that Portico has within such a location: of hidden files, and of files that have smaller copies."""
    return _is_hidden(location) or "(?<portico_file>" in parts(location)[1]


def _is_copies(entry: Directive) -> bool:
    """The location of the smaller copies themselves, which lie in a hidden folder."""
    return entry.name == "location" and "(?<portico_sent>" in parts(entry)[1]


def _is_hidden(location: Directive) -> bool:
    """A location that refuses hidden files, as Portico's do."""
    modifier, name = parts(location)
    refuses = [entry.text for entry in location.block or () if not _is_copies(entry)]
    return modifier in ("~", "~*") and name.endswith(r"\.") and refuses in (["return 404"], ["deny all"], ["return 403"])


def ages(location: Directive) -> Iterator[int | None]:
    """How long browsers may keep its files, seconds; None for what is no such time."""
    for entry in location.block or ():
        if entry.name == "expires" and entry.args and entry.args[0] != "off":
            yield values.expiry(entry.args[-1])
        elif entry.args[:1] == ("$portico_cache_control",) and entry.args[1:2] != ("$portico_hashed_cache",):
            yield values.max_age(entry.args[-1])
        elif entry.name == "add_header" and len(entry.args) > 1 and "max-age" in entry.args[1]:
            yield values.max_age(entry.args[1])


def agreed_age(site: Site) -> int | None:
    """The time that all of them have, as far as they have one; the shortest where they have several."""
    return site.once("age", _agreed_age)


def _agreed_age(site: Site) -> int | None:
    blocks = [entry for entry in site.server.all("location") if folder(entry, site)]
    found = {age for block in (*blocks, *((site.front,) if site.front else ())) for age in ages(block)}
    return min((age for age in found if age is not None), default=None)


def how_long(site: Site) -> str:
    """What Portico says to browsers of files without a hash in their names."""
    age = agreed_age(site)
    age = _standing_age(site) if age is None else age
    number = "a time of its own" if age is None else f"max-age={age}"
    return f"sends {number} for all that have no hash in their names (nginx.static_max_age)"


def _standing_age(site: Site) -> int | None:
    maps = (entry.first("default") for entry in site.stands.at("http", "map"))
    sets = (one for entry in site.stands.at("server", "location") for one in entry.all("set"))
    found = (values.max_age(one.args[-1]) for one in (*maps, *sets) if one and one.args)
    return next((age for age in found if age is not None), None)


def other_age(entry: Directive, site: Site) -> Carried:
    """The entry of a line that says another time, or something else about caches."""
    several = agreed_age(site) is not None and next(ages(replace(entry, block=(entry,))), None) is not None
    shortest = ", the shortest that these files have" if several else ""
    return fates.differs(entry, f"Portico {how_long(site)}{shortest}")


def files(location: Directive, found: Folder, site: Site) -> Iterator[Carried]:
    """The location and all within."""
    value = {found.url: found.path}
    yield fates.key(location, found.kind, value, _about(location, found))
    for entry in location.block or ():
        if entry is found.setting:
            yield fates.key(entry, found.kind, value)
        elif entry.name == "location":
            yield from _inner(entry, found, site)
        else:
            yield from in_files(entry, site)


def _about(location: Directive, found: Folder) -> str:
    prefix, text = parts(location)[1], found.setting.args[0]
    if found.setting.name == "alias" and prefix.endswith("/") != text.endswith("/"):
        return "Portico's prefix and folder both end with a slash, so that nothing beside the folder is reached"
    if not prefix.endswith("/"):
        return f"Portico's prefix ends with a slash: {prefix}x is the application's"
    return ""


def in_files(entry: Directive, site: Site) -> Iterator[Carried]:
    """A line of a location for files."""
    age = next(ages(replace(entry, block=(entry,))), None)
    if age is not None and age == agreed_age(site):
        yield fates.key(entry, "nginx.static_max_age", age)
    elif entry.name == "expires" or (entry.name == "add_header" and not is_own(entry)):
        yield other_age(entry, site)
    elif entry.name == "access_log":
        yield fates.differs(entry, _HARMLESS["access_log"])
    else:
        yield fates.same(entry, _HARMLESS.get(entry.name, ""))


def _inner(entry: Directive, found: Folder, site: Site) -> Iterator[Carried]:
    """A location within: Portico has its own of hidden files; another prefix stands beside the folder's."""
    if _is_within(entry):
        yield from fates.whole(fates.same(entry), entry)
        return
    prefix = parts(entry)[1]
    inside = entry.block or ()
    if not entry.first("root", "alias"):
        path = found.path + prefix[len(found.url.rstrip("/")) :]
        given = replace(found.setting, args=(path,)) if found.setting.name == "alias" else found.setting
        inside = (given, *inside)
    copy = replace(entry, args=("^~", prefix), block=inside)
    yield from raw(copy, "server", site, "beside the location it stands in: Portico's takes no regular expressions either")
