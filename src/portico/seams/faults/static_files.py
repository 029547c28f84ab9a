"""What Django says of its static files against what nginx hands out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from portico.hops.nginx.file_paths import root_of
from portico.hops.nginx.locations import parts
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.remedy import Remedy
from portico.model.seen import PathSeen, Route, Visit
from portico.seams.faults import static_kinds as kinds
from portico.seams.faults.static import misread
from portico.seams.faults.static_collect import collected, command_line
from portico.seams.faults.static_paths import Reading, near, readings, served, there, uri_of
from portico.seams.faults.static_rights import closed
from portico.seams.faults.static_seen import (
    RELOAD,
    basis,
    basis_of,
    django,
    inserted,
    is_static,
    logged,
    page_needs,
    path_shown,
    routed,
    setting,
    shown,
    static_url,
    way,
)

_PASSES = ("uwsgi", "proxy", "fastcgi", "scgi")


def missing(evidence: Evidence) -> Iterator[Finding]:
    """Requests for files that ended in a 404, where nginx looked in the place that was meant."""
    for visit, route in routed(evidence):
        # What browsers and robots still ask for of files that were renamed says nothing.
        old = visit.name == "recent" and django(evidence).static.count > 0
        if visit.exchange.status != 404 or old or misread(evidence, visit) or closed(visit):
            continue
        looked = visit.files[0] if visit.files and _looks(evidence, visit, route) else None
        if looked and looked.missing:
            yield from _not_there(evidence, visit, route, looked)
        elif route.action in _PASSES:
            yield from _passed_on(evidence, visit, route)


def _looks(evidence: Evidence, visit: Visit, route: Route) -> bool:
    """Whether nginx was to find the file, rather than look for one on the way of every request to the application."""
    if route.action == "file":
        explicit = root_of(route.chain)[0] is not None
        return explicit and route.location is not None and parts(route.location)[1] != "/"
    uri, root = uri_of(visit), django(evidence).static.root
    by_place = any(one.prefix != "/" and uri.startswith(one.prefix) for one in served(route))
    return by_place or (root != "" and _inside(visit.files[0].path, root))


def _not_there(evidence: Evidence, visit: Visit, route: Route, looked: PathSeen) -> Iterator[Finding]:
    root = django(evidence).static.root
    right = next((one for one in _readings(evidence, visit, route) if one.slip == "collected"), None)
    other = right if right and there(visit, right) else None
    same = right is not None and (found := near(visit, right)) is not None and found.missing == looked.missing
    rows = [visit.exchange.line, *way(route), path_shown(looked)]
    rows += [entry.line for entry in logged(evidence, visit, looked.path)]
    if not is_static(evidence, visit):
        return
    if (
        root
        and not same
        # Portico's own stack hands out copies.
        and not evidence.managed
        and not _inside(looked.path, root)
        and _known(evidence)
        and uri_of(visit).startswith(static_url(evidence))
    ):
        yield _other_folder(evidence, visit, route, root, rows, other)
        return
    yield kinds.NOT_COLLECTED.found(
        cause=f"{looked.missing} does not exist"
        + (f": nginx looks for {looked.path}" if looked.missing != looked.path else ""),
        evidence=[*rows, *_counted(evidence), *([f"there it is: {other.path}"] if other else [])],
        fix=[_collecting(evidence), f"ls -l {posixpath.dirname(looked.path)}"],
        certainty="certain" if root and (same or _inside(looked.path, root)) else "likely",
        basis=basis(visit),
        remedy=collected(evidence) if root else None,
    )


def _collecting(evidence: Evidence) -> str:
    again = "portico reload   # collects static files anew, and copies what lies in STATIC_ROOT"
    return again if evidence.managed else command_line(evidence)


def _counted(evidence: Evidence) -> list[str]:
    static = django(evidence).static
    if not static.root:
        return []
    held = f"{static.count} files" if static.exists else "does not exist"
    return [f"STATIC_ROOT = {static.root}: {held}"]


def _known(evidence: Evidence) -> bool:
    return bool(django(evidence).settings)


def _inside(path: str, folder: str) -> bool:
    return posixpath.normpath(path).startswith(f"{posixpath.normpath(folder)}/")


def _readings(evidence: Evidence, visit: Visit, route: Route) -> tuple[Reading, ...]:
    url, root = setting(evidence, "STATIC_URL"), django(evidence).static.root
    return readings(route, uri_of(visit), evidence.nginx.prefix, url, root)


def _other_folder(
    evidence: Evidence, visit: Visit, route: Route, root: str, rows: list[str], other: Reading | None
) -> Finding:
    written = root_of(route.chain)[0]
    assert written is not None  # noqa: S101 -- a location for files has one
    right = f"alias {root.rstrip('/')}/"
    return kinds.OTHER_FOLDER.found(
        cause=f"nginx looks in {written.args[0]}, and Django collects into {root}",
        evidence=[*rows, *_counted(evidence), *([f"there it is: {other.path}"] if other else [])],
        fix=[
            f"{right};   # in {written.where}, instead of `{written.text}`",
            RELOAD,
            *([] if other else [command_line(evidence)]),
        ],
        certainty="certain" if other else "likely",
        basis=basis(visit),
    )


def _passed_on(evidence: Evidence, visit: Visit, route: Route) -> Iterator[Finding]:
    """nginx passed it to the application, which has no such page."""
    url, uri = setting(evidence, "STATIC_URL"), uri_of(visit)
    if _is_media(evidence, uri):
        yield _media(evidence, visit, route)
        return
    if not is_static(evidence, visit) or (not url and visit.exchange.maker != "django"):
        return
    if any("whitenoise" in str(name).lower() for name in django(evidence).settings.get("MIDDLEWARE") or ()):
        yield _whitenoise(evidence, visit, route)
        return
    elsewhere = next(
        (one for one in _readings(evidence, visit, route) if one.slip == "elsewhere" and there(visit, one)), None
    )
    yield _other_url(evidence, visit, route, elsewhere) if elsewhere else _no_location(evidence, visit, route)


def _other_url(evidence: Evidence, visit: Visit, route: Route, reading: Reading) -> Finding:
    location, folder = reading.by, reading.setting
    assert location is not None and folder is not None  # noqa: S101 -- it is a location's
    url = _asked_prefix(evidence, visit, reading)
    right = _location(url, folder.args[0] if folder.name == "alias" else posixpath.dirname(reading.path))
    return kinds.OTHER_URL.found(
        cause=f"pages link to {url}, and nginx hands the same files out under `{location.text}`",
        evidence=[visit.exchange.line, *_stated(evidence), shown(location), shown(folder), *_passed(route), reading.path],
        fix=[f"{right}   # at {location.where}, instead of `{location.text}`", RELOAD],
        basis=basis_of(visit),
        remedy=_insert(evidence, route, right)
        if folder.name == "alias" and setting(evidence, "STATIC_URL") == url
        else None,
    )


def _asked_prefix(evidence: Evidence, visit: Visit, reading: Reading) -> str:
    """What stands before the file's name in the URL: STATIC_URL, with what the site is mounted at."""
    uri, url = uri_of(visit), setting(evidence, "STATIC_URL")
    if url and uri.startswith(url):
        return url
    ends = (uri[at:] for at, sign in enumerate(uri) if sign == "/" and reading.path.endswith(uri[at:]))
    return f"{uri.removesuffix(next(ends, ''))}/"


