"""http or https: what the client spoke, what Django is told, and what it makes of that."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult

from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.seen import Exchange, Route, Visit
from portico.seams.faults import nginx_django_kinds as kinds
from portico.seams.faults import static_path_kinds as nginx_kinds
from portico.seams.faults.nginx_django_told import Told, scheme_of, taken_apart, told
from portico.seams.faults.static_seen import RELOAD, django, inserted, setting, shown

_REDIRECTS = (301, 302, 303, 307, 308)
_PASSES = ("uwsgi", "proxy")


def target(scheme: str, exchange: Exchange) -> str:
    """Where an answer sends the client, as an absolute URL; empty when it is no redirect."""
    location = exchange.header("location")
    if exchange.status not in _REDIRECTS or not location:
        return ""
    return _plain(taken_apart(location, f"{scheme}://{exchange.host}{exchange.path}"))


def _plain(parts: SplitResult) -> str:
    """Without the scheme's usual port."""
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(usual) if usual else parts.netloc}{parts.path or '/'}" + (
        f"?{parts.query}" if parts.query else ""
    )


def is_loop(scheme: str, exchange: Exchange) -> bool:
    """Whether it is redirected to what was asked for."""
    where = target(scheme, exchange)
    return bool(where) and where == _plain(taken_apart(f"{scheme}://{exchange.host}{exchange.path}"))


def redirects(evidence: Evidence) -> Iterator[Finding]:
    """A request that is sent to itself, or to https where there is none."""
    visit = evidence.visit
    if visit is None or visit.exchange.status not in _REDIRECTS:
        return
    scheme, followed = scheme_of(evidence, visit), evidence.more.get("followed")
    to = target(scheme, visit.exchange)
    if is_loop(scheme, visit.exchange):
        yield _loop(evidence, visit, visit.exchange)
    elif followed is not None and to.startswith(("http://", "https://")) and is_loop(taken_apart(to).scheme, followed):
        yield _loop(evidence, visit, followed)
    elif scheme == "http" and to.startswith("https://") and followed is not None and not followed.status:
        yield from _without_tls(evidence, visit, followed)


def _loop(evidence: Evidence, visit: Visit, exchange: Exchange) -> Finding:
    route = visit.route
    where = f"Location: {exchange.header('location')}"
    if route is not None and route.action == "return" and route.directive is not None:
        return nginx_kinds.REDIRECT_LOOP.found(
            cause=f"`{route.directive.text}` sends the request to where it is",
            evidence=[exchange.line, where, shown(route.directive), *([shown(route.server)] if route.server else [])],
            fix=[f"no redirect in this server: remove `{route.directive.text}` at {route.directive.where}", RELOAD],
            basis="request",
        )
    seen = told(evidence, visit)
    on = bool(django(evidence).settings.get("SECURE_SSL_REDIRECT"))
    return kinds.SSL_LOOP.found(
        cause="SECURE_SSL_REDIRECT sends to https what Django takes for http, and it is not told that this request is https"
        if on
        else "the application redirects the URL to itself; it is not told that the request is https",
        evidence=[exchange.line, where, *_settings(evidence), *silent(seen)],
        fix=telling(evidence, seen),
        certainty="certain" if on else "likely",
        basis="request",
    )


def _settings(evidence: Evidence) -> list[str]:
    names = ("SECURE_SSL_REDIRECT", "SECURE_PROXY_SSL_HEADER")
    known = django(evidence).settings
    return [f"{name} = {known[name]}" for name in names if known.get(name)]


def silent(seen: Told | None) -> list[str]:
    """Who should say that the client speaks https, and does not; or says otherwise."""
    if seen is None:
        return []
    rows = [shown(one.directive) for one in seen.routes if one.directive]
    if seen.scheme_by is not None:
        return [*rows, f"{seen.scheme_by.where}: {seen.scheme_by.text}, which is {seen.scheme or 'http'} here"]
    return [*rows, "X-Forwarded-Proto: set by nobody"]


