"""The name a site is asked for by, nginx's server_name, what Django is told, and ALLOWED_HOSTS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portico.model.evidence import Evidence
from portico.model.finding import Basis, Finding
from portico.model.log import Event
from portico.model.remedy import Remedy
from portico.model.seen import Route, Visit
from portico.seams.faults import nginx_django_kinds as kinds
from portico.seams.faults.nginx_django_told import Told, django_host, told, without_port
from portico.seams.faults.static_seen import RELOAD, django, examined, inserted, shown

#: `host_validation_re` of django/http/request.py.
_VALID = re.compile(r"(?:[a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::[0-9]+)?", re.IGNORECASE)
#: What Django allows with DEBUG on and an empty ALLOWED_HOSTS.
_WITH_DEBUG = (".localhost", "127.0.0.1", "[::1]")
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


def refused(evidence: Evidence) -> Iterator[Finding]:
    """A 400 of Django's for the Host it was told."""
    visit = evidence.visit
    if visit is None or visit.exchange.status != 400 or visit.exchange.maker == "nginx":
        return
    seen = told(evidence, visit)
    if seen is None and visit.route is not None:
        return
    host = (django_host(evidence, seen) if seen else "") or visit.exchange.host
    if not _is_about_host(evidence, visit, host):
        return
    if seen and seen.named_by_upstream and seen.host:
        yield _upstream(evidence, visit, seen, "request")
    elif not _VALID.fullmatch(host):
        yield _bad_name(evidence, visit, host, seen)
    else:
        yield _not_allowed(evidence, visit, host, seen)


def _allowed(evidence: Evidence) -> list[str] | None:
    """ALLOWED_HOSTS as Django goes by it; None where it is not known."""
    settings = django(evidence).settings
    if "ALLOWED_HOSTS" not in settings:
        return None
    names = [str(name) for name in settings["ALLOWED_HOSTS"] or ()]
    return names or (list(_WITH_DEBUG) if settings.get("DEBUG") else [])


def matches(host: str, allowed: Sequence[str]) -> bool:
    """django.http.request.validate_host."""
    name = without_port(host)
    small = [entry.lower() for entry in allowed]
    return any(
        entry in ("*", name) or (entry.startswith(".") and (name.endswith(entry) or name == entry[1:])) for entry in small
    )


def _is_about_host(evidence: Evidence, visit: Visit, host: str) -> bool:
    """Whether it is the Host that is refused: Django has other reasons for a 400, with the same page."""
    other, allowed = evidence.more.get("allowed-host"), _allowed(evidence)
    if other is not None and other.status == 400 and _VALID.fullmatch(host) and other.host != visit.exchange.host:
        return bool(_logged(evidence, host)) or _is_named_by_upstream(evidence, visit)
    if allowed is not None:
        return not _VALID.fullmatch(host) or not matches(host, allowed)
    return bool(_logged(evidence, host)) or (visit.exchange.method == "GET" and visit.exchange.maker == "django")


def _is_named_by_upstream(evidence: Evidence, visit: Visit) -> bool:
    """Then the client's Host plays no part, and another one is refused as well."""
    seen, allowed = told(evidence, visit), _allowed(evidence)
    if seen is None or not seen.named_by_upstream or allowed is None:
        return False
    return not _VALID.fullmatch(seen.host) or not matches(seen.host, allowed)


def _logged(evidence: Evidence, host: str) -> list[Event]:
    """What Django said of that host: in uWSGI's log, or when it was called just now."""
    found = [event for seen in evidence.uwsgi for event in seen.saw("disallowed-host") if event.data.get("host") == host]
    return found[-1:]


def _said(evidence: Evidence, host: str) -> list[str]:
    rows = [event.text for event in _logged(evidence, host)]
    if not rows:
        records = examined(evidence).call.said
        rows = [f"{one.logger}: {one.message}" for one in records if one.logger.endswith("DisallowedHost")][:1]
    other = evidence.more.get("allowed-host")
    return rows + ([f"with Host: {other.host}: {other.line}"] if other and other.status not in (0, 400) else [])


def _names(route: Route | None) -> list[str]:
    """The server's server_name, as a row."""
    if route is None or route.server is None:
        return []
    rows = [shown(one) for one in route.server.all("server_name")]
    return rows or [f"{route.server.where}: no server_name"]


def _settings_file(evidence: Evidence) -> str:
    return str(django(evidence).facts.get("settings_file") or "") or "the settings"


def _not_allowed(evidence: Evidence, visit: Visit, host: str, seen: Told | None) -> Finding:
    name, allowed = without_port(host), _allowed(evidence)
    misspelt = [entry for entry in allowed or () if _is_misspelt(entry) and name in entry.lower()]
    cause = (
        f"ALLOWED_HOSTS has {misspelt[0]!r}, which never matches: bare names, without scheme, port, path or space"
        if misspelt
        else f"Django is asked for {name}, which is not in ALLOWED_HOSTS"
    )
    changed = seen is not None and without_port(seen.host) != without_port(visit.exchange.host)
    return kinds.HOST_REFUSED.found(
        cause=cause,
        evidence=[
            visit.exchange.line,
            f"Host: {visit.exchange.host}",
            *([shown(seen.host_by)] if seen and seen.host_by and changed else []),
            *_names(visit.route),
            *([f"ALLOWED_HOSTS = {allowed}"] if allowed is not None else []),
            *_said(evidence, host),
        ],
        fix=[
            f"ALLOWED_HOSTS = [{name!r}]   # in {_settings_file(evidence)}, instead of {misspelt[0]!r}"
            if misspelt
            else f"ALLOWED_HOSTS += [{name!r}]   # in {_settings_file(evidence)}",
            "then restart uWSGI",
        ],
        certainty="certain" if allowed is not None or _said(evidence, host) else "likely",
        basis="request",
    )


