"""The location that passes to the application: its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portico.hops.nginx.adopt import fates, public
from portico.hops.nginx.adopt.levels import by_key, plain
from portico.hops.nginx.adopt.secure import BELIEVED, claims_https, depends, secure
from portico.hops.nginx.adopt.shared import shared
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.adopt.static import is_own
from portico.hops.nginx.adopt.upstreams import straight
from portico.hops.nginx.adopt.words import PROXY
from portico.model.adoption import Carried
from portico.model.directive import Directive

#: What a proxy tells the application of the client: Portico does that with every request.
_TOLD = ("host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "proxy")
_NO_HTTP = "Portico speaks the uwsgi protocol to uWSGI, so this has no meaning"
#: Directives for HTTP that have a twin for uwsgi.
_TWINS = ("buffering", "request_buffering", "intercept_errors", "hide_header", "pass_header", "ignore_client_abort", "cache")


def application(location: Directive, site: Site) -> Iterator[Carried]:
    """The location and all within."""
    yield fates.same(location)
    for entry in location.block or ():
        yield from _line(entry, site)


def _line(entry: Directive, site: Site) -> Iterator[Carried]:
    if site.passes_here(entry):
        yield from _pass(entry, site)
    elif entry.name.startswith("proxy_") and site.speaks_http:
        yield from _http(entry, site)
    elif entry.name == "if" and any(map(site.passes_here, entry.block or ())):
        yield from _if(entry, site)
    elif is_own(entry):
        yield fates.same(entry)
    else:
        yield from shared(entry, "location", site)


def _pass(entry: Directive, site: Site) -> Iterator[Carried]:
    if site.stands.has("location", entry) or entry.args == ("$portico_backend",):
        yield fates.same(entry)
    elif site.upstream is None:
        yield from straight(entry, site)
    elif entry.name == "proxy_pass":
        yield fates.differs(entry, "Portico speaks the uwsgi protocol to uWSGI, which needs no HTTP server for that")
    else:
        yield fates.same(entry, "to Portico's own upstream, portico_app")


def _if(entry: Directive, site: Site) -> Iterator[Carried]:
    """A pass that depends on whether a file is there: Portico's looks for files with nginx.public."""
    if public.is_absent(entry) and public.setting(site):
        yield from fates.whole(fates.same(entry, "nginx.public does that, but for hidden files"), entry)
        return
    why = "Portico passes every request of this location on; nginx.public answers files before"
    yield from fates.whole(fates.differs(entry, why), entry)


def _http(entry: Directive, site: Site) -> Iterator[Carried]:
    """What is said of a pass over HTTP, as it is for one in the uwsgi protocol."""
    if entry.name in PROXY:
        yield from by_key(entry, "location", site, PROXY[entry.name])
    elif entry.name == "proxy_set_header" and len(entry.args) > 1:
        yield from _header(entry, site)
    elif entry.name.removeprefix("proxy_") in _TWINS:
        twin = replace(entry, name=entry.name.replace("proxy_", "uwsgi_", 1))
        if site.stands.at("location", twin.name) and twin.name != "uwsgi_hide_header":
            yield from plain(twin, "location", site)
        else:
            yield from fates.raw(entry, "location", twin, "as uWSGI's protocol has it")
    else:
        yield fates.differs(entry, _NO_HTTP)


def _header(entry: Directive, site: Site) -> Iterator[Carried]:
    name, value = entry.args[0], entry.args[1]
    variable = "HTTP_" + name.upper().replace("-", "_")
    line = replace(entry, name="uwsgi_param", args=(variable, value))
    if claims_https(line, site):
        yield from secure(entry, site, line)
    elif depends(line) and not site.in_force("set_real_ip_from"):
        yield fates.differs(entry, f"Portico tells the application the scheme that nginx sees; {BELIEVED}")
    elif name.lower() in _TOLD:
        yield fates.same(entry, "Portico tells the application the same of each request")
    elif name.lower() in ("upgrade", "connection"):
        yield fates.differs(entry, "the uwsgi protocol carries no web sockets: they need a location in nginx.extra_server")
    else:
        if site.stands.at("location", "uwsgi_param") and any(
            one.args[:1] == (variable,) for one in site.stands.at("location", "uwsgi_param")
        ):
            yield fates.differs(entry, f"Portico sets {variable} itself")
        else:
            yield from fates.raw(entry, "location", line, "the header as uWSGI's protocol has it")