def telling(evidence: Evidence, seen: Told | None) -> list[str]:
    """Lines that make it known."""
    fix = ["proxy_set_header X-Forwarded-Proto $scheme;   # in the proxy that ends TLS, then reload it"]
    if seen is not None and len(seen.routes) > 1:
        outer = seen.routes[0]
        where = outer.location.where if outer.location else outer.server.where if outer.server else ""
        fix = [f"proxy_set_header X-Forwarded-Proto $scheme;   # in the location at {where}, which ends TLS"]
    if seen is not None and seen.scheme_by is not None and (len(seen.routes) == 1 or _is_inner(seen)):
        handed = seen.scheme_by.text.replace("$scheme", "$http_x_forwarded_proto")
        fix = [f"{handed};   # at {seen.scheme_by.where}: hand it on instead of `{seen.scheme_by.text}`", *fix]
    server = seen is not None and seen.last.action == "proxy" and not _speaks_uwsgi(evidence)
    if server and not django(evidence).settings.get("SECURE_PROXY_SSL_HEADER"):
        fix.append(
            'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")   # in the settings, once the proxy sets it'
        )
    return [*fix, RELOAD]


def _is_inner(seen: Told) -> bool:
    """Whether the header is set anew behind the server where TLS ends."""
    return seen.scheme_by is not None and any(
        seen.scheme_by in (block.block or ()) for route in seen.routes[1:] for block in route.chain
    )


def _speaks_uwsgi(evidence: Evidence) -> bool:
    return bool(evidence.backend and evidence.backend.instance is not None)


def _by_nginx(visit: Visit, route: Route, evidence: Evidence, followed: Exchange) -> Iterator[Finding]:
    """nginx itself sends http to https, and no server of it speaks that."""
    tree = evidence.nginx.tree
    if tree is None or route.directive is None or any("ssl" in one.args for one in tree.deep("listen")):
        return
    yield nginx_kinds.TLS_ELSEWHERE.found(
        cause=f"`{route.directive.text}` sends http to https, and no server here has `listen ... ssl`",
        evidence=[visit.exchange.line, shown(route.directive), followed.line],
        fix=[
            "if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; }   "
            f"# instead, at {route.directive.where}, where a proxy in front ends TLS",
            "or a server with listen 443 ssl; ssl_certificate ...; ssl_certificate_key ...;",
            RELOAD,
        ],
        certainty="likely",
        basis="request",
    )


def header_name(evidence: Evidence) -> Iterator[Finding]:
    """The header that says https, written as it is on the wire."""
    trusted = tuple(django(evidence).settings.get("SECURE_PROXY_SSL_HEADER") or ())
    if len(trusted) == 2 and not str(trusted[0]).startswith("HTTP_"):
        name = str(trusted[0]).upper().replace("-", "_")
        yield kinds.HEADER_NAME.found(
            cause=f"SECURE_PROXY_SSL_HEADER has {trusted[0]!r}, which is no name of request.META",
            evidence=[f"SECURE_PROXY_SSL_HEADER = {trusted}"],
            fix=[f'SECURE_PROXY_SSL_HEADER = ("HTTP_{name}", "{trusted[1]}")   # in the settings'],
        )


