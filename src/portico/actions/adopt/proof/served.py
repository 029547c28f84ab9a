"""Files that a server of nginx hands out, found on disk: what to ask both sides for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from portico.hops.nginx.listens import PASSES, http_block
from portico.hops.nginx.locations import parts
from portico.hops.nginx.patterns import pattern
from portico.model.adoption import PathMap
from portico.model.directive import Directive
from portico.model.site import ENCODED

#: So many entries of a folder tree are looked at, and so large may a file be that is asked for.
_MOST_ENTRIES = 2_000
_MOST_BYTES = 2 << 20
#: What is worth asking for first: it has a type of its own, and text can be compressed.
_LIKED = (".css", ".js", ".svg", ".txt", ".html", ".json", ".png", ".jpg", ".ico")


@dataclass(frozen=True)
class Served:
    """A URL prefix that nginx answers from a folder. `file` is the path of a URL below it that has a file, empty when there
    is none to be seen; `hidden` one whose name begins with a dot; `beside` the name of a file beside the folder."""

    prefix: str
    folder: str
    file: str = ""
    hidden: str = ""
    beside: str = ""


def served(root: Directive, server: Directive, paths: PathMap) -> tuple[Served, ...]:
    """The prefixes of that server that are folders on this machine, in the order of the configuration."""
    http = http_block(root)
    outside = [block for block in (server, http) if block is not None]
    return tuple(dict.fromkeys(_below(server, outside, paths)))


def _below(block: Directive, around: list[Directive], paths: PathMap) -> Iterator[Served]:
    for location in block.all("location"):
        yield from _location(location, around, paths)
        yield from _below(location, [location, *around], paths)


def _location(location: Directive, around: list[Directive], paths: PathMap) -> Iterator[Served]:
    modifier, name = parts(location)
    tries = location.first("try_files")
    if location.first(*PASSES, "return", "internal") and not tries:
        return
    setting = next((found for one in [location, *around] if (found := one.first("alias", "root"))), None)
    if setting is None or not setting.args or not _is_plain(setting.args[0]) or modifier == "@":
        return
    folder = Path(paths.here(setting.args[0]))
    if modifier in ("~", "~*"):
        if setting.name == "root":
            yield from _matching(name, modifier == "~*", folder)
    elif name.startswith("/"):
        below = folder if setting.name == "alias" else folder / name.strip("/")
        if modifier == "=":
            if _is_fit(below):
                yield Served("", str(below.parent), quote(name))
        else:
            yield _seen(name, below)


def _is_plain(path: str) -> bool:
    """Whether the files alone tell what folder that is: relative ones start at nginx's prefix."""
    return path.startswith("/") and "$" not in path


def _seen(name: str, folder: Path) -> Served:
    prefix = name.rstrip("/") + "/"
    found = sorted(_files(folder), key=_liking)
    plain = next((path for path in found if not _is_hidden(path, folder)), None)
    hidden = next((path for path in found if _is_hidden(path, folder)), None)
    beside = next((path.name for path in sorted(_entries(folder.parent)) if path.is_file()), "")
    return Served(prefix, str(folder), _url(prefix, plain, folder), _url(prefix, hidden, folder), beside)


def _matching(expression: str, caseless: bool, folder: Path) -> Iterator[Served]:
    compiled = pattern(expression, caseless=caseless)
    for path in sorted(_files(folder), key=_liking):
        url = _url("/", path, folder)
        if compiled and not _is_hidden(path, folder) and compiled.search("/" + str(path.relative_to(folder))):
            yield Served("", str(folder), url)
            return


def _url(prefix: str, path: Path | None, folder: Path) -> str:
    return quote(prefix + str(path.relative_to(folder)), safe="/~!$&'()*+,;=:@") if path else ""


def _liking(path: Path) -> tuple[int, int, str]:
    place = _LIKED.index(path.suffix) if path.suffix in _LIKED else len(_LIKED)
    return place, len(str(path)), str(path)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _files(folder: Path) -> list[Path]:
    """Ordinary files below it that this account may read, as far as one looks."""
    found: list[Path] = []
    seen = 0
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ENCODED)
        for name in sorted(names):
            seen += 1
            path = Path(base, name)
            if _is_fit(path):
                found.append(path)
        if seen > _MOST_ENTRIES:
            break
    return found


def _is_fit(path: Path) -> bool:
    try:
        return path.is_file() and 0 < path.stat().st_size <= _MOST_BYTES and os.access(path, os.R_OK)
    except OSError:
        return False


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
