"""Static files: one of them is asked for, and where it could lie if the configuration meant something else is looked at."""

from __future__ import annotations

import errno
import html
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit

from portico.actions.doctor.look_nginx import worker
from portico.actions.doctor.visits import passes_on, static_url, style_sheet, visit
from portico.hops.wsgi.examination import Django, parse
from portico.model.evidence import NginxSeen, ProjectSeen, Visit
from portico.model.seen import Route
from portico.seams.faults.static_paths import Served, readings, served, uri_of
from portico.system.look.paths import walk

_PATIENCE_S = 5.0
_LIKELY = ("static", "asset")
_CLOSED_TO_VISITORS = ("auth_basic", "auth_request", "deny", "internal")
_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_SHEET = re.compile(r"rel\s*=\s*[\"']?(?:[^\"'>]*\s)?stylesheet\b", re.IGNORECASE)
_HREF = re.compile(r"href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.IGNORECASE)
#: An answer that says where else to look, or that something is not there or not permitted.
_TELLING = (301, 302, 403, 404)


def requests(
    nginx: NginxSeen, url: str, host: str, project: ProjectSeen | None, asked: Sequence[Visit], named: bool
) -> list[Visit]:
    """A request for a style sheet. Where somebody `named` a URL, the one that page links to; else one of Django's where it
    has some, or of a folder that nginx hands out. `asked` is the visit under examination, if there is one."""
    said = parse(project.answer if project else None).django
    wanted = ""
    for one in asked:
        found = [_linked(url, one)] if named else [_of_django(url, said), _of_folder(nginx, url, one.route)]
        wanted = next((address for address in found if address), "")
    # Where the site hangs, a request that is passed on to it would hang as well.
    hangs = any(one.exchange.errno == errno.ETIMEDOUT for one in asked)
    if not wanted or (hangs and passes_on(nginx, wanted, host)):
        return []
    return [visit(nginx, "static", wanted, host, _PATIENCE_S)]


def _linked(url: str, asked: Visit) -> str:
    """The first style sheet of the page that lies on the same server."""
    seen = asked.exchange
    if seen.status != 200 or not seen.header("content-type").startswith("text/html"):
        return ""
    for tag in _LINK.findall(seen.text):
        address = _HREF.search(tag)
        try:
            target = urljoin(url, html.unescape(address[1] or address[2] or address[3])) if address else ""
            local = urlsplit(target).netloc == urlsplit(url).netloc
        except ValueError:
            continue
        if local and _SHEET.search(tag):
            return target.partition("#")[0]
    return ""


def _of_django(url: str, said: Django) -> str:
    apps = said.settings.get("INSTALLED_APPS") or ()
    if not url or not said.settings or "django.contrib.staticfiles" not in apps:
        return ""
    root = said.static.root or str(said.settings.get("STATIC_ROOT") or "")
    return static_url(url, str(said.settings.get("STATIC_URL") or ""), root, "django.contrib.admin" in apps)


def _of_folder(nginx: NginxSeen, url: str, route: Route | None) -> str:
    """A file of the first folder that any visitor may have files from; the folder itself where it is empty or missing."""
    if route is None:
        return ""
    places = [one for one in served(route) if one.prefix != "/" and one.folder(nginx.prefix) and not _is_closed(one)]
    place = next(iter(sorted(places, key=_unlikely)), None)
    if place is None:
        return ""
    parts = urlsplit(url)
    folder = place.setting.args[0] if place.setting.name == "alias" else place.folder(nginx.prefix)
    name = style_sheet(folder) or (style_sheet(place.setting.args[0]) if place.setting.name == "root" else "")
    return f"{parts.scheme}://{parts.netloc}{quote(place.prefix.rstrip('/'))}/{quote(name)}"


def _unlikely(place: Served) -> bool:
    return not any(word in place.prefix for word in _LIKELY)


def _is_closed(place: Served) -> bool:
    return any(block.first(*_CLOSED_TO_VISITORS) for block in place.chain)


def with_near(nginx: NginxSeen, made: Sequence[Visit], project: ProjectSeen | None) -> list[Visit]:
    """The visits, those that brought no file with what lies where it might have been meant."""
    said = parse(project.answer if project else None).django
    url, root = str(said.settings.get("STATIC_URL") or ""), said.static.root
    return [_with_near(nginx, one, url, root) if one.exchange.status in _TELLING else one for one in made]


def _with_near(nginx: NginxSeen, one: Visit, url: str, root: str) -> Visit:
    if one.route is None:
        return one
    paths = [found.path for found in readings(one.route, uri_of(one), nginx.prefix, url, root)]
    return replace(one, near=tuple(walk(path, worker(nginx), "r") for path in dict.fromkeys(paths)))