def _location(url: str, folder: str) -> str:
    return f"location {url.rstrip('/')}/ {{ alias {folder.rstrip('/')}/; }}"


def _stated(evidence: Evidence) -> list[str]:
    url = setting(evidence, "STATIC_URL")
    return [f"STATIC_URL = {url}"] if url else []


def _passed(route: Route) -> list[str]:
    return [shown(one) for one in (route.location, route.directive) if one]


def _insert(evidence: Evidence, route: Route, text: str) -> Remedy | None:
    """Before the location that took the request, where that is a line of the server's own."""
    outer = next((block for block in route.chain if block.name == "location"), None)
    if outer is None or not route.server or outer.line <= route.server.line or outer not in (route.server.block or ()):
        return None
    return inserted(evidence, outer.file, outer.line - 1, f"    {text}")


def _no_location(evidence: Evidence, visit: Visit, route: Route) -> Finding:
    static, url = django(evidence).static, static_url(evidence)
    right = _location(url, static.root or "/srv/site/staticfiles")
    asked = visit.name != "static" or (not evidence.url and page_needs(evidence, url))
    return (kinds.NO_LOCATION if asked else kinds.UNUSED_LOCATION).found(
        cause=f"no location of nginx hands out {url}: the request is passed to the application, which has no such page",
        evidence=[
            visit.exchange.line,
            *_passed(route),
            *(f"another location for files: {shown(one.location)}" for one in served(route)[:2] if one.prefix != "/"),
            *_counted(evidence),
        ],
        fix=[
            f"{right}   # in the server block of {route.server.where if route.server else 'the site'}",
            RELOAD,
            *([] if static.count or not static.root else [command_line(evidence)]),
        ],
        basis=basis_of(visit),
        # What was not asked for may be served elsewhere.
        certainty="certain" if _known(evidence) and asked else "likely",
        remedy=_insert(evidence, route, right) if static.count else None,
    )


def _whitenoise(evidence: Evidence, visit: Visit, route: Route) -> Finding:
    return kinds.NOT_COLLECTED.found(
        cause="WhiteNoise serves what was in STATIC_ROOT when it started, and this file was not",
        evidence=[visit.exchange.line, *_passed(route), *_counted(evidence)],
        fix=[command_line(evidence), "then restart uWSGI: WhiteNoise looks once"],
        basis=basis_of(visit),
        certainty="likely",
        remedy=collected(evidence, renew=True),
    )


def _is_media(evidence: Evidence, uri: str) -> bool:
    url = setting(evidence, "MEDIA_URL")
    return bool(setting(evidence, "MEDIA_ROOT")) and url not in ("", "/") and uri.startswith(url)


def _media(evidence: Evidence, visit: Visit, route: Route) -> Finding:
    right = _location(setting(evidence, "MEDIA_URL"), setting(evidence, "MEDIA_ROOT"))
    return kinds.MEDIA_LOCATION.found(
        cause=f"no location of nginx hands out {setting(evidence, 'MEDIA_URL')}: the request is passed to the application",
        evidence=[visit.exchange.line, *_passed(route), f"MEDIA_ROOT = {setting(evidence, 'MEDIA_ROOT')}"],
        fix=[f"{right}   # in the server block of {route.server.where if route.server else 'the site'}", RELOAD],
        basis=basis(visit),
        remedy=_insert(evidence, route, right),
    )


RULES = (missing,)