def _is_misspelt(entry: str) -> bool:
    """With a scheme, a path, a port or a space it is never equal to a name."""
    port = entry.rpartition(":")[2].isdigit() and not entry.endswith("]")
    return "/" in entry or entry != entry.strip() or port


def _bad_name(evidence: Evidence, visit: Visit, host: str, seen: Told | None) -> Finding:
    return kinds.BAD_NAME.found(
        cause=f"{without_port(host)!r} is not valid as the name of a host, and Django refuses it whatever ALLOWED_HOSTS "
        "says",
        evidence=[
            visit.exchange.line,
            f"Host: {host}",
            *([shown(seen.host_by)] if seen and seen.host_by else []),
            *_names(visit.route),
            *_said(evidence, host),
        ],
        fix=[f"use a name such as {without_port(host).replace('_', '-')}, in DNS, server_name and ALLOWED_HOSTS"],
        basis="request",
    )


def _upstream(evidence: Evidence, visit: Visit, seen: Told, basis: Basis) -> Finding:
    route = seen.last
    allowed = _allowed(evidence)
    outer = [
        one
        for block in route.chain
        for one in block.all("proxy_set_header")
        if one.args[:1] and one.args[0].lower() == "host"
    ]
    own = next(iter(route.settings("proxy_set_header")), None)
    lost = bool(outer) and own is not None
    return kinds.UPSTREAM_HOST.found(
        cause=f"nobody sets Host, so proxy_pass sends {seen.host!r} instead of {visit.exchange.host!r}"
        + (f"; `{own.text}` in the same block keeps out the one set further out" if lost and own else ""),
        evidence=[
            visit.exchange.line,
            *([shown(route.directive)] if route.directive else []),
            *([f"{outer[0].where}: {outer[0].text}, set in an outer block"] if lost else []),
            *([f"ALLOWED_HOSTS = {allowed}"] if allowed is not None else []),
            *_said(evidence, seen.host),
        ],
        fix=[
            f"proxy_set_header Host $http_host;   # beside {route.directive.text if route.directive else 'proxy_pass'}",
            RELOAD,
        ],
        basis=basis,
        remedy=_pass_host(evidence, route),
    )


def _pass_host(evidence: Evidence, route: Route) -> Remedy | None:
    """A line before the pass. Only where the block has headers of its own or none are set at all: a first one of its own
    would keep out those of the outer blocks."""
    directive = route.directive
    inherited = route.settings("proxy_set_header")
    own = bool(inherited) and route.location is not None and inherited[0] in (route.location.block or ())
    if directive is None or (inherited and not own):
        return None
    return inserted(evidence, directive.file, directive.line - 1, "        proxy_set_header Host $http_host;")


def upstream(evidence: Evidence) -> Iterator[Finding]:
    """The same without a 400: links and forms go wrong."""
    visit = evidence.visit
    middleware = django(evidence).settings.get("MIDDLEWARE") or ()
    if visit is None or not visit.exchange.status or visit.exchange.status in (400, 502, 503, 504):
        return
    if not any(str(name).endswith("CsrfViewMiddleware") for name in middleware):
        return
    seen = told(evidence, visit)
    if seen and seen.named_by_upstream and seen.host and django_host(evidence, seen) == seen.host != visit.exchange.host:
        yield _upstream(evidence, visit, seen, "configuration")


def other_names(evidence: Evidence) -> Iterator[Finding]:
    """Names that nginx answers to and Django refuses."""
    visit, allowed = evidence.visit, _allowed(evidence)
    if visit is None or visit.route is None or visit.route.server is None or allowed is None or evidence.managed:
        return
    seen = told(evidence, visit)
    if seen is None or seen.named_by_upstream or seen.host != visit.exchange.host:
        return
    asked = without_port(visit.exchange.host)
    for written in visit.route.server.all("server_name"):
        names = [name for name in written.args if _is_a_name(name) and name not in _LOCAL and name != asked]
        strange = [name for name in names if not matches(name, allowed)]
        if strange and matches(asked, allowed):
            yield kinds.NAME_NOT_ALLOWED.found(
                cause=f"nginx answers to {', '.join(strange)}, and ALLOWED_HOSTS does not have it",
                evidence=[shown(written), f"ALLOWED_HOSTS = {allowed}"],
                fix=[f"ALLOWED_HOSTS += {strange!r}   # in {_settings_file(evidence)}, then restart uWSGI"],
            )


def _is_a_name(name: str) -> bool:
    """A plain one: no catch-all, wildcard, expression or variable."""
    return "." in name and not set(name) & set("*~_$^\\") and not name.startswith(".")


RULES = (refused, upstream, other_names)
