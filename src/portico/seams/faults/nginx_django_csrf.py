"""Forms that Django refuses: the origin that browsers send, against the Host and the scheme that Django is told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.model.evidence import Evidence
from portico.model.finding import Basis, Finding
from portico.model.log import AccessEntry, Event
from portico.model.remedy import Remedy
from portico.model.seen import Visit
from portico.seams.faults import nginx_django_kinds as kinds
from portico.seams.faults.nginx_django_scheme import loops, silent, telling
from portico.seams.faults.nginx_django_told import (
    Told,
    django_host,
    django_scheme,
    port_of,
    scheme_of,
    taken_apart,
    told,
    usual_port,
    without_port,
)
from portico.seams.faults.static_seen import RELOAD, django, inserted, shown

_REFUSED = re.compile(r"(?:Origin|Referer) checking failed - (\S+) does not match any trusted origins")
#: The version that can write the port of the request: https://nginx.org/en/CHANGES
_REQUEST_PORT = (1, 30)


def forms(evidence: Evidence) -> Iterator[Finding]:
    """What a browser's form would meet."""
    visit = evidence.visit
    if visit is None or not _has_csrf(evidence) or evidence.managed:
        return
    seen = told(evidence, visit)
    event = next(reversed(_events(evidence)), None)
    if seen is None or not seen.host or seen.named_by_upstream:
        return
    origin = _origin(event) if event else f"{scheme_of(evidence, visit)}://{visit.exchange.host}"
    scheme, host = django_scheme(evidence, seen), django_host(evidence, seen)
    asked = taken_apart(origin)
    if asked.scheme == "https" and scheme == "http" and _same_name(asked.netloc, host):
        if not loops(evidence):
            yield _behind_tls(evidence, visit, seen, origin, event)
    elif _same_name(asked.netloc, host) and _port_is_lost(asked.scheme, asked.netloc, host):
        yield _port(evidence, visit, seen, origin, event)
    elif event and not _same_name(asked.netloc, host) and not _trusted(evidence, origin):
        yield _other(evidence, seen, origin, event)


def _has_csrf(evidence: Evidence) -> bool:
    """Whether the application checks forms; where it could not be examined, whether it said that it does."""
    middleware = django(evidence).settings.get("MIDDLEWARE")
    if middleware is None:
        return bool(_events(evidence))
    return any(str(name).endswith("CsrfViewMiddleware") for name in middleware)


def _events(evidence: Evidence) -> list[Event]:
    return [
        event
        for seen in evidence.uwsgi
        for event in seen.saw("csrf")
        if _REFUSED.search(event.data.get("reason", event.text))
    ]


def _origin(event: Event) -> str:
    match = _REFUSED.search(event.data.get("reason", "")) or _REFUSED.search(event.text)
    return match[1] if match else ""


def _same_name(one: str, other: str) -> bool:
    return without_port(one) == without_port(other)


def _port_is_lost(scheme: str, asked: str, host: str) -> bool:
    return port_of(asked) not in ("", usual_port(scheme)) and not port_of(host)


def _trusted(evidence: Evidence, origin: str) -> bool:
    """Whether CSRF_TRUSTED_ORIGINS has it (django.middleware.csrf.CsrfViewMiddleware)."""
    asked = taken_apart(origin)
    for entry in django(evidence).settings.get("CSRF_TRUSTED_ORIGINS") or ():
        one = taken_apart(str(entry))
        below = one.netloc.startswith("*.") and asked.netloc.endswith(one.netloc[1:])
        if one.scheme == asked.scheme and (one.netloc == asked.netloc or below):
            return True
    return False


def _refused_lately(evidence: Evidence) -> list[AccessEntry]:
    """Forms that were a 403 lately, where the log of Django does not say why."""
    return [one for one in evidence.nginx.accesses if one.method == "POST" and one.status == 403][-1:]


def _rows(evidence: Evidence, origin: str, host: str, scheme: str, event: Event | None) -> list[str]:
    rows = [event.text] if event else []
    if not event:
        rows += [f"POST {one.uri} was a 403" for one in _refused_lately(evidence)]
    trusted = django(evidence).settings.get("CSRF_TRUSTED_ORIGINS")
    rows += [f"browsers send: Origin: {origin}", f"Django compares it to: {scheme}://{host}"]
    return rows + ([f"CSRF_TRUSTED_ORIGINS = {list(trusted)}"] if trusted else [])


