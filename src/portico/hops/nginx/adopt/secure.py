"""Configurations that tell the application that its visitors use https, where nginx itself cannot see it: TLS ends before.

Of several variables of one name the last one that arrives counts, for uWSGI and in the application's environment. uWSGI
makes `wsgi.url_scheme` of UWSGI_SCHEME or HTTP_X_FORWARDED_PROTO, whichever comes last, and of HTTPS only where there is
neither (tried with 2.0); Portico's location always has the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.written import written
from portico.model.adoption import Carried
from portico.model.directive import Directive

_SCHEME = ("HTTP_X_FORWARDED_PROTO", "https")
#: By variable: the values that say so.
_SAYS = {
    "HTTPS": ("on", "1"),
    "UWSGI_SCHEME": ("https",),
    "HTTP_X_FORWARDED_PROTO": ("https",),
    "HTTP_X_FORWARDED_SSL": ("on", "1"),
}
_WHY = "every request counts as https, as before; the last variable of a name is the one that counts"
#: What a variable of nginx says there comes from a balancer.
BELIEVED = "nginx.trusted_proxies names the balancers whose X-Forwarded-Proto is believed"


def claims_https(param: Directive, site: Site) -> bool:
    """Whether the line says of every request that it came over https, and nginx itself would not."""
    return says_https(param) and not all(entry.ssl for entry in site.listening.get(id(site.server), ()))


def says_https(param: Directive) -> bool:
    """Whether the line says of every request that it came over https."""
    return len(param.args) > 1 and param.args[1] in _SAYS.get(param.args[0], ())


def depends(param: Directive) -> bool:
    """Whether the line says of some requests that they did."""
    return len(param.args) > 1 and param.args[0] in _SAYS and param.args[1].startswith("$") and param.args[1] != "$scheme"


def secure(entry: Directive, site: Site, given: Directive | None = None) -> Iterator[Carried]:
    """The raw lines for a `uwsgi_param`, `given` as the line `entry`: itself, and once for the site the variable that
    decides."""
    param = given or entry
    lines = () if param.args[:2] == _SCHEME else written(param)
    if _first(site) is param or (given is not None and _first(site) is None):
        lines += written(replace(param, name="uwsgi_param", args=_SCHEME))
    yield Carried(entry.where, fates.shown(entry), "raw", fates.EXTRA["location"], lines or None, _WHY)


def decides(entry: Directive, site: Site) -> Iterator[Carried]:
    """The variable that decides, for a line whose file is included as it is."""
    if _first(site) is entry and claims_https(entry, site):
        lines = written(replace(entry, args=_SCHEME))
        yield Carried(entry.where, fates.shown(entry), "raw", fates.EXTRA["location"], lines, _WHY)


def _first(site: Site) -> Directive | None:
    return site.once("https", lambda one: next(filter(says_https, one.params), None))
