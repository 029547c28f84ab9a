"""What nginx and Django must agree on: the files nginx answers itself, and whether a request came over TLS."""

from __future__ import annotations

from collections.abc import Mapping

from portico.hops.django.facts import DjangoFacts
from portico.hops.django.transport import on_loopback, plain_http
from portico.model.finding import Finding, Kind
from portico.model.plan import Plan

CLOSED_FOLDER = Kind(
    "nginx-django.W001",
    "nginx-django",
    "nginx's workers cannot enter a folder of static files",
    "nginx would answer 403 for every file; uWSGI, which runs as the owner, hands them out instead, more slowly.",
    "https://man7.org/linux/man-pages/man7/path_resolution.7.html",
    shows="Static files come, but more slowly. With a hand-written configuration they are 403, and nginx's log has `(13: "
    "Permission denied)`.",
    example="drwx------ 5 ana ana /home/ana                       # nginx's workers are www-data",
    cure="`namei -l FOLDER` shows which folder is closed; `chmod o+x /home/ana` lets others pass through it without "
    "listing it. Or let the workers be the owner: `user` in `[nginx]`.",
)
SECURE_COOKIE = Kind(
    "nginx-django.W081",
    "nginx-django",
    "Cookies are for https only, and the site is reached over http",
    "Browsers neither keep nor send a secure cookie over http: each login succeeds and is forgotten at once, and each form "
    "fails its CSRF check.",
    source="https://docs.djangoproject.com/en/stable/ref/settings/#session-cookie-secure",
    shows="After a login the login page comes again, for ever and without an error; or 403 `CSRF cookie not set`. On "
    "127.0.0.1 it works, because browsers make an exception there.",
    example='SESSION_COOKIE_SECURE = True   # in the settings, with listen = "0.0.0.0:80" and no TLS in front',
    cure="Put TLS in front and name that proxy in trusted_proxies, or let cookies go over http where the network is yours.",
)
FORGED_SCHEME = Kind(
    "nginx-django.W082",
    "nginx-django",
    "SECURE_PROXY_SSL_HEADER names a header that clients can send",
    "nginx overwrites X-Forwarded-Proto with what it knows, and hands other headers on as they come: with this one any "
    "client says that it spoke https, and Django believes it.",
    source="https://docs.djangoproject.com/en/stable/ref/settings/#secure-proxy-ssl-header",
    shows="Nothing: `curl -H 'X-Scheme: https'` over plain http makes request.is_secure() true.",
    example='SECURE_PROXY_SSL_HEADER = ("HTTP_X_SCHEME", "https")   # in the settings',
    cure='SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https"), which nginx always sets, and trusted_proxies for '
    "the proxy that ends TLS.",
)
#: What `server.j2` sets or empties whatever the client sent; for the second uWSGI never sees a value.
_OVERWRITTEN = frozenset({"HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_SSL"})


def transport(facts: DjangoFacts, plan: Plan) -> list[Finding]:
    """Findings about settings that depend on TLS."""
    if plan.front == "elsewhere":
        return []
    found = [*_cookies(facts, plan)] if plain_http(plan) and not on_loopback(plan.listen) else []
    header = facts.secure_proxy_ssl_header[:1]
    trusted = plan.nginx is not None and plan.nginx.trusted_proxies
    covered = plan.nginx is not None and header and header[0] in _OVERWRITTEN
    if header and not trusted and not covered:
        name = header[0].removeprefix("HTTP_").replace("_", "-").title()
        who = "nginx hands it on as the client sent it" if plan.nginx else "without nginx it comes as the client sent it"
        found.append(
            FORGED_SCHEME.found(
                cause=f"the header {name} decides whether a request counts as https, and {who}",
                evidence=[f"SECURE_PROXY_SSL_HEADER = {facts.secure_proxy_ssl_header!r}", "no trusted_proxies"],
                fix=[
                    f'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")   # in {_settings(facts)}',
                    '[nginx]\ntrusted_proxies = ["10.0.0.0/8"]   # in portico.toml: the proxy that ends TLS',
                ],
            )
        )
    return found


def _cookies(facts: DjangoFacts, plan: Plan) -> list[Finding]:
    names = [
        name
        for name, on in (
            ("SESSION_COOKIE_SECURE", facts.session_cookie_secure),
            ("CSRF_COOKIE_SECURE", facts.csrf_cookie_secure),
        )
        if on
    ]
    if not names:
        return []
    return [
        SECURE_COOKIE.found(
            cause=f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} on, and {plan.listen} speaks plain http to "
            "browsers, as far as the plan says",
            evidence=[
                *(f"{name} = True" for name in names),
                f"public address {plan.listen}",
                "nginx.trusted_proxies is empty",
            ],
            fix=[
                '[nginx]\ntrusted_proxies = ["10.0.0.0/8"]   # in portico.toml: the addresses of the proxy that ends TLS',
                f"{names[0]} = False   # in {_settings(facts)}, where there is no TLS",
            ],
        )
    ]


def _settings(facts: DjangoFacts) -> str:
    return facts.settings_file or "the settings"


def check(plan: Plan, closed: Mapping[str, str]) -> list[Finding]:
    """`closed` maps a static root to the first folder on its path that the workers' account may not enter."""
    if plan.nginx is None:
        return []
    found = [_closed_folder(plan, one.url, one.root, closed[one.root]) for one in plan.site.maps if one.root in closed]
    if plan.nginx.public in closed:
        found.append(_closed_folder(plan, "nginx.public", plan.nginx.public, closed[plan.nginx.public]))
    return found


def _closed_folder(plan: Plan, what: str, root: str, stopped: str) -> Finding:
    account = plan.nginx.user if plan.nginx else ""
    instead = ": the application is asked for these files" if what == "nginx.public" else ""
    return CLOSED_FOLDER.found(
        cause=f"account {account} may not enter {stopped}{instead}",
        evidence=[f"{what} -> {root}"],
        fix=[
            f"chmod o+x {stopped}   # lets every account pass through, but not list it",
            f'or let the workers be the owner: [nginx] user = "{plan.uwsgi.user or "root"}"',
        ],
        title=f"nginx's workers cannot enter the folder behind {what}",
    )
