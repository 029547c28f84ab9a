"""Between the visitor and nginx: what was spoken, what was sent, who gave up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.nginx.faults import client_kinds as kinds
from portico.hops.nginx.faults.pages import HTTPS_PORT, sizes
from portico.hops.nginx.listens import ServerListen, listens
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.log import AccessEntry, Event

_DOCTOR = "portico-doctor"
_SLOW_S = 1.0
_HEADER = re.compile(r'client sent invalid header line: "([^":\\]*)')
_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[?::1\]?)(:\d+)?$")


def _tls_listens(evidence: Evidence) -> list[ServerListen]:
    tree = evidence.nginx.tree
    return [one for one in listens(tree) if one.ssl] if tree else []


def http_to_tls(evidence: Evidence) -> Iterator[Finding]:
    """The page itself says it; of others' requests, its length in the access log does."""
    visit = evidence.visit
    rows = [f"{one.directive.where}: {one.directive.text}" for one in _tls_listens(evidence) if one.directive][:2]
    if visit and visit.exchange.status == 400 and HTTPS_PORT in visit.exchange.text:
        exchange = visit.exchange
        yield kinds.HTTP_TO_TLS.found(
            cause=f"http:// was spoken to {exchange.address}, where nginx expects TLS",
            evidence=[exchange.line, *rows],
            fix=[
                f"https://{exchange.host}{exchange.path}   # the URL",
                "for visitors: error_page 497 301 =307 https://$http_host$request_uri;",
            ],
            basis="request",
        )
        return
    expected = sizes(HTTPS_PORT, evidence.nginx.version)
    refused = [one for one in _foreign(evidence) if one.status == 400 and one.bytes in expected]
    if refused and rows:
        yield kinds.HTTP_TO_TLS.found(
            cause=f"{len(refused)} requests lately spoke http:// to a TLS port, the last from {refused[-1].remote_addr}",
            evidence=[_shown(refused[-1]), *rows],
            fix=["let that client, health check or outer proxy use https://"],
            basis="log",
            certainty="likely",
        )


def tls_to_http(evidence: Evidence) -> Iterator[Finding]:
    """TLS where none is."""
    visit = evidence.visit
    if visit is None or not visit.exchange.error.startswith("TLS failed") or visit.exchange.status:
        return
    port = visit.exchange.address.rpartition(":")[2]
    there = [one for one in listens(evidence.nginx.tree) if str(one.port) == port] if evidence.nginx.tree else []
    if not there or any(one.ssl for one in there) or not evidence.nginx.masters:
        return
    rows = [f"{one.directive.where}: {one.directive.text}" for one in there if one.directive]
    yield kinds.TLS_TO_HTTP.found(
        cause=f"https:// was spoken to {visit.exchange.address}, where nginx has no TLS",
        evidence=[visit.exchange.line, *rows[:2]],
        fix=[
            f"listen {port} ssl; ssl_certificate ...; ssl_certificate_key ...;   # in that server, then nginx -s reload",
            "or http:// in the URL",
        ],
        basis="request",
    )


def _foreign(evidence: Evidence) -> list[AccessEntry]:
    """Requests that others made."""
    return [one for one in evidence.nginx.accesses if _DOCTOR not in one.user_agent]


def _shown(entry: AccessEntry) -> str:
    """Without the query, which may hold secrets."""
    took = f" after {entry.request_time_s:.1f} s" if entry.request_time_s else ""
    request = f"{entry.method} {entry.uri.partition('?')[0]}"
    return f"access log: {request} {entry.status} {entry.bytes} B from {entry.remote_addr}{took}"


def gave_up(evidence: Evidence) -> Iterator[Finding]:
    """499: of a slow page where uWSGI or the log's times show one, else only told."""
    left = [one for one in _foreign(evidence) if one.status == 499]
    if not left:
        return
    paths = {one.uri.partition("?")[0] for one in left}
    broken = [one for one in _broken_pipes(evidence) if one.data.get("uri", "").partition("?")[0] in paths]
    slow = [one for one in left if one.request_time_s >= _SLOW_S]
    kind = kinds.GAVE_UP if broken or slow else kinds.LEFT
    yield kind.found(
        cause=f"{len(left)} requests ended with 499 lately, the last for {left[-1].uri.partition('?')[0]}: the client left",
        evidence=[_shown((slow or left)[-1]), *(one.text.splitlines()[0] for one in broken[-1:])],
        fix=[
            "make that page faster, or move its work to a task queue",
            "raise the timeout of the client or of the load balancer in front",
        ]
        if kind is kinds.GAVE_UP
        else ["nothing, as long as they are few"],
        basis="log",
    )


def _broken_pipes(evidence: Evidence) -> list[Event]:
    return [event for seen in evidence.uwsgi for event in seen.saw("sigpipe", "write-error")]


def underscore(evidence: Evidence) -> Iterator[Finding]:
    """A header that was dropped for its name. Its value may be a secret, and is not shown."""
    found = [match[1].strip() for one in evidence.nginx.errors if (match := _HEADER.match(one.message))]
    names = list(dict.fromkeys(found))
    if not names:
        return
    tree = evidence.nginx.tree
    switch = next(tree.deep("underscores_in_headers"), None) if tree else None
    if switch and switch.args == ("on",) and all("_" in name and "." not in name for name in names):
        return
    proper = names[-1].replace("_", "-").replace(".", "-").title()
    yield kinds.UNDERSCORE.found(
        cause=f"nginx dropped the request header {names[-1]}: it does not take such names",
        evidence=[
            *(f'error log: client sent invalid header line: "{name}: ..."' for name in names[-3:]),
            f"{switch.where}: {switch.text}" if switch else "underscores_in_headers is not set: off",
        ],
        fix=[
            f"let the client send {proper} instead of {names[-1]}",
            "or underscores_in_headers on;   # in the default server; clients can then imitate headers of yours",
        ],
        basis="log",
    )


