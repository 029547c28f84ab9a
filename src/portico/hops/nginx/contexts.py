"""What part of a configuration a file is, and the whole that it would be a part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from crossplane.analyzer import (
    DIRECTIVES,
    NGX_CONF_BLOCK,
    NGX_HTTP_LOC_CONF,
    NGX_HTTP_MAIN_CONF,
    NGX_HTTP_SRV_CONF,
    NGX_MAIN_CONF,
)

from portico.model.directive import Directive

Level = Literal["main", "http", "server", "location"]
#: From the outside in.
_LEVELS: tuple[Level, ...] = ("main", "http", "server", "location")
_INSIDE_HTTP = _LEVELS[1:]
_MASKS: dict[Level, int] = {
    "main": NGX_MAIN_CONF,
    "http": NGX_HTTP_MAIN_CONF,
    "server": NGX_HTTP_SRV_CONF,
    "location": NGX_HTTP_LOC_CONF,
}


def kind_of(root: Directive) -> Literal["main", "http", "server", "location", "empty"]:
    """The context that the directives of a file are for, by where nginx allows them. `main` is a configuration of its own,
    or a part of one that has directives for nowhere else; what may stand in several contexts is for the outermost.

    A file of `location` blocks is for a server, one of `uwsgi_pass` for a location. Directives that are not known say
    nothing. `root` is the file's content, as `tree` gives it.
    """
    entries = root.block or ()
    if not entries:
        return "empty"
    allowed = [levels for entry in entries if (levels := _allowed(entry))]
    if any(levels == {"main"} for levels in allowed) or root.first("http"):
        return "main"
    return _inside(entries)


def as_main(root: Directive) -> Directive:
    """A whole configuration: what is for the http block, a server or a location is put into blocks of that kind, which have
    line 0 of the file; a location is that of `/`. Unchanged when there is an http block, or nothing to be put into one.

    What no context takes where the rest of the file belongs stays with the rest. A file with directives for a server and for
    the http block (an upstream beside locations) is parted.
    """
    entries = root.block or ()
    if root.first("http"):
        return root
    whole = kind_of(root) == "main"
    outside = tuple(entry for entry in entries if _stays(entry, whole))
    rest = tuple(entry for entry in entries if not _stays(entry, whole))
    if not rest:
        return root
    return replace(root, block=(*outside, _wrapped(rest, root.file)))


def _allowed(entry: Directive) -> frozenset[Level]:
    """The contexts where nginx takes a directive of that name, block or not as this one is; none for what is not known."""
    masks = DIRECTIVES.get(entry.name, ())
    alike = [mask for mask in masks if bool(mask & NGX_CONF_BLOCK) == (entry.block is not None)]
    return frozenset(level for level in _LEVELS if any(mask & _MASKS[level] for mask in alike or masks))


def _stays(entry: Directive, whole: bool) -> bool:
    levels = _allowed(entry)
    return "main" in levels and (whole or levels == {"main"})


def _inside(entries: Sequence[Directive]) -> Literal["http", "server", "location"]:
    """How deep in the http block these have to stand: as deep as the one that has to stand deepest."""
    allowed = [levels for entry in entries if (levels := _allowed(entry))]
    if any(entry.name == "server" and entry.block is not None for entry in entries):
        return "http"
    if any(levels == {"server"} for levels in allowed):
        return "server"
    needed = [next((place for place in range(3) if _INSIDE_HTTP[place] in levels), 0) for levels in allowed]
    deepest: tuple[Literal["http", "server", "location"], ...] = ("http", "server", "location")
    return deepest[max(needed, default=0)]


def _wrapped(entries: Sequence[Directive], file: str) -> Directive:
    """The http block with the entries where they belong: each as deep as it may be, and not deeper than the rest."""
    deepest = _INSIDE_HTTP.index(_inside(entries))
    placed: tuple[list[Directive], ...] = ([], [], [])
    for entry in entries:
        levels = _allowed(entry)
        fitting = (place for place in range(deepest, -1, -1) if _INSIDE_HTTP[place] in levels)
        placed[next(fitting, deepest)].append(entry)
    http, server, location = placed
    if deepest == 2:
        server.append(Directive("location", ("/",), file, 0, tuple(location)))
    if deepest >= 1:
        http.append(Directive("server", (), file, 0, tuple(server)))
    return Directive("http", (), file, 0, tuple(http))
