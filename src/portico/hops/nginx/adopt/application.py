"""The location that passes to the application: its lines, and the variables it passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.levels import by_key, plain, raw
from portico.hops.nginx.adopt.logs import log_line
from portico.hops.nginx.adopt.params import is_standard, says_host
from portico.hops.nginx.adopt.proxies import NAMES as REAL_IP
from portico.hops.nginx.adopt.proxies import real_ip
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.adopt.static import is_own
from portico.hops.nginx.adopt.types import types
from portico.hops.nginx.adopt.upstreams import straight
from portico.hops.nginx.adopt.words import HTTP, PROXY
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
    name = entry.name
    if site.passes_here(entry):
        yield from _pass(entry, site)
    elif name == "uwsgi_param":
        yield from param(entry, "location", site)
    elif name in ("access_log", "error_log"):
        yield from log_line(entry, "location", site)
    elif name in REAL_IP:
        yield from real_ip(entry, "location", site)
    elif name == "types":
        yield from types(entry, "location", site)
    elif name in HTTP:
        yield from by_key(entry, "location", site, HTTP[name])
    elif name.startswith("proxy_") and site.speaks_http:
        yield from _http(entry, site)
    elif name == "include":
        yield included(entry)
    elif name == "if" and any(map(site.passes_here, entry.block or ())):
        yield from _if(entry, site)
    elif is_own(entry):
        yield fates.same(entry)
    else:
        yield from plain(entry, "location", site)


def included(entry: Directive) -> Carried:
    """An include of what is not here."""
    if entry.args and entry.args[0].rpartition("/")[2] in ("uwsgi_params", "mime.types"):
        return fates.same(entry, "Portico writes its own")
    return fates.left(entry, "what it includes could not be read")


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
    why = "Portico passes every request of this location on; nginx.public answers files before"
    yield from fates.whole(fates.differs(entry, why), entry)


def param(entry: Directive, level: str, site: Site) -> Iterator[Carried]:
    """A variable for the application, wherever it stands."""
    if not any(entry is one for one in site.params):
        yield fates.same(entry, "without effect on the application: lines further in replace it")
        return
    name = entry.args[0] if entry.args else ""
    written = site.stands.at("location", "uwsgi_param")
    if entry.file == site.params_file:
        yield fates.key(entry, "nginx.uwsgi_params", site.paths.here(entry.file), "it says more than Portico's own")
    elif is_standard(entry) or site.stands.among(entry, written) or name == "HTTP_X_PORTICO_TRACE_TOKEN":
        yield fates.same(entry)
    elif says_host(entry):
        yield fates.same(entry, "Portico passes the Host that nginx chose the server by")
    elif other := next((one for one in written if one.args[:1] == (name,)), None):
        yield fates.differs(entry, f"Portico passes `{other.text}`; with a second one uWSGI would be given both")
    else:
        yield from raw(entry, "location", site)


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
    if name.lower() in _TOLD:
        yield fates.same(entry, "Portico tells the application the same of each request")
    elif name.lower() in ("upgrade", "connection"):
        yield fates.differs(entry, "the uwsgi protocol carries no web sockets: they need a location in nginx.extra_server")
    else:
        variable = "HTTP_" + name.upper().replace("-", "_")
        line = replace(entry, name="uwsgi_param", args=(variable, value))
        if site.stands.at("location", "uwsgi_param") and any(
            one.args[:1] == (variable,) for one in site.stands.at("location", "uwsgi_param")
        ):
            yield fates.differs(entry, f"Portico sets {variable} itself")
        else:
            yield from fates.raw(entry, "location", line, "the header as uWSGI's protocol has it")