def websocket(evidence: Evidence) -> Iterator[Finding]:
    """A handshake that is not answered with 101."""
    told = [event for seen in evidence.uwsgi for event in seen.saw("websocket-no-ssl")]
    tried = evidence.more.get("websocket")
    visit = evidence.visit
    route = visit.route if visit else None
    if told:
        yield kinds.WEBSOCKET.found(
            cause="the application calls uwsgi.websocket_handshake, and this uWSGI was built without the TLS it needs",
            evidence=[told[-1].text, *([tried.line] if tried else [])],
            fix=_to_asgi(visit.exchange.path if visit else "/ws/"),
            basis="log",
        )
    elif tried and tried.status != 101 and route and route.action == "uwsgi" and route.directive:
        yield kinds.WEBSOCKET.found(
            cause=f"the websocket handshake was answered {tried.status or tried.error}: it is no websocket server",
            evidence=[f"with `Upgrade: websocket`: {tried.line}", f"{route.directive.where}: {route.directive.text}"],
            fix=_to_asgi(tried.path),
            basis="request",
            certainty="certain" if evidence.url.startswith("ws") else "likely",
        )
    elif tried and tried.status != 101 and route and route.action == "proxy" and route.directive:
        sent = {one.args[0].lower() for one in route.settings("proxy_set_header") if one.args}
        if "upgrade" not in sent:
            yield kinds.WEBSOCKET.found(
                cause="nginx does not pass the Upgrade header on: the server behind sees an ordinary request",
                evidence=[f"with `Upgrade: websocket`: {tried.line}", f"{route.directive.where}: {route.directive.text}"],
                fix=["proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"],
                title="nginx does not pass websockets on",
                basis="request",
                certainty="likely",
            )


def _to_asgi(path: str) -> list[str]:
    first = path.partition("?")[0].strip("/").partition("/")[0] or "ws"
    return [
        "run an ASGI server beside uWSGI, daphne for example: daphne -b 127.0.0.1 -p 8001 PROJECT.asgi:application",
        f"location /{first}/ {{ proxy_pass http://127.0.0.1:8001; proxy_http_version 1.1; "
        "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host; }",
    ]


def secure_cookie(evidence: Evidence) -> Iterator[Finding]:
    """Set over http, with Secure: the browser will not send it back. Values are not shown."""
    visit = evidence.visit
    if visit is None or not visit.exchange.status or evidence.url.startswith(("https:", "wss:")):
        return
    cookies = [value for name, value in visit.exchange.headers if name == "set-cookie" and _is_secure(value)]
    names = list(dict.fromkeys(value.partition("=")[0].strip() for value in cookies))
    refused = [one for seen in evidence.uwsgi for one in seen.saw("csrf") if "cookie not set" in one.data.get("reason", "")]
    local = _LOOPBACK.match(visit.exchange.host) is not None
    settings = _settings(evidence)
    named = [name for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE") if settings.get(name) is True]
    if not (names and not local) and not (refused and (names or "CSRF_COOKIE_SECURE" in named)):
        return
    behind = bool(settings.get("SECURE_PROXY_SSL_HEADER")) and not refused
    yield kinds.SECURE_COOKIE.found(
        cause=f"the site is opened over http://, and its cookies are for https only: {', '.join(names or named)}",
        evidence=[
            f"{visit.exchange.line}, {len(visit.exchange.headers)} headers",
            *(f"Set-Cookie: {name}=...; Secure" for name in names),
            *(f"{name} = True" for name in named),
            *(one.text for one in refused[-1:]),
        ],
        fix=[
            "serve the site over https: listen 443 ssl, and a redirect from port 80",
            *(f"{name} = False   # as long as it is http" for name in named),
        ],
        basis="request" if names else "log",
        certainty="likely" if behind or not names else "certain",
    )


def _is_secure(cookie: str) -> bool:
    return any(part.strip().lower() == "secure" for part in cookie.split(";")[1:])


def _settings(evidence: Evidence) -> dict[str, object]:
    answer = (evidence.project.answer or {}) if evidence.project else {}
    part = answer.get("django")
    found = part.get("settings") if isinstance(part, dict) else None
    return found if isinstance(found, dict) else {}


def nameless(evidence: Evidence) -> Iterator[Finding]:
    """The URL's name leads nowhere; the site was asked on this machine instead."""
    tried = evidence.more.get("by-name")
    if tried:
        name = tried.address.rpartition(":")[0]
        yield kinds.NO_NAME.found(
            cause=f"this machine cannot resolve {name}; the site was asked here, with that name as Host",
            evidence=[tried.line, *([evidence.visit.exchange.line] if evidence.visit else [])],
            fix=[f"make an A record for {name}", f"getent ahosts {name}"],
            basis="request",
        )


RULES = (http_to_tls, tls_to_http, gave_up, underscore, websocket, secure_cookie, nameless)
