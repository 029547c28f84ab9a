"""Load balancers in front, whose word about the client is believed: `set_real_ip_from` and what goes with it."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt import fates, values
from portico.hops.nginx.adopt.levels import plain, raw
from portico.hops.nginx.adopt.site import Site
from portico.model.adoption import Carried
from portico.model.directive import Directive

NAMES = ("set_real_ip_from", "real_ip_header", "real_ip_recursive")
_FORWARDED = "x-forwarded-for"
_WHY = "Portico believes its X-Forwarded-Proto and X-Forwarded-Host, too"


def real_ip(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    """One of the three directives."""
    header = next(iter(site.in_force("real_ip_header")), None)
    if level in ("http", "server") and (inner := site.replaced_by(directive, level)):
        yield fates.same(directive, f"without effect on this site: `{inner.text}` (line {inner.line}) replaces it")
    elif header is None or not header.args or header.args[0].lower() != _FORWARDED:
        yield from _otherwise(directive, level, site)
    elif directive.name == "set_real_ip_from":
        yield from _trusted(directive, level, site)
    elif directive.name == "real_ip_header" or directive.args == ("on",):
        yield fates.same(directive, "nginx.trusted_proxies brings it")
    else:
        yield fates.differs(directive, "Portico takes the last address that is not a trusted proxy's (real_ip_recursive on)")


def _trusted(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    network = values.network(directive.args[0]) if directive.args else None
    if network:
        yield fates.key(directive, "nginx.trusted_proxies", (network,), _WHY)
    else:
        yield from raw(directive, level, site, "only its X-Forwarded-For is believed, as before")


def _otherwise(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    """The address comes from another header, or over the PROXY protocol: nginx.trusted_proxies does not say that."""
    if directive.name == "set_real_ip_from" and not site.in_force("real_ip_header"):
        why = "the address of the client comes from X-Real-IP; nginx.trusted_proxies would take it from X-Forwarded-For"
        yield from raw(directive, level, site, why)
    else:
        yield from plain(directive, level, site)
