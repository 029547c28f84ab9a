"""What rules about files have in common: which requests to judge, what was logged, how a line is shown or mended."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.nginx.file_paths import root_of
from portico.hops.wsgi.examination import Django, Examination, parse
from portico.model.directive import Directive
from portico.model.evidence import Evidence
from portico.model.finding import Basis
from portico.model.log import ErrorEntry
from portico.model.remedy import EditLine, InsertLine, PorticoUp, Remedy, Step
from portico.model.seen import PathSeen, Route, Visit
from portico.seams.faults.reload import reload_step
from portico.seams.faults.static_paths import uri_of

#: What is no page, by its name.
_ASSET = re.compile(r"\.(?:css|m?js|map|png|jpe?g|gif|svg|ico|webp|woff2?|ttf)$", re.IGNORECASE)
RELOAD = "then: sudo nginx -s reload"


def routed(evidence: Evidence) -> Iterator[tuple[Visit, Route]]:
    """The requests that were answered, and whose way through nginx is known."""
    for visit in evidence.visits:
        if visit.route and visit.exchange.status:
            yield visit, visit.route


def basis(visit: Visit) -> Basis:
    """A request that was asked for, or one that was made to have a look at the files."""
    return "state" if visit.name == "static" else "request"


def examined(evidence: Evidence) -> Examination:
    return parse(evidence.project.answer if evidence.project else None)


def django(evidence: Evidence) -> Django:
    return examined(evidence).django


def setting(evidence: Evidence, name: str) -> str:
    """A setting of Django's as text; empty where it is unset or unknown."""
    return str(django(evidence).settings.get(name) or "")


def shown(directive: Directive) -> str:
    """`/etc/nginx/site.conf:12: alias /srv/site/static`."""
    return f"{directive.where}: {directive.text}"


def way(route: Route) -> list[str]:
    """The location and its root or alias, as rows of evidence."""
    found = root_of(route.chain)[0]
    rows = [shown(route.location)] if route.location else []
    return rows + ([shown(found)] if found else ["no root is set: nginx's own folder `html`"])


def logged(evidence: Evidence, visit: Visit, path: str = "") -> list[ErrorEntry]:
    """What nginx logged of that request, the last line of it."""
    began = int(visit.exchange.began_s)
    words = f"{visit.exchange.method} {visit.exchange.path} "
    return [
        entry
        for entry in evidence.nginx.errors
        if entry.time_s >= began and (entry.request.startswith(words) or (path and f'"{path}"' in entry.message))
    ][-1:]


def path_shown(seen: PathSeen) -> str:
    """`-rw------- ana ana /srv/site/static/site.css`, or what is not there."""
    if seen.missing:
        return f"{seen.missing} does not exist"
    return f"{seen.mode} {seen.owner} {seen.group} {seen.path}" if seen.mode else f"{seen.closed_mode} {seen.closed}"


def mended(evidence: Evidence, says: str, *steps: Step) -> Remedy:
    """The remedy; a stack of Portico's is not edited but put in order by Portico."""
    if evidence.managed:
        return Remedy("put the stack in order: portico up", (PorticoUp(),))
    return Remedy(says, (*steps, *reload_step(evidence)))


def edited(evidence: Evidence, directive: Directive, old: str, new: str) -> Remedy:
    """One directive of nginx written differently."""
    step = EditLine(directive.file, directive.line, old, new)
    return mended(evidence, f"write `{new}` instead of `{old}` at {directive.where} and reload nginx", step)


def inserted(evidence: Evidence, file: str, after: int, text: str) -> Remedy:
    """One line more in nginx's configuration."""
    step = InsertLine(file, after, text)
    return mended(evidence, f"insert `{text.strip()}` after {file}:{after} and reload nginx", step)


def static_url(evidence: Evidence) -> str:
    """STATIC_URL, or what it mostly is."""
    return setting(evidence, "STATIC_URL") or "/static/"


def is_static(evidence: Evidence, visit: Visit) -> bool:
    """Whether Django would link to it, or where Django is not known, whether it looks like that."""
    url, uri = setting(evidence, "STATIC_URL"), uri_of(visit)
    if url:
        # A site that is mounted below a path has that in front of it.
        mounted = url in uri and _ASSET.search(uri) is not None
        return visit.name == "static" or (url not in ("", "/") and (uri.startswith(url) or mounted))
    return visit.name == "static" or uri.startswith("/static/") or (visit.name == "asked" and bool(_ASSET.search(uri)))


def page_needs(evidence: Evidence, url: str) -> bool:
    """Whether the page that was asked for links to a static file."""
    first = evidence.visit
    text = first.exchange.text if first and first.exchange.status < 400 else ""
    return re.search(rf"(?:href|src)=[\"']?{re.escape(url)}", text) is not None


def basis_of(visit: Visit) -> Basis:
    """What was not asked for stands behind what was."""
    return "request" if visit.name != "static" else "configuration"
