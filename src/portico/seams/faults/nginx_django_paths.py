"""A site below a path of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.nginx.locations import parts
from portico.model.directive import Directive
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.seen import Route, Visit
from portico.seams.faults import nginx_django_kinds as kinds
from portico.seams.faults.nginx_django_told import taken_apart, without_port
from portico.seams.faults.static_paths import uri_of
from portico.seams.faults.static_seen import RELOAD, examined, setting, shown

_PASSES = ("uwsgi", "proxy")
_REDIRECTS = (301, 302, 303, 307, 308)


def _prefix(route: Route) -> str:
    """The path the location is mounted at, without a slash at the end; empty for the whole site."""
    if route.location is None or parts(route.location)[0] not in ("", "^~"):
        return ""
    return parts(route.location)[1].rstrip("/")


def below(evidence: Evidence) -> Iterator[Finding]:
    """A page that is there when it is asked for without the prefix."""
    visit, bare = evidence.visit, evidence.more.get("without-prefix")
    if visit is None or visit.route is None or bare is None or visit.exchange.status != 404:
        return
    prefix = _prefix(visit.route)
    known = setting(evidence, "STATIC_URL"), setting(evidence, "MEDIA_URL")
    files = any(url not in ("", "/") and uri_of(visit).startswith(url) for url in known)
    if not prefix or files or not bare.status or bare.status in (400, 404) or bare.status >= 500:
        return
    script = _parameter(visit.route, "SCRIPT_NAME")
    old = _old_recipe(visit.route)
    yield kinds.SUBPATH.found(
        cause=f"Django looks for {uri_of(visit)} in its URLconf, and has the page as {bare.path}: nobody takes {prefix} off",
        evidence=[
            visit.exchange.line,
            f"with SCRIPT_NAME {prefix}: {bare.line}",
            *([shown(visit.route.location)] if visit.route.location else []),
            *([shown(script)] if script else ["no SCRIPT_NAME is passed on"]),
            *([f"{shown(old)}, which has no effect any more"] if old else []),
            *_patterns(evidence),
        ],
        fix=_mounting(evidence, visit.route, prefix, old),
        basis="request",
    )


def _parameter(route: Route, name: str) -> Directive | None:
    return next((one for one in reversed(route.settings("uwsgi_param")) if one.args[:1] == (name,)), None)


def _old_recipe(route: Route) -> Directive | None:
    found = route.setting("uwsgi_modifier1")
    return found if found and found.args == ("30",) else None


def _patterns(evidence: Evidence) -> list[str]:
    tried = examined(evidence).call.match.tried
    return [f"the URLconf has: {', '.join(tried[:6])}"] if tried else []


def _mounting(evidence: Evidence, route: Route, prefix: str, old: Directive | None) -> list[str]:
    """uWSGI can do it all; so can nginx."""
    place = route.location.where if route.location else "the location"
    if route.action == "proxy":
        slashed = route.directive.text.rstrip("/") if route.directive else "proxy_pass http://127.0.0.1:8000"
        return [
            f"{slashed}/;   # at {place}: with a path behind it, nginx takes {prefix}/ off",
            f"FORCE_SCRIPT_NAME = {prefix!r}   # in the settings, for links and redirects",
            RELOAD,
        ]
    instance, project = evidence.instance, evidence.project
    ini = instance.files[0] if instance and instance.files else "uwsgi.ini"
    module = project.module or project.file if project else "mysite.wsgi"
    name = project.callable if project else "application"
    dropped = f"remove `{old.text}` and the SCRIPT_NAME at {place}" if old else ""
    return [
        f"mount = {prefix}={module}:{name}\nmanage-script-name = true   # in {ini}, instead of `module`; restart uWSGI",
        *([dropped] if dropped else []),
        f"or uwsgi_param SCRIPT_NAME {prefix}; rewrite ^{prefix}(/.*)$ $1 break;   # in nginx alone, at {place}",
        RELOAD,
    ]


def leaving(evidence: Evidence) -> Iterator[Finding]:
    """A redirect out of the prefix, of an application that is not told of it."""
    visit = evidence.visit
    if visit is None or visit.route is None or visit.exchange.status not in _REDIRECTS or visit.route.action not in _PASSES:
        return
    prefix, location = _prefix(visit.route), visit.exchange.header("location")
    asked = taken_apart(location, f"http://{visit.exchange.host}{visit.exchange.path}")
    if not prefix or not location or without_port(visit.exchange.host) != without_port(asked.netloc):
        return
    if asked.path == prefix or asked.path.startswith(f"{prefix}/") or not _takes_off(visit, prefix):
        return
    if _parameter(visit.route, "SCRIPT_NAME") is not None or setting(evidence, "FORCE_SCRIPT_NAME"):
        return
    followed = evidence.more.get("followed")
    if followed is not None and followed.status and followed.status not in (400, 404) and followed.status < 500:
        return
    uwsgi = visit.route.action == "uwsgi"
    yield kinds.LINKS_LEAVE.found(
        cause=f"nginx takes {prefix} off the path, and Django is not told: it sends the client to {asked.path}",
        evidence=[
            visit.exchange.line,
            f"Location: {location}",
            *([shown(visit.route.location)] if visit.route.location else []),
            *([shown(visit.route.directive)] if visit.route.directive else []),
            *([followed.line] if followed else []),
        ],
        fix=[
            f"uwsgi_param SCRIPT_NAME {prefix};   # in the same location"
            if uwsgi
            else f"FORCE_SCRIPT_NAME = {prefix!r}   # in the settings, then restart",
            *([RELOAD] if uwsgi else []),
        ],
        basis="request",
    )


def _takes_off(visit: Visit, prefix: str) -> bool:
    """Whether nginx takes the prefix away before it passes the request on."""
    route = visit.route
    if route is None or route.location is None:
        return False
    rewrites = any(
        len(one.args) > 1 and prefix in one.args[0] and "break" in one.args for one in route.location.all("rewrite")
    )
    with_path = route.action == "proxy" and re.match(r"https?://[^/]+/", route.target) is not None
    return rewrites or with_path


RULES = (below, leaving)
