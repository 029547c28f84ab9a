"""nginx looks for a file in another place than its author meant: the arithmetic of root, alias and locations."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from portico.hops.nginx.file_paths import root_of
from portico.hops.nginx.locations import parts
from portico.model.directive import Directive
from portico.model.evidence import Evidence
from portico.model.finding import Certainty, Finding
from portico.model.remedy import Remedy
from portico.model.seen import Route, Visit
from portico.seams.faults import static_path_kinds as kinds
from portico.seams.faults.static_paths import Reading, Slip, leaks, near, plain_start, readings, there, uri_of
from portico.seams.faults.static_seen import (
    RELOAD,
    basis,
    edited,
    inserted,
    logged,
    path_shown,
    routed,
    setting,
    shown,
    way,
)

_REGEX = ("~", "~*")
#: Extensions that browsers judge by their type, and what it should be.
_TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "svg": "image/svg+xml",
    "html": "text/html",
    "woff2": "font/woff2",
}
_UNTYPED = ("application/octet-stream", "text/plain")


def arithmetic(evidence: Evidence) -> Iterator[Finding]:
    """Files that were asked for and not found."""
    for visit, _ in routed(evidence):
        found = misread(evidence, visit)
        if found:
            yield found


def misread(evidence: Evidence, visit: Visit) -> Finding | None:
    """What is wrong with the place nginx looks in for that request; None where it is the right one, as far as is seen."""
    route, status = visit.route, visit.exchange.status
    if route is None or (status < 400 and status != 301):
        return None
    found = {one.slip: one for one in readings(route, uri_of(visit), evidence.nginx.prefix, *_django(evidence))}
    if "prefix" in found and status in (403, 404):
        return _regex_wins(evidence, visit, route, found["prefix"])
    if route.action != "file":
        return None
    alias, block = root_of(route.chain)
    if alias and block and alias.name == "alias" and block.name == "location" and parts(block)[0] in _REGEX:
        return None if "$" in alias.args[0] else _regex_alias(evidence, visit, route, alias, found.get("alias"))
    if status not in (403, 404):
        return None
    if "slash" in found:
        return _slash(evidence, visit, route, found["slash"])
    swapped: tuple[Slip, Slip] = ("alias", "root")
    for slip in swapped:
        if slip in found and (there(visit, found[slip]) or _is_collected(found, slip)):
            return _mixed_up(evidence, visit, route, found[slip])
    return None


def _django(evidence: Evidence) -> tuple[str, str]:
    return setting(evidence, "STATIC_URL"), setting(evidence, "STATIC_ROOT")


def _is_collected(found: Mapping[Slip, Reading], slip: Slip) -> bool:
    """Whether read so it means the folder that Django collects into."""
    return "collected" in found and posixpath.normpath(found["collected"].path) == posixpath.normpath(found[slip].path)


def _rows(evidence: Evidence, visit: Visit, route: Route, reading: Reading | None) -> list[str]:
    seen = near(visit, reading) if reading else None
    rows = [visit.exchange.line, *way(route)]
    rows += [entry.line for entry in logged(evidence, visit, route.target)]
    return rows + ([f"meant: {path_shown(seen)}"] if seen else [])


def _slash(evidence: Evidence, visit: Visit, route: Route, reading: Reading) -> Finding:
    alias, location = reading.setting, reading.by
    assert alias is not None and location is not None  # noqa: S101 -- a slip of an alias names both
    return kinds.ALIAS_SLASH.found(
        cause=f"{alias.text} has no slash at its end and `{location.text}` has one, so nginx looks for {route.target}",
        evidence=_rows(evidence, visit, route, reading),
        fix=[f"{alias.text}/;   # in {alias.where}", RELOAD],
        basis=basis(visit),
        remedy=edited(evidence, alias, alias.text, f"{alias.text}/"),
    )


def _mixed_up(evidence: Evidence, visit: Visit, route: Route, reading: Reading) -> Finding:
    written, location = reading.setting, reading.by
    assert written is not None and location is not None  # noqa: S101 -- so does one of a root
    slash = "/" if reading.slip == "alias" and parts(location)[1].endswith("/") else ""
    right = f"{reading.slip} {written.args[0].rstrip('/')}{slash}"
    why = (
        "root puts its folder in front of the whole path"
        if reading.slip == "alias"
        else "alias puts its folder in the place of the location's name"
    )
    inside = written in (location.block or ())
    return kinds.ROOT_AND_ALIAS.found(
        cause=f"{why}, so nginx looks for {route.target}; the file is {reading.path}",
        evidence=_rows(evidence, visit, route, reading),
        fix=[f"{right};   # in {written.where if inside else location.where}, instead of `{written.text}`", RELOAD],
        title=f"{written.name} where {reading.slip} is meant",
        basis=basis(visit),
        remedy=edited(evidence, written, written.text, right) if inside else None,
    )


def _regex_alias(evidence: Evidence, visit: Visit, route: Route, alias: Directive, reading: Reading | None) -> Finding:
    location = root_of(route.chain)[1]
    assert location is not None  # noqa: S101 -- the alias stands in it
    prefix = plain_start(parts(location)[1])
    right = f"location ^~ {prefix}"
    simple = prefix and parts(location)[1].replace("\\/", "/") in (f"^{prefix}", f"^{prefix.rstrip('/')}")
    slash = f" and `{alias.text}/`" if not alias.args[0].endswith("/") else ""
    return kinds.REGEX_ALIAS.found(
        cause=f"`{location.text}` is a regular expression, where `{alias.text}` is the whole name of every file",
        evidence=[*_rows(evidence, visit, route, reading), *_location_row(visit)],
        fix=[f"{right}   # instead of `{location.text}` at {location.where}{slash}", RELOAD]
        if simple
        else [f"location ~ ^{prefix or '/static/'}(.*)$ {{ alias {alias.args[0].rstrip('/')}/$1; }}", RELOAD],
        basis=basis(visit),
        remedy=edited(evidence, location, location.text, right) if simple and not slash else None,
    )


def _location_row(visit: Visit) -> list[str]:
    target = visit.exchange.header("location")
    return [f"Location: {target}"] if target else []


def _regex_wins(evidence: Evidence, visit: Visit, route: Route, reading: Reading) -> Finding | None:
    """A file the other location would find, or a regular expression that has no folder to look in."""
    winner, loser = route.location, reading.by
    assert winner is not None and loser is not None  # noqa: S101 -- both are locations
    found, own = there(visit, reading), root_of(route.chain)[0] or winner.first("try_files")
    if not found and (own or route.action != "file"):
        return None
    certainty: Certainty = "certain" if found else "likely"
    right = f"location ^~ {parts(loser)[1]}"
    return kinds.REGEX_WINS.found(
        cause=f"`{winner.text}` takes this file away from `{loser.text}`"
        + (f", and nginx looks for {route.target}" if route.action == "file" else f", and passes it to {route.target}"),
        evidence=[visit.exchange.line, shown(loser), *_rows(evidence, visit, route, reading)[1:]],
        fix=[f"{right}   # instead of `{loser.text}` at {loser.where}", RELOAD],
        certainty=certainty,
        basis=basis(visit),
        remedy=edited(evidence, loser, loser.text, right) if found and parts(loser)[0] == "" else None,
    )


def unasked(evidence: Evidence) -> Iterator[Finding]:
    """The same slips in locations that no request went through, from the configuration alone."""
    passed = {id(block) for visit, route in routed(evidence) for block in route.chain}
    for location in evidence.nginx.tree.deep("location") if evidence.nginx.tree else ():
        alias = location.first("alias")
        modifier, name = parts(location)
        if alias is None or not alias.args or id(location) in passed or "$" in alias.args[0]:
            continue
        if modifier in ("", "^~") and name.endswith("/") and not alias.args[0].endswith("/"):
            yield kinds.ALIAS_SLASH.found(
                cause=f"{alias.text} has no slash at its end and `{location.text}` has one: the file's name is glued to it",
                evidence=[shown(location), shown(alias)],
                fix=[f"{alias.text}/;   # in {alias.where}", RELOAD],
                certainty="likely",
                remedy=edited(evidence, alias, alias.text, f"{alias.text}/"),
            )
        elif modifier in _REGEX and alias.args[0].endswith("/"):
            yield kinds.REGEX_ALIAS.found(
                cause=f"`{location.text}` is a regular expression, where `{alias.text}` is the whole name of every file",
                evidence=[shown(location), shown(alias)],
                fix=[f"location ^~ {plain_start(name) or '/static/'}   # a prefix, or capture the rest", RELOAD],
                certainty="likely",
            )


def climbing(evidence: Evidence) -> Iterator[Finding]:
    """Locations that let visitors out of their folder."""
    climbed = evidence.more.get("climbed")
    proven = climbed is not None and climbed.status == 200
    server = evidence.visit.route.server if evidence.visit and evidence.visit.route else None
    for location in evidence.nginx.tree.deep("location") if evidence.nginx.tree else ():
        alias = leaks(location)
        if alias is None:
            continue
        modifier, name = parts(location)
        here = proven and server is not None and location in tuple(server.deep("location"))
        right = f"location {f'{modifier} ' if modifier else ''}{name}/"
        plain = modifier not in _REGEX
        yield kinds.TRAVERSAL.found(
            cause=f"`{location.text}` with `{alias.text}` hands out what lies beside {alias.args[0]} as well",
            evidence=[shown(location), shown(alias), *([climbed.line] if here and climbed else [])],
            fix=[f"{right}   # at {location.where}, with the slash" if plain else "capture `^/static/(.*)$`", RELOAD],
            basis="request" if here else "configuration",
            remedy=edited(evidence, location, location.text, right) if plain else None,
        )


def types(evidence: Evidence) -> Iterator[Finding]:
    """A file that is found and called something it is not."""
    for visit, route in routed(evidence):
        extension = posixpath.splitext(uri_of(visit))[1].lstrip(".").lower()
        said = visit.exchange.header("content-type").partition(";")[0].strip()
        if visit.exchange.status != 200 or route.action != "file" or extension not in _TYPES or said not in _UNTYPED:
            continue
        blocks = route.settings("types")
        if any(extension in entry.args for block in blocks for entry in block.block or ()):
            continue
        yield kinds.NO_TYPES.found(
            cause=f"the types block at {blocks[0].where} replaces the whole list and has no {extension}"
            if blocks
            else f"no types are known to nginx: {evidence.nginx.conf} includes no mime.types",
            evidence=[visit.exchange.line, f"it should be {_TYPES[extension]}", *map(shown, _default(route))],
            fix=[f"include {_mime_types(evidence)};   # in {blocks[0].where if blocks else 'the http block'}", RELOAD],
            basis=basis(visit),
            remedy=_typed(evidence, route, blocks),
        )


def _default(route: Route) -> list[Directive]:
    found = route.setting("default_type")
    return [found] if found else []


def _mime_types(evidence: Evidence) -> str:
    """nginx resolves a relative include beside its configuration, where distributions and builds put the list."""
    folder = posixpath.dirname(evidence.nginx.conf)
    usual = folder == "/etc/nginx" or posixpath.basename(folder) == "conf"
    return "mime.types" if usual else "/etc/nginx/mime.types"


def _typed(evidence: Evidence, route: Route, blocks: Sequence[Directive]) -> Remedy | None:
    """Proven by nginx itself before it is used: where the list is missing, nothing is changed."""
    place = blocks[0] if blocks else route.chain[0] if route.chain else None
    line = f"    include {_mime_types(evidence)};"
    return inserted(evidence, place.file, place.line - (1 if blocks else 0), line) if place else None


RULES = (arithmetic, unasked, climbing, types)