def _without_tls(evidence: Evidence, visit: Visit, followed: Exchange) -> Iterator[Finding]:
    """Sent to https, where nothing answers. A request such as a proxy that ends TLS would send tells the two apart."""
    on = django(evidence).settings.get("SECURE_SSL_REDIRECT")
    if visit.route is not None and visit.route.action == "return":
        yield from _by_nginx(visit, visit.route, evidence, followed)
    if not on or visit.route is None or visit.route.action not in _PASSES:
        return
    forwarded, seen = evidence.more.get("forwarded-https"), told(evidence, visit)
    if forwarded is not None and target("http", forwarded) == target("http", visit.exchange):
        yield kinds.SSL_LOOP.found(
            cause="behind whatever ends TLS every request is redirected to itself: Django takes it for http although the "
            "proxy says https",
            evidence=[
                visit.exchange.line,
                f"with X-Forwarded-Proto: https: {forwarded.line}",
                *_settings(evidence),
                *silent(seen),
            ],
            fix=telling(evidence, seen),
            basis="request",
        )
        return
    helped = f"with X-Forwarded-Proto: https: {forwarded.line}" if forwarded else ""
    yield kinds.NO_TLS.found(
        cause=f"SECURE_SSL_REDIRECT sends http to {target('http', visit.exchange)}, where nothing speaks TLS",
        evidence=[visit.exchange.line, followed.line, *_settings(evidence), *([helped] if helped else [])],
        fix=[
            "come by the address where TLS ends; that proxy must say X-Forwarded-Proto: https",
            "or listen 443 ssl; ssl_certificate ...; ssl_certificate_key ...;   # in nginx",
            "or SECURE_SSL_REDIRECT = False   # in the settings, on a network of your own",
        ],
        certainty="likely",
        basis="request",
    )


def loops(evidence: Evidence) -> bool:
    """Whether the first rule already says that https is taken for http."""
    return any(finding.id == kinds.SSL_LOOP.id for finding in redirects(evidence))


def forged(evidence: Evidence) -> Iterator[Finding]:
    """On the edge, over plain http, whoever wants to be taken for https is."""
    visit = evidence.visit
    if visit is None or visit.route is None or visit.exchange.status in (0, 502, 503, 504) or evidence.managed:
        return
    tree = evidence.nginx.tree
    if visit.route.action != "uwsgi" or scheme_of(evidence, visit) != "http" or tree is None:
        return
    given = {one.args[0]: one for one in visit.route.settings("uwsgi_param") if one.args}
    off = visit.route.setting("uwsgi_pass_request_headers")
    behind_another = next(tree.deep("set_real_ip_from"), None) is not None
    if (
        "HTTP_X_FORWARDED_PROTO" in given
        or "REQUEST_METHOD" not in given
        or (off and off.args == ("off",))
        or behind_another
    ):
        return
    passes = visit.route.directive
    has_tls = any("ssl" in one.args for one in tree.deep("listen"))
    lines = 'uwsgi_param HTTP_X_FORWARDED_PROTO $scheme; uwsgi_param HTTP_X_FORWARDED_SSL "";'
    header = setting(evidence, "SECURE_PROXY_SSL_HEADER")
    forged_one = evidence.more.get("forwarded-https")
    address = f"{visit.exchange.host}"
    proven = (
        forged_one is not None
        and f"http://{address}" in visit.exchange.text
        and f"https://{address}" not in visit.exchange.text
        and f"https://{address}" in forged_one.text
    )
    yield kinds.FORGED_SCHEME.found(
        cause="nginx hands X-Forwarded-Proto on as the client sent it, and uWSGI makes the scheme of the request from it",
        evidence=[
            *([shown(passes)] if passes else []),
            "no uwsgi_param HTTP_X_FORWARDED_PROTO is in force there",
            *([f"with X-Forwarded-Proto: https the page says https://{address} instead of http://"] if proven else []),
            *([f"SECURE_PROXY_SSL_HEADER = {header}"] if header else []),
        ],
        fix=[
            f"{lines}   # beside {passes.text if passes else 'uwsgi_pass'}, where clients reach this nginx directly",
            "behind a proxy that ends TLS: let that one set X-Forwarded-Proto, and leave this as it is",
            RELOAD,
        ],
        # Whether clients or another proxy come here, nginx's configuration does not tell.
        certainty="certain" if proven else "likely",
        basis="request" if proven else "configuration",
        remedy=inserted(evidence, passes.file, passes.line - 1, f"        {lines}") if passes and has_tls else None,
    )


RULES = (redirects, forged, header_name)
