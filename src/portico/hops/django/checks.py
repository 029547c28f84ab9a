"""Checks of Django's settings against the plan they will run under."""

from __future__ import annotations

import ipaddress
import json

from portico.hops.django import kinds
from portico.hops.django.facts import DjangoFacts
from portico.hops.django.hosts import never_matches, permits
from portico.model.finding import Finding
from portico.model.plan import Listen, Plan
from portico.model.units import human_bytes, nginx_size


def check(facts: DjangoFacts, plan: Plan) -> list[Finding]:
    """Every finding about the settings, apart from those of `static.static_maps`."""
    found = [*_hosts(facts, plan), _debug(facts, plan.listen), _redirect(facts, plan), _body(facts, plan)]
    found += [_other_settings(facts), _storage(facts), _asgi(facts)]
    return [finding for finding in found if finding is not None]


def _hosts(facts: DjangoFacts, plan: Plan) -> list[Finding]:
    shown = f"ALLOWED_HOSTS = {json.dumps(list(facts.allowed_hosts))}"
    where = facts.settings_file or "the settings"
    if not facts.allowed_hosts and not facts.debug:
        return [
            kinds.NO_HOSTS.found(
                cause="with DEBUG off an empty ALLOWED_HOSTS permits no host at all",
                evidence=[shown, "DEBUG = False"],
                fix=[f'ALLOWED_HOSTS = ["{_address(plan.listen)}", "your.domain"]   # in {where}'],
            )
        ]
    found = [_dead_host(entry, shown, where) for entry in facts.allowed_hosts if never_matches(entry)]
    for host in _browsers_hosts(facts, plan):
        found.append(
            kinds.HOST_REFUSED.found(
                cause=f"a request for {host} is answered 400",
                evidence=[shown, f"DEBUG = {facts.debug}", f"public address {plan.listen}"],
                fix=[f'ALLOWED_HOSTS += ["{host}"]   # in {where}', *_instead(facts, plan.listen)],
                title=f"ALLOWED_HOSTS does not permit {host}",
            )
        )
    return found


def _browsers_hosts(facts: DjangoFacts, plan: Plan) -> list[str]:
    """Hosts a browser will use and Django refuses: the site's names, and the address where that is how it is reached.

    An address that other machines reach counts only where ALLOWED_HOSTS has no name for them to use.
    """
    names = [name.removeprefix(".") for name in plan.site.server_names if "*" not in name and name != "_"]
    refused = [name for name in names if not permits(facts.allowed_hosts, facts.debug, name)]
    if plan.front == "elsewhere":
        return refused
    address = _address(plan.listen)
    elsewhere = [entry for entry in facts.allowed_hosts if not _is_local_name(entry) and not never_matches(entry)]
    if not permits(facts.allowed_hosts, facts.debug, address) and (_loopback(plan.listen) or not elsewhere):
        refused.append(address)
    return refused


def _address(listen: Listen) -> str:
    host = listen.connect_host
    return f"[{host}]" if ":" in host else host


def _instead(facts: DjangoFacts, listen: Listen) -> list[str]:
    if _loopback(listen) and permits(facts.allowed_hosts, facts.debug, "localhost"):
        return [f"or open http://localhost:{listen.port}/"]
    return []


def _dead_host(entry: str, shown: str, where: str) -> Finding:
    bare = entry.rpartition("://")[2].partition("/")[0].partition(":")[0]
    usable = bool(bare) and not never_matches(bare)
    return kinds.DEAD_HOST.found(
        cause=f"{entry!r} is not a bare host name",
        evidence=[shown],
        fix=[f'"{bare}"   # instead of "{entry}"' if usable else f'remove "{entry}" from ALLOWED_HOSTS', f"in {where}"],
        title=f"{entry!r} in ALLOWED_HOSTS can never match",
    )


def _is_local_name(entry: str) -> bool:
    return entry.lower().lstrip(".") in ("localhost", "127.0.0.1", "[::1]")


def _loopback(listen: Listen) -> bool:
    return listen.host != "*" and ipaddress.ip_address(listen.host).is_loopback


