"""Further requests, each made to tell two causes apart: only GET, and only where the answer under examination raises the
question."""

from __future__ import annotations

import posixpath
import uuid
from collections.abc import Sequence
from urllib.parse import quote, urljoin, urlsplit

from portico.actions.doctor import visits
from portico.hops.nginx.locations import parts
from portico.hops.nginx.variables import VARIABLE
from portico.hops.uwsgi import packet
from portico.hops.uwsgi.probe import request_variables
from portico.model.evidence import BackendSeen, Exchange, Visit
from portico.seams.faults.static_paths import leaks, uri_of
from portico.system.look import ask

#: Pages that took longer are not asked for again.
_QUICK_S = 0.5
_REDIRECTS = (301, 302, 303, 307, 308)


def experiments(scheme: str, made: Sequence[Visit], backends: Sequence[BackendSeen]) -> dict[str, Exchange]:
    """Under the name of their purpose:

    - `followed`: the address that a redirect within the same host leads to;
    - `forwarded-https`: the same request as a proxy that ended TLS would send it, where the answer is a redirect to https
      or names the site's own address;
    - `without-prefix`: what the application says to the path without the prefix of its location, as SCRIPT_NAME;
    - `climbed`: a harmless file, asked for on a way that leads out of the folder of its location.
    """
    if not made or made[0].route is None or not made[0].exchange.status:
        return {}
    first = made[0]
    tries = {
        "followed": _followed(scheme, first),
        "forwarded-https": _forwarded(scheme, first),
        "without-prefix": _without_prefix(first, backends),
        "climbed": _climbed(scheme, first),
    }
    return {name: exchange for name, exchange in tries.items() if exchange is not None}


def _target(scheme: str, first: Visit) -> str:
    """Where the answer sends the client, as an absolute URL; empty when to another host or nowhere."""
    seen = first.exchange
    location = seen.header("location")
    if seen.status not in _REDIRECTS or not location:
        return ""
    try:
        target = urljoin(f"{scheme}://{seen.host}{seen.path}", location)
        same = (urlsplit(target).hostname or "") == (urlsplit(f"//{seen.host}").hostname or "")
    except ValueError:
        return ""
    return target if same and urlsplit(target).scheme in ("http", "https") else ""


def _followed(scheme: str, first: Visit) -> Exchange | None:
    target = urlsplit(_target(scheme, first))
    if not target.scheme:
        return None
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        port = target.port or {"https": 443}.get(target.scheme, 80)
    except ValueError:
        return None
    return _again(target.scheme, first, path, port, {"Host": target.netloc})


def _forwarded(scheme: str, first: Visit) -> Exchange | None:
    seen = first.exchange
    quick = seen.status == 200 and seen.duration_s < _QUICK_S
    names_itself = scheme == "http" and quick and f"http://{seen.host}" in seen.text
    if not names_itself and not _target(scheme, first).startswith("https://"):
        return None
    return _again(scheme, first, first.exchange.path, 0, {"X-Forwarded-Proto": "https"})


def _again(scheme: str, first: Visit, path: str, port: int, headers: dict[str, str]) -> Exchange:
    """A request to the same address, at another port where one is given."""
    name, _, same = first.exchange.address.rpartition(":")
    given = {"Host": first.exchange.host, "User-Agent": "portico-doctor", "Accept": "*/*", **headers}
    return ask.http(scheme, name.strip("[]"), port or int(same), path, headers=given, timeout_s=visits.PATIENCE_S)


def _without_prefix(first: Visit, backends: Sequence[BackendSeen]) -> Exchange | None:
    route, uri = first.route, uri_of(first)
    if first.exchange.status != 404 or not backends or not route or not route.location:
        return None
    modifier, prefix = parts(route.location)
    prefix = prefix.rstrip("/")
    if route.action not in ("uwsgi", "proxy") or modifier not in ("", "^~") or not prefix or not uri.startswith(prefix):
        return None
    backend, path = backends[0], uri[len(prefix) :] or "/"
    if not path.startswith("/"):
        return None
    if backend.protocol == "uwsgi":
        variables = request_variables(host=first.exchange.host, path=path, request_id=uuid.uuid4().hex)
        variables |= {"SCRIPT_NAME": prefix, "PATH_INFO": path, "REQUEST_URI": first.exchange.path}
        return ask.uwsgi(backend.address, packet.encode(variables), "GET", path, first.exchange.host, visits.PATIENCE_S)
    name, _, port = backend.address.rpartition(":")
    if backend.protocol != "http" or not port.isdigit():
        return None
    headers = {"Host": first.exchange.host, "User-Agent": "portico-doctor"}
    return ask.http("http", name.strip("[]"), int(port), quote(path), headers=headers, timeout_s=visits.PATIENCE_S)


def _climbed(scheme: str, first: Visit) -> Exchange | None:
    route = first.route
    for location in route.server.deep("location") if route and route.server else ():
        alias = leaks(location)
        modifier, prefix = parts(location)
        if alias is None or VARIABLE.search(alias.args[0]) or modifier not in ("", "^~"):
            continue
        folder = alias.args[0].rstrip("/")
        name = visits.style_sheet(folder)
        if name:
            path = f"{prefix}../{posixpath.basename(folder)}/{name}"
            return _again(scheme, first, quote(path), 0, {})
    return None