def _basis(evidence: Evidence, event: Event | None) -> Basis:
    return "log" if event or _refused_lately(evidence) else "configuration"


def _behind_tls(evidence: Evidence, visit: Visit, seen: Told, origin: str, event: Event | None) -> Finding:
    host = django_host(evidence, seen)
    if _trusted(evidence, origin) and not event:
        host = f"{host}, and trusts the origin all the same"
    return kinds.BEHIND_TLS.found(
        cause=f"browsers come by {origin}, and Django is told http: forms are refused, absolute links are http",
        evidence=[*_rows(evidence, origin, host, "http", event), *silent(seen)],
        fix=[
            *telling(evidence, seen),
            f'CSRF_TRUSTED_ORIGINS = ["{origin}"]   # in the settings, only where the proxy cannot be changed',
        ],
        basis=_basis(evidence, event),
    )


def _port(evidence: Evidence, visit: Visit, seen: Told, origin: str, event: Event | None) -> Finding:
    by = seen.host_by
    risk = (
        not event and not _refused_lately(evidence) and (not taken_apart(evidence.url).netloc or _trusted(evidence, origin))
    )
    included = by is not None and seen.last.location is not None and by.file != seen.last.location.file
    from_file = f", in the included {by.file}" if by is not None and included else ""
    value = "$host$is_request_port$request_port" if evidence.nginx.version >= _REQUEST_PORT else "$host:$server_port"
    name = by.name if by else "uwsgi_param"
    line = f"{name} {'Host' if name == 'proxy_set_header' else 'HTTP_HOST'} {value};"
    fix = [f"{line}   # behind the include in {seen.last.location.where if seen.last.location else 'the location'}"]
    if name == "proxy_set_header" and by is not None:
        fix = [
            f"{line}   # instead of `{by.text}`"
            + (f": copy {by.file} and include the copy" if included else f" at {by.where}")
        ]
    return (kinds.PORT_RISK if risk else kinds.PORT_DROPPED).found(
        cause=f"`{by.text if by else 'Host'}`{from_file} leaves the port out: "
        f"Django is told {django_host(evidence, seen)}, and browsers come by {taken_apart(origin).netloc}",
        evidence=[
            *_rows(evidence, origin, django_host(evidence, seen), django_scheme(evidence, seen), event),
            *([shown(by)] if by else []),
            *([shown(seen.last.directive)] if seen.last.directive else []),
        ],
        fix=[*fix, RELOAD],
        basis=_basis(evidence, event),
        remedy=_with_port(evidence, seen, line) if name == "uwsgi_param" else None,
    )


def _with_port(evidence: Evidence, seen: Told, line: str) -> Remedy | None:
    """Behind everything that the location itself says: of two parameters with one name the last counts."""
    location = seen.last.location
    own = [one.line for one in (location.block or ()) if one.file == location.file] if location else []
    if location is None or not own or max(own) <= location.line:
        return None
    return inserted(evidence, location.file, max(own), f"        {line}")


def _other(evidence: Evidence, seen: Told, origin: str, event: Event) -> Finding:
    entries = [str(one) for one in django(evidence).settings.get("CSRF_TRUSTED_ORIGINS") or ()]
    bare = [one for one in entries if "://" not in one]
    null = origin == "null"
    return kinds.OTHER_ORIGIN.found(
        cause="the page that has the form hides where it is from: its Origin is null"
        if null
        else f"CSRF_TRUSTED_ORIGINS has {bare[0]!r}, which never matches without a scheme"
        if bare
        else f"the form is from a page of {origin}, and Django is told {django_host(evidence, seen)}",
        evidence=_rows(evidence, origin, django_host(evidence, seen), django_scheme(evidence, seen), event),
        fix=["Referrer-Policy: same-origin   # no-referrer makes browsers send Origin: null"]
        if null
        else [
            f'CSRF_TRUSTED_ORIGINS = ["{origin}"]   # in the settings, if that page is yours; then restart uWSGI',
            "proxy_set_header Host $http_host;   # where a proxy replaces the name",
        ],
        certainty="likely",
        basis="log",
    )


RULES = (forms,)