def _debug(facts: DjangoFacts, listen: Listen) -> Finding | None:
    if not facts.debug:
        return None
    kind = kinds.DEBUG_PUBLIC
    if listen.host != "*":
        address = ipaddress.ip_address(listen.host)
        if address.is_loopback:
            kind = kinds.DEBUG_HERE
        elif address.is_private and not address.is_unspecified:
            kind = kinds.DEBUG_NETWORK
    return kind.found(
        cause=f"DEBUG is True in {facts.settings}, and the site listens on {listen}",
        evidence=["DEBUG = True", f"public address {listen}"],
        fix=[f"DEBUG = False   # in {facts.settings_file or 'the settings'}, and set ALLOWED_HOSTS"],
    )


def _redirect(facts: DjangoFacts, plan: Plan) -> Finding | None:
    if not facts.secure_ssl_redirect or (plan.nginx and plan.nginx.trusted_proxies):
        return None
    return kinds.REDIRECT_LOOP.found(
        cause="no proxy in front is trusted to say that it spoke https, so every request arrives as http",
        evidence=["SECURE_SSL_REDIRECT = True", "nginx.trusted_proxies is empty"],
        fix=[
            '[nginx]\ntrusted_proxies = ["10.0.0.0/8"]   # in portico.toml: the addresses of the proxy that ends TLS',
            "SECURE_SSL_REDIRECT = False   # in the settings, where there is no TLS",
        ],
    )


def _body(facts: DjangoFacts, plan: Plan) -> Finding | None:
    """Only a limit above nginx's is a fault: Django's is lower by default, and file uploads do not count towards it."""
    limit = plan.nginx.client_max_body_bytes if plan.nginx else 0
    wanted = facts.data_upload_max_bytes
    if not limit or wanted is None or wanted <= limit:
        return None
    return kinds.SMALLER_FRONT.found(
        cause=f"Django takes up to {human_bytes(wanted)}, nginx {human_bytes(limit)}",
        evidence=[f"DATA_UPLOAD_MAX_MEMORY_SIZE = {wanted}", f"nginx.client_max_body_size = {nginx_size(limit)}"],
        fix=[f'[nginx]\nclient_max_body_size = "{nginx_size(wanted)}"   # in portico.toml'],
    )


def _other_settings(facts: DjangoFacts) -> Finding | None:
    """Only where nobody chose: a setting named by the user or the environment is a choice."""
    if facts.settings_origin != "manage.py" or facts.wsgi_settings in ("", facts.settings):
        return None
    return kinds.OTHER_SETTINGS.found(
        cause=f"manage.py uses {facts.settings}, {facts.wsgi.module or facts.wsgi.file} would use {facts.wsgi_settings}; "
        f"the site runs with {facts.settings}",
        evidence=[f"manage.py: {facts.settings}", f"{facts.wsgi.module or facts.wsgi.file}: {facts.wsgi_settings}"],
        fix=[
            f'settings = "{facts.wsgi_settings}"   # in portico.toml, for those of the WSGI module',
            f'settings = "{facts.settings}"   # or to keep the ones of manage.py',
        ],
    )


def _storage(facts: DjangoFacts) -> Finding | None:
    if not facts.static_storage_error:
        return None
    return kinds.STORAGE_BROKEN.found(
        cause=f"{facts.static_storage}: {facts.static_storage_error}",
        evidence=[f"STORAGES['staticfiles']['BACKEND'] = {facts.static_storage}", facts.static_storage_error],
        fix=["install the package it is in into the project's environment, or correct the name in the settings"],
    )


def _asgi(facts: DjangoFacts) -> Finding | None:
    if not facts.asgi_application:
        return None
    return kinds.HTTP_ONLY.found(
        cause=f"the settings name the ASGI application {facts.asgi_application}; uWSGI serves the site over WSGI",
        evidence=[f"ASGI_APPLICATION = {facts.asgi_application}"],
        fix=["for websockets run an ASGI server, such as daphne, and lead their paths there with `[nginx] extra_server`"],
    )
